package progress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/prose"
)

// nulledLines returns, as lines of the log, how many cells of each stream were delivered as null, and why.
func (r *Report) nulledLines() []string {
	var order []string // of the streams with such cells
	cells := map[string]map[string]int64{}
	for _, n := range r.Nulled {
		if cells[n.Stream] == nil {
			cells[n.Stream] = map[string]int64{}
			order = append(order, n.Stream)
		}
		cells[n.Stream][n.Reason] += n.Cells
	}
	var lines []string
	for i, stream := range order {
		if i == maxTableStreams {
			return append(lines, fmt.Sprintf("Cells of %s were sent as null too.", prose.Quantity(len(order)-i, "other stream")))
		}
		lines = append(lines, nulledLine(stream, cells[stream]))
	}
	return lines
}

// nulledLine returns the line of one stream. cells has the number of cells by reason.
func nulledLine(stream string, cells map[string]int64) string {
	var total int64
	var reasons []string
	for reason, n := range cells {
		total += n
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Or(cmp.Compare(cells[b], cells[a]), cmp.Compare(a, b)) })
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%s (%s)", prose.Grouped(cells[reason]), reason)
	}
	return fmt.Sprintf("Stream %s: %s %s sent as null: %s.", stream, prose.Quantity(total, "cell"), prose.Form(total, "was", "were"), strings.Join(reasons, ", "))
}
