package inspect

import (
	"fmt"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
)

// limitedDepth warns of tables of which the application user may read only some rows. Dataverse rejects a request for the
// changes of such a table, and leaves the other rows out of any other response without an error. A stream that reads
// changes therefore fails with an error of its own.
func (f Facts) limitedDepth() []Finding {
	var undecided, read, names, readNames []string
	for _, t := range f.Tables {
		name, depth := t.Summary.Table.LogicalName, t.Depth
		limited := depth != "" && depth != dataverse.NoDepth && depth != dataverse.Global
		if t.Probe != nil {
			limited = t.Probe.Limited || limited && !t.Probe.Tracked
		}
		if !limited {
			continue
		}
		text := name
		if depth != "" && depth != dataverse.NoDepth {
			text += " (" + depth.Level() + " level)"
		}
		switch t.ReadAs {
		case Undecided:
			undecided, names = append(undecided, text), append(names, name)
		case WithoutTracking:
			read, readNames = append(read, text), append(readNames, name)
		case ByChanges:
		}
	}
	var findings []Finding
	if n := len(undecided); n > 0 {
		findings = append(findings, aboutTables(Warning, LimitedDepth, names, fmt.Sprintf("The application user has the Read privilege on %s below "+
			"Organization level, so %s changes cannot be followed, and a full refresh reads only the rows that it may see: %s.", selected(n), prose.Form(n, "its", "their"),
			listed(undecided)), assignRole(n)+"."))
	}
	if len(read) > 0 {
		findings = append(findings, aboutTables(Warning, LimitedDepth, readNames, fmt.Sprintf("The application user has the Read privilege on %s.", readInPart(read)),
			"To sync all rows, give it a security role with Read at Organization level."))
	}
	return findings
}

// readInPart returns what follows from a depth below Organization level for streams of tables, each with its depth.
func readInPart(texts []string) string {
	const consequence = "so only the rows that it may see are synced"
	if len(texts) > 1 {
		return fmt.Sprintf("%s below Organization level, %s: %s", tables(len(texts)), consequence, listed(texts))
	}
	name, depth, _ := strings.Cut(texts[0], " ")
	return strings.TrimSpace(fmt.Sprintf("table %s below Organization level %s", name, depth)) + ", " + consequence
}

// columnsHidden warns of secured columns that no application user with the widest right to read the table may read.
func (f Facts) columnsHidden() []Finding {
	var hidden, names []string
	for _, t := range f.Tables {
		for _, c := range t.Hidden {
			hidden = append(hidden, t.Summary.Table.LogicalName+"."+c)
		}
		if len(t.Hidden) > 0 {
			names = append(names, t.Summary.Table.LogicalName)
		}
	}
	n := len(hidden)
	if n == 0 {
		return nil
	}
	return []Finding{aboutTables(Warning, ColumnsHidden, names, fmt.Sprintf("The application user may not read %s, so Dataverse sends null in place of "+
		"every value: %s.", prose.Quantity(n, "secured column"), listed(hidden)), fmt.Sprintf("Add the application user to a column security profile that has Read on %s, "+
		"or deselect %[1]s.", those(n)))}
}

// notTracked reports the tables whose changes cannot be followed, and why. It is a warning if tracking can be turned on.
func (f Facts) notTracked() []Finding {
	var off, never, other, otherNames []string
	for _, t := range f.Tables {
		name := t.Summary.Table.LogicalName
		switch s := t.Summary; {
		case s.Table.Elastic:
			other, otherNames = append(other, name+" (elastic)"), append(otherNames, name)
		case s.Table.Virtual:
			other, otherNames = append(other, name+" (virtual)"), append(otherNames, name)
		case s.Table.Tracked:
		case s.Trackable:
			off = append(off, name)
		default:
			never = append(never, name)
		}
	}
	instead := "so each sync reads all rows"
	if f.CursorForUntracked {
		instead = "so rows deleted in Dataverse are not found"
	}
	var findings []Finding
	if n := len(off); n > 0 {
		findings = append(findings, aboutTables(Warning, TrackingOff, off, fmt.Sprintf("Change tracking is off for %s, %s: %s.", selected(n), instead,
			listed(off)), "Turn it on in Power Apps (table properties > Advanced options > Track changes)."))
	}
	if n := len(never); n > 0 {
		findings = append(findings, aboutTables(Info, TrackingImpossible, never, fmt.Sprintf("Change tracking cannot be turned on for %s, %s: %s.", selected(n),
			instead, listed(never)), ""))
	}
	if n := len(other); n > 0 {
		findings = append(findings, aboutTables(Info, ChangesNotFollowed, otherNames, fmt.Sprintf("The changes of %s cannot be followed, so each sync reads all rows: %s.",
			selected(n), listed(other)), ""))
	}
	return findings
}
