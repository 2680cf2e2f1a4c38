package listing

import (
	"cmp"
	"fmt"
	"strings"

	"source-microsoft-dataverse/source/prose"
)

// NoLimit is the width of an output that is not a terminal.
const NoLimit = 0

// gap separates columns.
const gap = "  "

// column is a column of the text.
type column struct {
	title string
	right bool // aligned to the right
	// least is the width to which the column may be shortened, 0 if its values must be complete.
	least int
	cell  func(Table) string
}

func columns() []column {
	return []column{
		{title: "TABLE", cell: func(t Table) string { return prose.Printable(t.Name) }},
		{title: "DISPLAY NAME", least: 12, cell: func(t Table) string { return cmp.Or(prose.Printable(t.DisplayName), "-") }},
		{title: "ROWS", right: true, cell: rows},
		{title: "INCREMENTAL", least: 14, cell: incremental},
		{title: "READABLE", least: 14, cell: readability},
	}
}

func rows(t Table) string {
	if t.Rows == nil {
		return "-"
	}
	return prose.Grouped(*t.Rows)
}

func incremental(t Table) string {
	if t.Incremental {
		return "yes"
	}
	return "no (" + t.IncrementalReason + ")"
}

func readability(t Table) string {
	if !t.Selected {
		return "not selected"
	}
	if t.ReadableReason == "" {
		return string(t.Readable)
	}
	return string(t.Readable) + " (" + prose.Printable(t.ReadableReason) + ")"
}

// Text lays tables out in columns. If width, in terminal cells, is not NoLimit and less than the columns need, long texts
// are cut; in a terminal that is still too narrow each table takes a few lines. A summary follows.
func Text(tables []Table, width int) string {
	all := columns()
	cells := make([][]string, 1, len(tables)+1)
	for _, c := range all {
		cells[0] = append(cells[0], c.title)
	}
	for _, t := range tables {
		var row []string
		for _, c := range all {
			row = append(row, c.cell(t))
		}
		cells = append(cells, row)
	}
	var text strings.Builder
	if widths := fit(all, cells, width); widths != nil {
		for _, row := range cells {
			writeRow(&text, all, row, widths)
		}
	} else {
		for _, t := range tables {
			writeStacked(&text, t)
		}
	}
	text.WriteString("\n" + summary(tables) + "\n")
	return text.String()
}

// fit returns the widths of the columns, nil if they do not fit. The widest columns are shortened first.
func fit(all []column, cells [][]string, width int) []int {
	widths := make([]int, len(all))
	for i := range all {
		for _, row := range cells {
			widths[i] = max(widths[i], prose.Cells(row[i]))
		}
	}
	for width != NoLimit && total(widths) > width {
		widest := -1
		for i, c := range all {
			if c.least > 0 && widths[i] > c.least && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return nil
		}
		widths[widest]--
	}
	return widths
}

// total returns the width of a row.
func total(widths []int) int {
	sum := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		sum += w
	}
	return sum
}

func writeRow(text *strings.Builder, all []column, row []string, widths []int) {
	var line strings.Builder
	for i, c := range all {
		if i > 0 {
			line.WriteString(gap)
		}
		cell := prose.Cut(row[i], widths[i])
		padding := strings.Repeat(" ", widths[i]-prose.Cells(cell))
		if c.right {
			line.WriteString(padding + cell)
		} else {
			line.WriteString(cell + padding)
		}
	}
	text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

// writeStacked writes a table for a narrow terminal, which breaks long lines itself.
func writeStacked(text *strings.Builder, t Table) {
	fmt.Fprintf(text, "%s\n  %s\n  rows %s, incremental %s, readable %s\n",
		prose.Printable(t.Name), cmp.Or(prose.Printable(t.DisplayName), "-"), rows(t), incremental(t), readability(t))
}

// summary counts the tables, and of those that the configuration selects, the ones that are incremental or not readable.
func summary(tables []Table) string {
	var deselected, followed, unreadable int
	for _, t := range tables {
		switch {
		case !t.Selected:
			deselected++
		case t.Readable == No:
			unreadable++
		case t.Incremental:
			followed++
		}
	}
	all := prose.Quantity(len(tables), "table")
	figures := fmt.Sprintf("%s incremental, %s not readable", prose.Grouped(followed), prose.Grouped(unreadable))
	const note = " Dataverse counts rows once a day."
	switch deselected {
	case 0:
		return all + ": " + figures + "." + note
	case len(tables):
		return all + ", none selected by the configuration." + note
	default:
		return fmt.Sprintf("%s, %s of them not selected by the configuration. Of the others, %s.%s",
			all, prose.Grouped(deselected), figures, note)
	}
}
