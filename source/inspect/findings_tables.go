package inspect

import (
	"fmt"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
)

// follows reports whether the changes of a table can be followed, as far as is known.
func (t Table) follows() bool {
	switch summary := t.Summary.Table; {
	case !summary.Tracked, summary.Elastic, summary.Virtual:
		return false
	case t.Probe != nil && t.Probe.Tracked:
		return true
	case t.Probe != nil:
		return false
	default:
		return t.Depth == "" || t.Depth == dataverse.Global
	}
}

// unmatched reports the patterns that match no table. One without a wildcard names a table that does not exist, or whose
// definition the application user does not see.
func (f Facts) unmatched() []Finding {
	var missing, names []string
	var findings []Finding
	for _, u := range f.Unmatched {
		if u.Pattern.Setting == includeTables && !isPattern(u.Pattern.Glob) {
			text := u.Pattern.Glob
			if u.Nearest != "" {
				text += " (the nearest is " + u.Nearest + ")"
			}
			missing, names = append(missing, text), append(names, u.Pattern.Glob)
			continue
		}
		step := "Check its spelling; patterns match logical names, such as account or contoso_*."
		if u.Nearest != "" && !isPattern(u.Pattern.Glob) {
			step = fmt.Sprintf("Check its spelling; the nearest logical name is %s.", u.Nearest)
		}
		findings = append(findings, Finding{
			Severity: Warning, Code: PatternUnmatched, Subject: SubjectConfiguration, Key: u.Pattern.Setting,
			Sentence: fmt.Sprintf("The pattern %q in %s matches no table of the environment.", u.Pattern.Glob, u.Pattern.Setting),
			NextStep: step,
		})
	}
	if n := len(missing); n > 0 {
		findings = append(findings, aboutTables(Error, TableMissing, names, fmt.Sprintf("include_tables names %s that the environment does not have: %s.",
			tables(n), listed(missing)), fmt.Sprintf("Correct the logical %s, or remove %s from include_tables.", prose.Plural(n, "name"), those(n))).of(includeTables))
	}
	return findings
}

// notInWebAPI reports the tables that the configuration names although the Web API cannot list their rows.
func (f Facts) notInWebAPI() []Finding {
	n := len(f.NotInWebAPI)
	if n == 0 {
		return nil
	}
	return []Finding{aboutTables(Error, TableNotInWebAPI, f.NotInWebAPI, fmt.Sprintf("include_tables names %s whose rows the Web API cannot list: %s.",
		tables(n), listed(f.NotInWebAPI)), fmt.Sprintf("Remove %s from include_tables.", those(n))).of(includeTables)}
}

// noneSelected reports that the configuration selects no table, unless a table that it names is missing.
func (f Facts) noneSelected() []Finding {
	if f.ListProblem != nil || f.Listed == 0 || len(f.Tables) > 0 || len(f.NotInWebAPI) > 0 {
		return nil
	}
	for _, u := range f.Unmatched {
		if u.Pattern.Setting == includeTables && !isPattern(u.Pattern.Glob) {
			return nil
		}
	}
	return []Finding{{
		Severity: Error, Code: NoTableSelected, Subject: SubjectConfiguration,
		Sentence: "include_tables and exclude_tables select no table of the environment. Patterns match logical names, such as account or contoso_*.",
		NextStep: "Correct the patterns.",
		Key:      includeTables,
	}}
}

// assignRole returns what to do about a missing privilege to read tables, as a sentence without its period.
func assignRole(n int) string {
	return fmt.Sprintf("Assign the application user a security role that has Read at Organization level on %s", those(n))
}

// forbidden reports the tables whose Read privilege is missing: an error if that leaves nothing to read, or if the
// configuration names the table.
func (f Facts) forbidden() []Finding {
	var namedTables, others, all []string
	mayRead := false
	reason := map[string]string{}
	for _, t := range f.Tables {
		name := t.Summary.Table.LogicalName
		switch may, known := t.Readable(); {
		case !known && t.Summary.ReadPrivilege == "" && t.Probe == nil: // an N:N table has no privilege of its own
			continue
		case may, !known:
			mayRead = true
			continue
		case t.Named:
			namedTables = append(namedTables, name)
		default:
			others = append(others, name)
		}
		all = append(all, name)
		reason[name] = name
		if privilege := t.Summary.ReadPrivilege; privilege != "" {
			reason[name] += " (" + privilege + ")"
		}
	}
	texts := func(names []string) string {
		list := make([]string, len(names))
		for i, name := range names {
			list[i] = reason[name]
		}
		return listed(list)
	}
	if len(all) > 0 && !mayRead && len(namedTables) < len(all) {
		return []Finding{aboutTables(Error, NothingReadable, all, fmt.Sprintf("The application user can read none of the selected tables, because the privilege to "+
			"read each of them is missing: %s.", texts(all)), "Assign it a security role that has Read at Organization level on the tables to sync.")}
	}
	var findings []Finding
	if n := len(namedTables); n > 0 {
		findings = append(findings, aboutTables(Error, TableForbidden, namedTables, fmt.Sprintf("The application user lacks the privilege to read %s of "+
			"include_tables: %s.", tables(n), texts(namedTables)), fmt.Sprintf("%s, or remove %s from include_tables.", assignRole(n), those(n))).of(includeTables))
	}
	if n := len(others); n > 0 {
		findings = append(findings, aboutTables(Warning, TableForbidden, others, fmt.Sprintf("The application user lacks the privilege to read %s, so a stream of "+
			"%s would fail: %s.", selected(n), those(n), texts(others)), fmt.Sprintf("If you need %s, assign the application user a security role that has Read at "+
			"Organization level on %[1]s.", those(n))))
	}
	return findings
}

// selected is a number of selected tables.
func selected(n int) string { return prose.Quantity(n, "selected table") }

// failed reports the tables of which no row could be retrieved although no privilege is missing. That is an error only if the
// configuration names the table and another attempt would not help.
func (f Facts) failed() []Finding {
	var findings []Finding
	var more []string
	for _, t := range f.Tables {
		if t.Probe == nil || t.Probe.Problem == nil || t.Probe.Forbidden {
			continue
		}
		name, severity := t.Summary.Table.LogicalName, Warning
		if len(findings) == named {
			more = append(more, name)
			continue
		}
		if t.Named && t.Probe.Problem.Fixable {
			severity = Error
		}
		findings = append(findings, aboutTables(severity, TableFailed, []string{name}, fmt.Sprintf("No row of table %s could be retrieved. %s", name,
			t.Probe.Problem.Sentence), ""))
	}
	if len(more) > 0 {
		findings = append(findings, aboutTables(Warning, TableFailed, more, fmt.Sprintf("No row of %s could be retrieved either: %s.",
			prose.Quantity(len(more), "other table"), listed(more)), ""))
	}
	return findings
}

// includeTables is the setting with the patterns of the tables to offer.
const includeTables = "include_tables"

// isPattern reports whether an entry of include_tables has a wildcard, in the syntax of path.Match.
func isPattern(glob string) bool { return strings.ContainsAny(glob, `*?[\`) }
