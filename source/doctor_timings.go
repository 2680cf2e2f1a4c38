package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/inspect/timing"
	"source-microsoft-dataverse/source/replicate"
)

const (
	// timedTables is the most tables whose pages doctor times.
	timedTables = 8
	// timedAtOnce is how many pages are timed at the same time. They are so few that none of them waits for a slot.
	timedAtOnce = 3
)

// timings is what doctor measures for its estimates.
type timings struct {
	tables   []timing.Table    // the selected tables that can be read
	findings []inspect.Finding // on tables whose pages were not timed
}

// timeTables times a page of the most important of the selected tables, and one of their keys if a sync reads these first. When
// the context ends, the tables that remain are a finding.
func (i *invocation) timeTables(ctx context.Context, c *config.Config, client *dataverse.Client, known []inspect.Table) timings {
	var t timings
	chosen := mostImportant(known)
	for _, table := range known {
		t.tables = append(t.tables, timing.Table{
			Name: table.Summary.Table.LogicalName, Counted: table.Rows, Mode: modeOf(c, table.Summary.Table, table.Depth),
		})
	}
	uncountZeros(t.tables)
	definitions, failed, err := definitionsOf(ctx, client, chosen)
	var untimed []untimedTable
	if err != nil {
		for _, name := range chosen {
			untimed = append(untimed, untimedTable{name, err})
		}
		t.findings = i.untimed(c, untimed)
		return t
	}
	for _, f := range failed {
		untimed = append(untimed, untimedTable{f.Table, f})
	}
	errs := make([]error, len(t.tables))
	var group errgroup.Group
	group.SetLimit(timedAtOnce)
	for n := range t.tables {
		if definition, is := definitions[t.tables[n].Name]; is {
			group.Go(func() error {
				errs[n] = i.timeTable(ctx, c, client, definition, &t.tables[n])
				return nil
			})
		}
	}
	_ = group.Wait() // the errors are in errs
	for n, err := range errs {
		if err != nil {
			untimed = append(untimed, untimedTable{t.tables[n].Name, err})
		}
	}
	t.findings = i.untimed(c, untimed)
	return t
}

// mostImportant returns the tables to time: those that the configuration names, then those with the most rows.
func mostImportant(known []inspect.Table) []string {
	sorted := slices.Clone(known)
	rows := func(t inspect.Table) int64 {
		if t.Rows == nil {
			return 0
		}
		return *t.Rows
	}
	slices.SortStableFunc(sorted, func(a, b inspect.Table) int {
		return cmp.Or(inspect.NamedFirst(a, b), cmp.Compare(rows(b), rows(a)))
	})
	var names []string
	for _, t := range sorted[:min(len(sorted), timedTables)] {
		names = append(names, t.Summary.Table.LogicalName)
	}
	return names
}

// modeOf returns how a table is read, as far as its columns are not needed to know that.
func modeOf(c *config.Config, t dataverse.Table, depth dataverse.Depth) timing.Mode {
	switch {
	case catalog.Incremental(t) && !t.Virtual && (depth == "" || depth == dataverse.Global):
		return timing.Tracked
	case c.CursorForUntracked && !t.Tracked && !t.Elastic && !t.Virtual:
		return timing.ByCursor
	default:
		return timing.InFull
	}
}

// uncountZeros removes the counts if all of them are 0: the service has not counted anything yet.
func uncountZeros(tables []timing.Table) {
	if slices.ContainsFunc(tables, func(t timing.Table) bool { return t.Counted != nil && *t.Counted > 0 }) {
		return
	}
	for n := range tables {
		tables[n].Counted = nil
	}
}

// definitionsOf reads the definitions of tables.
func definitionsOf(ctx context.Context, client *dataverse.Client, names []string) (map[string]dataverse.Table, []*dataverse.TableError, error) {
	definitions := map[string]dataverse.Table{}
	failed, err := client.Tables(ctx, names, func(t dataverse.Table) error {
		definitions[t.LogicalName] = t
		return nil
	})
	return definitions, failed, err
}

// timeTable times the pages of one table.
func (i *invocation) timeTable(ctx context.Context, c *config.Config, client *dataverse.Client, definition dataverse.Table, t *timing.Table) error {
	if definition, _ = catalog.WithoutContents(definition); t.Mode == timing.ByCursor && catalog.UntrackedCursor(definition) == "" {
		t.Mode = timing.InFull
	}
	var columns []string
	for _, column := range definition.Columns {
		columns = append(columns, column.Property)
		if timing.Omittable(column.Property) {
			t.OmittableColumns++
		}
	}
	t.Columns = len(columns)
	t.Lanes = lanesOfTable(c, definition, t, client.Slots())
	page, err := timing.Measure(ctx, client, definition, columns, c.PageSize)
	if err != nil {
		return err
	}
	t.Page = &page
	if !page.More || t.Mode != timing.Tracked && t.Lanes <= 1 {
		return nil
	}
	keys, err := timing.Measure(ctx, client, definition, []string{definition.PrimaryID}, c.PageSize)
	if err == nil {
		t.Keys = &keys
	}
	return err
}

// lanesOfTable returns how many pages of a table are requested at once in the first sync.
func lanesOfTable(c *config.Config, definition dataverse.Table, t *timing.Table, requests int) int {
	if rows, known := t.Rows(); known && c.ParallelSnapshots && t.Mode != timing.ByCursor {
		return replicate.Lanes(definition, rows, c.PageSize, requests)
	}
	return 1
}

// untimedTable is a table whose page could not be timed.
type untimedTable struct {
	name string
	err  error
}

// untimed returns the findings on tables whose pages could not be timed: one for all that have the same reason.
func (i *invocation) untimed(c *config.Config, all []untimedTable) []inspect.Finding {
	var reasons []string
	tables := map[string][]string{}
	for _, t := range all {
		reason := "" // the time was too short
		if !errors.Is(t.err, context.DeadlineExceeded) {
			reason = explain(&verbError{i.situation(c), t.err}).Message
		}
		if tables[reason] == nil {
			reasons = append(reasons, reason)
		}
		tables[reason] = append(tables[reason], t.name)
	}
	var findings []inspect.Finding
	for _, reason := range reasons {
		names := tables[reason]
		f := inspect.Finding{Severity: inspect.Warning, Code: inspect.TableFailed, Subject: inspect.SubjectTables, Tables: names}
		of := "the tables " + strings.Join(names, ", ")
		if len(names) == 1 {
			f.Subject, of = names[0], "table "+names[0]
		}
		f.Sentence = fmt.Sprintf("A page of %s could not be read. %s", of, reason)
		if reason == "" {
			f.Code, f.NextStep = inspect.NotInspected, "Run doctor again, or for fewer tables with --filter."
			f.Sentence = fmt.Sprintf("The time was too short to read a page of %s.", of)
		}
		findings = append(findings, f)
	}
	return findings
}
