package progress

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// column is a part of a line.
type column int

const (
	nameColumn column = iota
	phaseColumn
	rowsColumn
	shareColumn
	barColumn
	rateColumn
	noteColumn
	columnCount
)

// row is a line before its columns have been given their widths.
type row struct {
	text    [columnCount]string
	current int64 // of expected, which the bar shows
	total   int64 // 0: not known, there is no bar
}

// layouts are the columns of a line, with the width of the bar and the least width of the note, from the one for wide
// screens to the one for narrow ones.
func layouts() []layout {
	return []layout{
		{[]column{nameColumn, phaseColumn, rowsColumn, shareColumn, barColumn, rateColumn, noteColumn}, 24, 44},
		{[]column{nameColumn, phaseColumn, rowsColumn, shareColumn, barColumn, rateColumn, noteColumn}, 16, 24},
		{[]column{nameColumn, phaseColumn, rowsColumn, shareColumn, barColumn, rateColumn, noteColumn}, 8, 16},
		{[]column{nameColumn, phaseColumn, rowsColumn, shareColumn, rateColumn, noteColumn}, 0, 10},
		{[]column{nameColumn, rowsColumn, shareColumn, rateColumn, noteColumn}, 0, 10},
		{[]column{nameColumn, rowsColumn, shareColumn, rateColumn}, 0, 0},
		{[]column{nameColumn, rowsColumn, shareColumn}, 0, 0},
		{[]column{nameColumn, rowsColumn}, 0, 0},
	}
}

type layout struct {
	columns   []column
	bar, note int
}

// last reports whether there is no layout for narrower screens.
func (l layout) last() bool { return len(l.columns) == 2 }

const (
	columnGap = 2
	nameWidth = 32 // the most columns of a name

	shortestName = 4
)

// layOut returns the lines of the rows, in the first layout that fits the screen. The note gets the rest of the line. If
// none fits, names are cut.
func (s Screen) layOut(rows []row) []string {
	var widths [columnCount]int
	for _, l := range layouts() {
		widths = l.widths(rows)
		taken := 0
		for c, width := range widths {
			if width > 0 && column(c) != noteColumn {
				taken += width + columnGap
			}
		}
		if widths[noteColumn] > 0 {
			widths[noteColumn] = max(s.Width-taken, 0)
		}
		over := taken + l.note - columnGap - s.Width
		if over <= 0 {
			break
		}
		if l.last() {
			widths[nameColumn] = max(widths[nameColumn]-over, shortestName)
		}
	}
	lines := make([]string, len(rows))
	for i := range rows {
		lines[i] = s.line(&rows[i], widths)
	}
	return lines
}

// widths returns the width of each column, 0 for those that are left out.
func (l layout) widths(rows []row) [columnCount]int {
	var widths [columnCount]int
	for _, c := range l.columns {
		for i := range rows {
			widths[c] = max(widths[c], utf8.RuneCountInString(rows[i].text[c]))
			if c == barColumn && rows[i].total > 0 {
				widths[c] = l.bar
			}
		}
	}
	widths[nameColumn] = min(widths[nameColumn], nameWidth)
	return widths
}

func (s Screen) line(r *row, widths [columnCount]int) string {
	var line strings.Builder
	for c, width := range widths {
		if width == 0 {
			continue
		}
		if line.Len() > 0 {
			line.WriteString(strings.Repeat(" ", columnGap))
		}
		text := r.text[c]
		if column(c) == barColumn {
			text = s.bar(r.current, r.total, width)
		}
		text = s.cut(text, width)
		pad := strings.Repeat(" ", width-utf8.RuneCountInString(text))
		switch column(c) {
		case rowsColumn, shareColumn, rateColumn:
			line.WriteString(pad + text)
		default:
			line.WriteString(text + pad)
		}
	}
	return strings.TrimRight(line.String(), " ")
}

// bar draws the share of something as a bar.
func (s Screen) bar(current, total int64, width int) string {
	if total <= 0 {
		return ""
	}
	style := mpb.BarStyle()
	if s.Unicode {
		style = style.Lbound("").Filler("█").Tip("█").Padding("░").Rbound("")
	}
	var drawn bytes.Buffer
	if style.Build().Fill(&drawn, decor.Statistics{AvailableWidth: width, Current: current, Total: total}) != nil {
		return "" // writing to a buffer does not fail
	}
	return drawn.String()
}
