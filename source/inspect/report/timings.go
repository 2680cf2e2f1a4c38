package report

import (
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/prose"
)

// timings returns the timings, and a sentence on the columns that can be left out.
func (s Style) timings(all []Timing) string {
	text := s.table(all)
	if slices.ContainsFunc(all, func(t Timing) bool { return t.OmittableColumns > 0 }) {
		text += s.paragraph("  ", "Omittable columns are used by Dataverse itself or repeat other columns. The percentage is their share of the page.")
	}
	return text
}

// table returns a table of the timings, or where the terminal is too narrow for it, a few lines for each of them.
func (s Style) table(all []Timing) string {
	lines := [][]string{{"TABLE", "ROWS", "PAGE", "TIME", "ROWS/S", "MB", "COLUMNS", "OMITTABLE"}}
	for _, t := range all {
		lines = append(lines, []string{
			s.shown(t.Table), rowsText(t), prose.Grouped(t.PageRows), fmt.Sprintf("%.2fs", t.PageSeconds), rateText(t),
			fmt.Sprintf("%.1f", float64(t.PageBytes)/1e6), prose.Grouped(t.Columns), omittableText(t),
		})
	}
	widths := make([]int, len(lines[0]))
	total := 0
	for column := range widths {
		for _, line := range lines {
			widths[column] = max(widths[column], prose.Cells(line[column]))
		}
		total += 2 + widths[column]
	}
	if s.Width >= narrowest && total > s.Width {
		return s.stacked(all)
	}
	var text strings.Builder
	for _, line := range lines {
		var row strings.Builder
		for column, cell := range line {
			padding := strings.Repeat(" ", widths[column]-prose.Cells(cell))
			if column == 0 || column == len(line)-1 {
				row.WriteString("  " + cell + padding)
			} else {
				row.WriteString("  " + padding + cell)
			}
		}
		text.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return text.String()
}

// stacked returns the timings for a narrow terminal.
func (s Style) stacked(all []Timing) string {
	var text strings.Builder
	for _, t := range all {
		text.WriteString(s.paragraph("  ", t.Table))
		text.WriteString(s.paragraph("    ", fmt.Sprintf("rows %s, page %s in %.2fs, %s rows/s, %.1f MB, columns %d, omittable %s",
			rowsText(t), prose.Grouped(t.PageRows), t.PageSeconds, rateText(t), float64(t.PageBytes)/1e6, t.Columns, omittableText(t))))
	}
	return text.String()
}

func rowsText(t Timing) string {
	if t.Rows == nil {
		return "-"
	}
	return prose.Grouped(*t.Rows)
}

func rateText(t Timing) string {
	if t.PageSeconds == 0 {
		return "-"
	}
	return prose.Grouped(int64(float64(t.PageRows) / t.PageSeconds))
}

func omittableText(t Timing) string {
	if t.OmittableColumns == 0 {
		return "-"
	}
	return fmt.Sprintf("%d (%.0f %%)", t.OmittableColumns, t.OmittableShare*100)
}
