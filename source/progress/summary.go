package progress

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"source-microsoft-dataverse/source/prose"
)

// maxTableStreams is the most streams that the summary table lists, so that the log of a thousand streams stays readable. The
// machine-readable line and the report have all of them.
const maxTableStreams = 40

// Text returns the summary of a sync as lines of the log: a sentence, a table of the streams, and a sentence for each stream with
// cells that were sent as null. Each line is a message of its own: Airbyte's log page puts a time before each message, which
// would not be before the other lines of a longer one.
func (r *Report) Text() []string {
	what := "The sync is complete"
	switch r.Outcome {
	case Failed:
		what = "The sync ended with an error"
	case Incomplete:
		what = "The sync was stopped before its end"
	case Open, Complete:
	}
	t := &r.Totals
	lines := []string{fmt.Sprintf("%s after %s: %s, %s, %s, %s MB in %s, %s, throttled for %s.", what, duration(r.Ended.Sub(r.Started)),
		outcomesText(r.Streams), prose.Quantity(t.Rows, "row"), prose.Quantity(t.Deletions, "deletion"), megabytes(t.Bytes), prose.Quantity(t.Pages, "page"),
		retriesText(t.Retries), duration(time.Duration(t.Waited)))}
	for _, u := range r.Users {
		lines = append(lines, u.text())
	}
	if len(r.Streams) == 0 {
		return lines
	}
	return append(append(lines, r.table()...), r.nulledLines()...)
}

// text returns, as a line of the log, what an application user has done.
func (u UserFigures) text() string {
	return fmt.Sprintf("%s sent %s, delivered %s, and was throttled for %s.", prose.Capital(u.Name),
		prose.Quantity(u.Requests, "request"), prose.Quantity(u.Records, "record"), duration(time.Duration(u.Throttled)))
}

// outcomesText returns how many streams ended in which way.
func outcomesText(streams []StreamFigures) string {
	var complete, failed int64
	for i := range streams {
		switch streams[i].Outcome {
		case Complete:
			complete++
		case Failed:
			failed++
		case Open, Incomplete:
		}
	}
	all := prose.Quantity(len(streams), "stream")
	rest := int64(len(streams)) - complete - failed
	if failed+rest == 0 {
		return all
	}
	text := fmt.Sprintf("%s of %s complete", prose.Grouped(complete), all)
	if failed > 0 {
		text += fmt.Sprintf(", %s failed", prose.Grouped(failed))
	}
	if rest > 0 {
		text += fmt.Sprintf(", %s not read to the end", prose.Grouped(rest))
	}
	return text
}

// table returns the table of the streams, with the most telling ones if there are too many, and the totals.
func (r *Report) table() []string {
	listed, others := r.Streams, []StreamFigures(nil)
	if len(listed) > maxTableStreams {
		sorted := slices.Clone(listed)
		slices.SortStableFunc(sorted, func(a, b StreamFigures) int { return tellsMore(r.Ended, &a, &b) })
		listed, others = sorted[:maxTableStreams], sorted[maxTableStreams:]
	}
	rows := [][]string{{"stream", "mode", "outcome", "rows", "deletions", "MB", "pages", "retries", "waited", "took"}}
	for i := range listed {
		s := &listed[i]
		rows = append(rows, tableRow(s.Name, s.Mode, s.outcomeText(), &s.Figures, s.Duration(r.Ended)))
	}
	if len(others) > 0 {
		var sum Figures
		for i := range others {
			sum.add(others[i].Figures)
		}
		row := tableRow(prose.Quantity(len(others), "other stream"), "", "", &sum, 0)
		row[len(row)-2], row[len(row)-1] = "", ""
		rows = append(rows, row)
	}
	rows = append(rows, tableRow("total", "", string(r.Outcome), &r.Totals, r.Ended.Sub(r.Started)))
	const texts = 3 // columns on the left
	return aligned(rows, texts)
}

// tellsMore orders streams for a table that does not list all of them: first those that did not complete, then those that
// took the longest.
func tellsMore(at time.Time, a, b *StreamFigures) int {
	rank := func(s *StreamFigures) int {
		switch s.Outcome {
		case Failed:
			return 0
		case Open, Incomplete:
			return 1
		default:
			return 2
		}
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Duration(at), a.Duration(at)))
}

func tableRow(name, mode, outcome string, f *Figures, took time.Duration) []string {
	return []string{
		name, mode, outcome, prose.Grouped(f.Rows), prose.Grouped(f.Deletions), megabytes(f.Bytes), prose.Grouped(f.Pages), prose.Grouped(f.Retries),
		duration(time.Duration(f.Waited)), duration(took),
	}
}

// outcomeText returns how a stream ended, "not started" for one that was not begun.
func (s *StreamFigures) outcomeText() string {
	if s.Outcome != Failed && s.Started.IsZero() {
		return "not started"
	}
	return outcomeText(s.Outcome)
}

func outcomeText(o Outcome) string {
	if o == Open {
		return "not read"
	}
	return string(o)
}

// aligned returns the rows as lines of text. Their first columns are aligned on the left, the others on the right.
func aligned(rows [][]string, left int) []string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for at, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < left {
				line.WriteString(cell + padding)
			} else {
				line.WriteString(padding + cell)
			}
		}
		lines[at] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// Line returns the report as one line of JSON for programs that read the log, {"sync_summary":{…}}, without the phases and
// samples, which would make it long. With a thousand streams it has a few hundred kilobytes; the platform accepts lines of 20
// million characters (airbytehq/airbyte-platform, VersionedAirbyteStreamFactory.kt).
func (r *Report) Line() (string, error) {
	short := *r
	short.Samples = nil
	short.Streams = slices.Clone(r.Streams)
	for i := range short.Streams {
		short.Streams[i].Phases = nil
	}
	line, err := json.Marshal(map[string]Report{"sync_summary": short})
	if err != nil {
		return "", fmt.Errorf("encode the summary of the sync: %w", err)
	}
	return string(line), nil
}
