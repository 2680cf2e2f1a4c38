package inspect

import (
	"slices"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
)

// Findings returns what the facts mean: errors, then warnings, then infos, and within each those about the environment and
// its users before those about tables.
func (f Facts) Findings() []Finding {
	var all []Finding
	for _, rule := range []func(Facts) []Finding{
		Facts.usersRefused, Facts.notListed, Facts.aboutEnvironment, Facts.clockDiffers, Facts.certificatesExpire, Facts.shortTokenLife,
		Facts.languageMissing, Facts.aboutUsers, Facts.aboutPackages, Facts.aboutTables, Facts.unmatched, Facts.notInWebAPI, Facts.noneSelected,
		Facts.forbidden, Facts.failed, Facts.limitedDepth, Facts.lessRights, Facts.columnsHidden, Facts.notTracked,
		Facts.noCounts, Facts.notInspected, Facts.notRetrieved,
	} {
		all = append(all, rule(f)...)
	}
	return Sort(all)
}

// ForRead returns the warnings that a read of the tables logs: those about the application users and the environment that
// concern later syncs, and those about rows and columns that this sync lacks.
func (f Facts) ForRead() []Finding {
	var all []Finding
	for _, rule := range []func(Facts) []Finding{
		Facts.certificatesExpire, Facts.shortTokenLife, Facts.limitedDepth, Facts.columnsHidden,
	} {
		all = append(all, rule(f)...)
	}
	return Sort(all)
}

// Readable reports whether the rows of a table can be read, and whether that is known. A request for one of them is better
// evidence than the list of privileges.
func (t Table) Readable() (readable, known bool) {
	switch {
	case t.Probe != nil && t.Probe.Forbidden:
		return false, true
	case t.Probe != nil && t.Probe.Problem == nil:
		return true, true
	case t.Depth == "":
		return false, false
	default:
		return t.Depth != dataverse.NoDepth, true
	}
}

// named is how many names a sentence lists. Finding.Tables has all of them.
const named = 10

// listed lists texts in a sentence.
func listed(texts []string) string { return prose.List(texts, named) }

// tables is a number of tables with its noun.
func tables(n int) string { return prose.Quantity(n, "table") }

// those returns the pronoun for tables that a sentence has named.
func those(n int) string { return prose.Form(n, "it", "them") }

// aboutTables returns a finding about tables, with the subject that follows from their number.
func aboutTables(severity Severity, code Code, names []string, sentence, nextStep string) Finding {
	subject := SubjectTables
	if len(names) == 1 {
		subject = names[0]
	}
	return Finding{Severity: severity, Code: code, Subject: subject, Sentence: sentence, NextStep: nextStep, Tables: slices.Clone(names)}
}

// of returns the finding with the setting that its next step is about.
func (f Finding) of(key string) Finding {
	f.Key = key
	return f
}
