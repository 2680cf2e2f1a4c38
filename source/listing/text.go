package listing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
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
		{title: "TABLE", cell: func(t Table) string { return printable(t.Name) }},
		{title: "DISPLAY NAME", least: 12, cell: func(t Table) string { return cmp.Or(printable(t.DisplayName), "-") }},
		{title: "ROWS", right: true, cell: rows},
		{title: "INCREMENTAL", least: 14, cell: incremental},
		{title: "READABLE", least: 14, cell: readability},
	}
}

func rows(t Table) string {
	if t.Rows == nil {
		return "-"
	}
	return Grouped(*t.Rows)
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
	return string(t.Readable) + " (" + printable(t.ReadableReason) + ")"
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
			widths[i] = max(widths[i], cellsOf(row[i]))
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
		cell := cut(row[i], widths[i])
		padding := strings.Repeat(" ", widths[i]-cellsOf(cell))
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
		printable(t.Name), cmp.Or(printable(t.DisplayName), "-"), rows(t), incremental(t), readability(t))
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
	all := Grouped(int64(len(tables))) + " tables"
	if len(tables) == 1 {
		all = "1 table"
	}
	figures := fmt.Sprintf("%s incremental, %s not readable", Grouped(int64(followed)), Grouped(int64(unreadable)))
	const note = " Dataverse counts rows once a day."
	switch deselected {
	case 0:
		return all + ": " + figures + "." + note
	case len(tables):
		return all + ", none selected by the configuration." + note
	default:
		return fmt.Sprintf("%s, %s of them not selected by the configuration. Of the others, %s.%s",
			all, Grouped(int64(deselected)), figures, note)
	}
}

// Grouped writes a number with a comma between groups of three digits.
func Grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	slices.Reverse(groups)
	return strings.Join(append([]string{digits}, groups...), ",")
}

// printable replaces what would move the cursor or change the order of the text: makers of tables choose display names.
func printable(text string) string {
	const joiner, nonJoiner = '\u200d', '\u200c' // parts of words and emoji
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == joiner, r == nonJoiner, unicode.IsPrint(r):
			return r
		case unicode.Is(unicode.Cf, r):
			return -1
		default:
			return ' '
		}
	}, text))
}
