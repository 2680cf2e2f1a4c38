package inspect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/source/prose"
)

// notListed returns why the tables are unknown.
func (f Facts) notListed() []Finding {
	if f.ListProblem == nil {
		return nil
	}
	return []Finding{{Severity: Error, Code: NotListed, Subject: SubjectEnvironment, Sentence: f.ListProblem.Sentence}}
}

// aboutEnvironment names the environment, so that a person recognizes a wrong url.
func (f Facts) aboutEnvironment() []Finding {
	o := f.Organization
	if o == nil {
		return nil
	}
	var details []string
	if o.Version != "" {
		details = append(details, "version "+o.Version)
	}
	if o.Geo != "" {
		details = append(details, "region "+o.Geo)
	}
	sentence := fmt.Sprintf("The environment is %q", o.Name)
	if len(details) > 0 {
		sentence += ", " + strings.Join(details, ", ")
	}
	return []Finding{{Severity: Info, Code: AboutEnvironment, Subject: SubjectEnvironment, Sentence: sentence + "."}}
}

// clockTolerance is the largest difference between the clocks that is not reported. Microsoft Entra rejects an assertion outside
// its validity, which is ten minutes in this connector, with a tolerance of five minutes.
const clockTolerance = 2 * time.Minute

// clockDiffers compares the clock of this machine with that of the service.
func (f Facts) clockDiffers() []Finding {
	if f.ClockAhead.Abs() <= clockTolerance {
		return nil
	}
	direction := "behind"
	if f.ClockAhead < 0 {
		direction = "ahead of"
	}
	return []Finding{{
		Severity: Warning, Code: ClockDiffers, Subject: SubjectEnvironment,
		Sentence: fmt.Sprintf("The clock of this machine is %s %s that of Dataverse.",
			prose.Quantity(int(f.ClockAhead.Abs().Round(time.Minute)/time.Minute), "minute"), direction),
		NextStep: "Synchronize it: Microsoft Entra rejects a sign-in with a certificate or a token file if the clock is wrong by more than a few minutes.",
	}}
}

// shortLife is the longest lifetime of a delta token, in days, that is reported: with daily syncs, one or two failures exceed it.
const shortLife = 2

// shortTokenLife warns of an environment in which a sync that fails for a day or two costs a snapshot of every table.
func (f Facts) shortTokenLife() []Finding {
	if f.TokenDays <= 0 || f.TokenDays > shortLife {
		return nil
	}
	return []Finding{{
		Severity: Warning, Code: ShortTokenLife, Subject: SubjectEnvironment,
		Sentence: fmt.Sprintf("The environment keeps deletions and delta tokens for only %s (organization.expirechangetrackingindays). If the next "+
			"successful sync comes later, every table is re-read in full.", prose.Quantity(f.TokenDays, "day")),
		NextStep: fmt.Sprintf("Sync at least every %d hours, or ask an administrator to raise the setting; its default is 7.", f.TokenDays*12),
		Key:      "on_expired_token",
	}}
}

// languageMissing reports a label_language that the environment does not provide.
func (f Facts) languageMissing() []Finding {
	if f.Language == 0 || f.Languages == nil || slices.Contains(f.Languages, f.Language) {
		return nil
	}
	provided := slices.Sorted(slices.Values(f.Languages))
	texts := make([]string, len(provided))
	for i, language := range provided {
		texts[i] = strconv.Itoa(language)
	}
	return []Finding{{
		Severity: Error, Code: LanguageMissing, Subject: SubjectConfiguration,
		Sentence: fmt.Sprintf("label_language is %d, but the environment does not provide this language. It provides %s.", f.Language, listed(texts)),
		NextStep: "Set label_language to one of these, or remove it to get labels in the base language of the organization.",
		Key:      "label_language",
	}}
}

// aboutTables returns how many tables are selected, and how they can be read.
func (f Facts) aboutTables() []Finding {
	if len(f.Tables) == 0 {
		return nil
	}
	followed, rows, counted := 0, int64(0), false
	for _, t := range f.Tables {
		if t.follows() {
			followed++
		}
		if t.Rows != nil {
			rows, counted = rows+*t.Rows, true
		}
	}
	sentence := fmt.Sprintf("%s of the %s of the environment %s selected.", prose.Grouped(len(f.Tables)), tables(f.Listed), prose.Form(len(f.Tables), "is", "are"))
	if len(f.Tables) == f.Listed && f.Listed > 1 {
		sentence = fmt.Sprintf("All %s of the environment are selected.", tables(f.Listed))
	}
	if !f.NamesOnly {
		sentence += " " + followedSentence(followed, len(f.Tables))
	}
	if counted && rows > 0 {
		sentence += fmt.Sprintf(" In all, there are about %s.", prose.Quantity(rows, "row"))
	}
	return []Finding{{Severity: Info, Code: AboutTables, Subject: SubjectTables, Sentence: sentence}}
}

// followedSentence returns of how many tables the changes can be followed.
func followedSentence(followed, of int) string {
	switch {
	case of == 1 && followed == 1:
		return "Its changes can be followed."
	case of == 1:
		return "Its changes cannot be followed."
	case followed == of:
		return "The changes of all of them can be followed."
	case followed == 0:
		return "The changes of none of them can be followed."
	default:
		return fmt.Sprintf("The changes of %s of them can be followed.", prose.Grouped(followed))
	}
}

// noCounts reports that the service has no row counts, which it takes once a day.
func (f Facts) noCounts() []Finding {
	counted := slices.ContainsFunc(f.Tables, func(t Table) bool { return t.Rows != nil })
	if !f.Counted || !counted || slices.ContainsFunc(f.Tables, func(t Table) bool { return t.Rows != nil && *t.Rows > 0 }) {
		return nil
	}
	return []Finding{{
		Severity: Info, Code: NoCounts, Subject: SubjectEnvironment,
		Sentence: "Dataverse counts 0 rows in every selected table, as in an environment whose rows have not been counted yet, so nothing can be " +
			"estimated from the numbers of rows.",
	}}
}

// notInspected reports what was not requested.
func (f Facts) notInspected() []Finding {
	var findings []Finding
	if len(f.NotRequested) > 0 {
		findings = append(findings, Finding{
			Severity: Warning, Code: NotInspected, Subject: SubjectEnvironment,
			Sentence: fmt.Sprintf("Dataverse responded too slowly. The following could not be retrieved in time: %s.", strings.Join(f.NotRequested, ", ")),
			NextStep: "The configuration may still be correct. Try again later.",
		})
	}
	if n := len(f.Late); n > 0 {
		findings = append(findings, aboutTables(Warning, NotInspected, f.Late, fmt.Sprintf("%s could not be tested in time because Dataverse responded "+
			"too slowly: %s.", selected(n), listed(f.Late)), "Try again later."))
	}
	if n := len(f.Keyless); n > 0 {
		findings = append(findings, aboutTables(Info, NotInspected, f.Keyless, fmt.Sprintf("%s of include_tables %s not tested because %s unknown: %s.",
			tables(n), prose.Form(n, "was", "were"), prose.Form(n, "its primary key is", "their primary keys are"), listed(f.Keyless)), ""))
	}
	if n := len(f.Untested); n > 0 {
		findings = append(findings, aboutTables(Info, NotInspected, f.Untested, fmt.Sprintf("%s of include_tables %s not tested to keep the inspection short: %s.",
			tables(n), prose.Form(n, "was", "were"), listed(f.Untested)), ""))
	}
	return findings
}

// notRetrieved reports what the application user may not read about itself and the environment.
func (f Facts) notRetrieved() []Finding {
	var findings []Finding
	for _, u := range f.Unknown {
		findings = append(findings, Finding{
			Severity: Info, Code: NotRetrieved, Subject: SubjectEnvironment,
			Sentence: fmt.Sprintf("%s cannot be retrieved: %s.", prose.Capital(u.What), strings.TrimRight(u.Reason, ". ")),
		})
	}
	return findings
}
