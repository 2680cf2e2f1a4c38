package inspect

import (
	"fmt"
	"strings"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/prose"
)

// The kinds of findings about finance & operations.
const (
	PackagesRefused   Code = "packages-refused"   // the projects cannot be read
	ProjectMissing    Code = "project-missing"    // a project does not exist, or the application does not see it
	ProjectImports    Code = "project-imports"    // a project imports
	ProjectEmpty      Code = "project-empty"      // a project exports no entity in full
	CompanyMissing    Code = "company-missing"    // a legal entity does not exist
	EntityUnmapped    Code = "entity-unmapped"    // an entity without a valid mapping, so that an export would not end
	EntityIncremental Code = "entity-incremental" // an entity whose export has changes only
	TextCut           Code = "text-cut"           // entities whose texts are cut
	ExecutionRunning  Code = "execution-running"  // an execution that a sync would wait for
	AboutProject      Code = "about-project"      // how many entities and companies are exported
)

// JobHistory is the page of finance & operations that lists executions.
const JobHistory = "Data management > Job history"

// packagesKey is the setting of the projects. All findings about them have it as their key, and no others.
const packagesKey = "packages"

// aboutPackages returns what is wrong with the projects of the configuration.
func (f Facts) aboutPackages() []Finding {
	if p := f.PackagesProblem; p != nil {
		return []Finding{{Severity: Error, Code: PackagesRefused, Subject: SubjectConfiguration, Sentence: p.Sentence, Key: packagesKey}}
	}
	var all []Finding
	for _, project := range f.Projects {
		problems := finops.Review(project)
		all = append(all, ProjectFindings(problems)...)
		if len(problems) == 0 || !problems[0].Fault.Stops() {
			all = append(all, aboutProject(project))
		}
	}
	return all
}

func aboutProject(f finops.Facts) Finding {
	read := 0
	for _, line := range f.Found.Lines {
		if line.InFull() {
			read++
		}
	}
	return Finding{
		Severity: Info, Code: AboutProject, Subject: f.Found.Name, Key: packagesKey,
		Sentence: fmt.Sprintf("The data project %q exports %s %s for %s.", f.Found.Name, prose.Grouped(read), prose.Form(read, "entity", "entities"),
			strings.Join(f.Companies, ", ")),
	}
}

// ProjectFindings returns the findings of problems of one project. Entities whose texts are cut are one finding together.
func ProjectFindings(problems []finops.Problem) []Finding {
	var all []Finding
	var cut []string
	for _, p := range problems {
		if p.Fault == finops.TextCut {
			cut = append(cut, p.Subject)
			continue
		}
		all = append(all, ofProject(p))
	}
	if len(cut) > 0 {
		project := problems[0].Project
		all = append(all, Finding{
			Severity: Warning, Code: TextCut, Subject: project, Key: packagesKey,
			Sentence: fmt.Sprintf("The data project %q exports to Excel, which cuts texts at 255 characters: %s.", project, listed(cut)),
			NextStep: "Set the source data format to XML-Element or CSV-Unicode.",
		})
	}
	return all
}

// ofProject returns the finding of a problem that is not about cut texts.
func ofProject(p finops.Problem) Finding {
	found := Finding{Severity: Warning, Subject: p.Project, Key: packagesKey}
	if p.Fault.Stops() {
		found.Severity = Error
	}
	switch p.Fault {
	case finops.ProjectMissing:
		found.Code = ProjectMissing
		found.Sentence = fmt.Sprintf("Finance & operations has no data project %q, or the application may not see it.", p.Project)
		found.NextStep = "Enter the name of an export project of the Data management workspace in packages, and check that the project is not restricted " +
			"to other users, roles or companies."
	case finops.ProjectImports:
		found.Code = ProjectImports
		found.Sentence = fmt.Sprintf("The data project %q imports.", p.Project)
		found.NextStep = "Enter the name of an export project in packages."
	case finops.ProjectEmpty:
		found.Code = ProjectEmpty
		found.Sentence = fmt.Sprintf("The data project %q has no entity that is exported in full.", p.Project)
		found.NextStep = "Add entities to it that are set to full push, or remove it from packages."
	case finops.CompanyMissing:
		found.Code = CompanyMissing
		found.Sentence = fmt.Sprintf("Finance & operations has no legal entity %s, which packages lists for the data project %q.", p.Subject, p.Project)
		found.NextStep = "Correct the id."
	case finops.Unmapped:
		found.Code = EntityUnmapped
		found.Sentence = fmt.Sprintf("The entity %s of the data project %q has no valid mapping, so an export of the project would not end.", p.Subject, p.Project)
		found.NextStep = "Open the mapping of the entity in the project and generate it, or disable the entity."
	case finops.Incremental:
		found.Code = EntityIncremental
		found.Sentence = fmt.Sprintf("The entity %s of the data project %q is set to incremental push, so the connector does not read it: if a package "+
			"were lost, its changes would be lost. An export of the project for its other entities also consumes these changes, so other consumers do not get them.",
			p.Subject, p.Project)
		found.NextStep = "Set the entity to full push, or move it to another project."
	case finops.ExecutionRunning:
		found.Code = ExecutionRunning
		found.Sentence = fmt.Sprintf("Execution %s of the data project %q is running. A sync waits until it ends, because a project has one at a time.",
			p.Subject, p.Project)
		found.NextStep = "If it does not end, delete it under " + JobHistory + "."
	case finops.TextCut:
	}
	return found
}
