package finops

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// sets returns the entity sets of data management, and the companies. Their properties are some of the service's.
func (e *Environment) sets() []set {
	return []set{
		{name: "DataManagementDefinitionGroups", kind: "DataManagementDefinitionGroup", rows: e.projectRows, properties: properties(
			"Name ProjectCategory:DMFProjectCategory OperationType:DMFOperationType GenerateDataPackage:NoYes Description TruncateEntityData:NoYes")},
		{name: "DataManagementDefinitionGroupDetails", kind: "DataManagementDefinitionGroupDetail", rows: e.lineRows, properties: properties(
			"DefinitionGroupId EntityName RunValidateField:NoYes LevelInExecutionUnit# InputFilePath RunBusinessValidation:NoYes " +
				"EntityCategory:EntityCategory FailExecutionUnitOnError:NoYes SkipStaging:NoYes RunBusinessLogic:NoYes AutoGenerateMapping:NoYes " +
				"QueryData IsTransformed:NoYes ParentEntityName SysModule EntityXMLName Tags SequenceInLevel# DefaultRefreshType:DMFRefreshType " +
				"Disable:NoYes ExcelSheetName ExecutionUnit# SourceFormat PackageFilePath ValidationStatus:NoYes FailLevelOnError:NoYes")},
		{name: "DataManagementEntities", kind: "DataManagementEntity", rows: e.entityRows, properties: properties(
			"EntityName TargetName StagingTableName EntityKey IsShared:NoYes ChangeTrackingType:DMFChangeTrackingType EntityIsEnabled:NoYes " +
				"Category:EntityCategory CountryRegionCodes ConfigurationKeyName Modules Tags")},
		{name: "DataManagementExecutionJobs", kind: "DataManagementExecutionJob", rows: e.jobRows, properties: properties("JobId Description")},
		{name: "DataManagementExecutionJobDetails", kind: "DataManagementExecutionJobDetail", rows: e.jobDetailRows, properties: properties(
			"JobId EntityName DefinitionGroupId StagingStatus:DMFExecutionStatus TargetStatus:DMFExecutionStatus StagingRecordsToBeProcessedCount# " +
				"StagingRecordsCreatedCount# TargetRecordsCreatedCount# TargetRecordsUpdatedCount# StagingStartDateTime@ StagingEndDateTime@ " +
				"TargetStartDateTime@ TargetEndDateTime@ FilePath SourceFormat FirstRowIsHeader:NoYes")},
		{name: "LegalEntities", kind: "LegalEntity", rows: e.companyRows, properties: properties("LegalEntityId Name")},
	}
}

// properties reads a list of names: a number has #, a time @, and a member of an enumeration a colon with its name.
func properties(text string) []property {
	var list []property
	for name := range strings.FieldsSeq(text) {
		p := property{name: strings.TrimRight(name, "#@"), number: strings.HasSuffix(name, "#"), time: strings.HasSuffix(name, "@")}
		p.name, p.enum, _ = strings.Cut(p.name, ":")
		list = append(list, p)
	}
	return list
}

func (e *Environment) projectRows() [][]string {
	var rows [][]string
	for _, p := range e.options.Projects {
		operation := p.Operation
		if operation == "" {
			operation = "Export"
		}
		rows = append(rows, []string{p.Name, "Project", operation, "No", "", "No"})
	}
	return rows
}

func (e *Environment) lineRows() [][]string {
	var rows [][]string
	for _, p := range e.options.Projects {
		for i := range p.Lines {
			rows = append(rows, e.lineRow(&p, &p.Lines[i], i))
		}
	}
	return rows
}

func (e *Environment) lineRow(p *Project, l *Line, at int) []string {
	refresh := "FullPush"
	if l.Incremental {
		refresh = "IncrementalPush"
	}
	const spacing = 10 // of levels and sequences
	return []string{
		p.Name, l.Entity, "Yes", strconv.Itoa(spacing), "", "Yes", "Master", "No", "Yes", "Yes", "No",
		base64.StdEncoding.EncodeToString([]byte("query " + strconv.Itoa(l.First))), "No", "", "GAB", "", "", strconv.Itoa(spacing * (at + 1)), refresh,
		yesNo(l.Disabled), l.sheet(e.format(l.Format)), "1", l.Format, "", yesNo(!l.Unmapped), "No",
	}
}

func (e *Environment) entityRows() [][]string {
	var rows [][]string
	for i := range e.options.Entities {
		entity := &e.options.Entities[i]
		tracking := "EntireEntity"
		if entity.NotTracked {
			tracking = "None"
		}
		var key []string
		for _, f := range entity.Fields {
			if f.Key {
				key = append(key, strings.ToUpper(f.Name))
			}
		}
		rows = append(rows, []string{
			entity.Label, entity.Name, strings.TrimSuffix(entity.Name, "Entity") + "Staging", strings.Join(key, ", "), yesNo(entity.Shared),
			tracking, "Yes", "Master", "", "", "", "",
		})
	}
	return rows
}

func (e *Environment) companyRows() [][]string {
	var rows [][]string
	for _, c := range e.options.Companies {
		rows = append(rows, []string{c.ID, c.Name})
	}
	return rows
}

func (e *Environment) jobRows() [][]string {
	var rows [][]string
	for _, r := range e.runs {
		if e.execution(r.id) == r {
			rows = append(rows, []string{r.id, r.project})
		}
	}
	return rows
}

// jobDetailRows returns the job log: a row for each entity of each execution, without the company.
func (e *Environment) jobDetailRows() [][]string {
	var rows [][]string
	for _, r := range e.runs {
		if e.execution(r.id) != r {
			continue
		}
		for i := range r.lines {
			rows = append(rows, e.jobDetailRow(r, &r.lines[i]))
		}
	}
	return rows
}

func (e *Environment) jobDetailRow(r *run, l *lineRun) []string {
	status, count, ended := "Finished", l.rows, r.ends
	switch s := r.status(e.now()); {
	case s == NotRun || s == Executing:
		status, count, ended = string(s), 0, time.Time{}
	case s == Canceled:
		status = "Canceled"
	case l.failed:
		status, count = "Error", 0
	}
	staging, target := "0", strconv.Itoa(count)
	if e.options.Behaviors.StagingCounts {
		staging, target = target, staging
	}
	return []string{
		r.id, l.line.Entity, r.project, status, status, strconv.Itoa(count), staging, target, "0",
		logTime(r.requested), logTime(ended), logTime(r.requested), logTime(ended), l.line.fileName(e.format(l.line.Format)), l.line.Format, "Yes",
	}
}

// logTime returns a time as the job log has it; one that has not come yet is that of None.
func logTime(t time.Time) string {
	if t.IsZero() {
		return None + "T00:00:00Z"
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
