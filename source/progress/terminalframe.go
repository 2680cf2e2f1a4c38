package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// maxTables is the most tables that a terminal shows.
const maxTables = 8

// otherLines is the most lines besides those of the tables: the total, the state, and why all streams wait.
const otherLines = 3

// maxShare is the highest share that is shown of something that has not ended, in percent. Counts of rows are estimates.
const maxShare = 99

// Screen is what is drawn on.
type Screen struct {
	Width, Height int  // in columns and lines, at least 1
	Unicode       bool // the terminal shows more than ASCII
}

// Frame returns the lines that show a sync: the most active tables, a total, the state, and why all of them wait. No line is wider than
// the screen, and there are fewer lines than it has.
func (s Screen) Frame(now Snapshot, a *Activity) []string {
	if now.Stage == Preparing {
		return s.clip([]string{"The definitions of the tables are read. " + clock(now.At.Sub(now.Started))})
	}
	if now.Stage == Ended && len(now.Streams) == 0 {
		return s.clip([]string{"No stream was read."})
	}
	var rows []row
	if now.Stage == Reading {
		for _, i := range a.MostActive(now, min(maxTables, s.Height-otherLines-1)) {
			rows = append(rows, streamLine(now, i, a.Rate(i)))
		}
	}
	rows = append(rows, totalLine(now, a.Total()))
	lines := append(s.layOut(rows), statusLine(now))
	if now.Stage == Reading && now.Waiting.After(now.At) {
		lines = append(lines, strings.TrimSpace(waitingText(now.At, now.Waiting)))
	}
	return s.clip(lines)
}

// clip cuts what does not fit the screen: the upper lines, and the end of each line.
func (s Screen) clip(lines []string) []string {
	lines = slices.Clone(lines[max(0, len(lines)-max(s.Height-1, 1)):])
	for i := range lines {
		lines[i] = s.cut(lines[i], s.Width)
	}
	return lines
}

// cut shortens a text to a width.
func (s Screen) cut(text string, width int) string {
	letters := []rune(text)
	switch {
	case len(letters) <= width:
		return text
	case !s.Unicode:
		return string(letters[:width])
	case width < 1:
		return ""
	default:
		return string(letters[:width-1]) + "…"
	}
}

func streamLine(now Snapshot, stream int, rate float64) row {
	f := &now.Streams[stream]
	r := row{text: [columnCount]string{nameColumn: printable(f.Name)}}
	unit, read := "rows", f.Figures.Rows
	if phase := f.Phase(); phase != "" {
		r.text[phaseColumn] = phaseText(phase)
		switch present := f.Phases[len(f.Phases)-1]; {
		case onlyKeys(phase):
			unit, read = "keys", present.Scanned
		case phase == checkpoint.Changes:
			unit, read = "changes", present.Scanned
		}
	}
	r.text[rowsColumn] = prose.Grouped(read) + " " + unit
	if f.EstimateKnown && !f.ReadsChanges {
		r.share(read, f.Figures.Estimate)
	}
	r.text[rateColumn] = rateText(rate, unit)
	if f.Waiting.After(now.At) && !now.Waiting.After(now.At) { // it is not all of them that wait
		r.text[noteColumn] = fmt.Sprintf("waits %s: %s", duration(f.Waiting.Sub(now.At)), f.WaitingFor)
	}
	return r
}

func totalLine(now Snapshot, rate float64) row {
	complete, _ := outcomes(now)
	r := row{text: [columnCount]string{
		nameColumn: "Total", phaseColumn: fmt.Sprintf("%s of %s complete", prose.Grouped(complete), prose.Grouped(len(now.Streams))),
		rowsColumn: prose.Grouped(now.Totals.Rows) + " rows", rateColumn: rateText(rate, "rows"),
	}}
	switch {
	case now.Stage == Ended:
		r.text[rateColumn] = rateText(float64(now.Totals.Rows)/max(now.At.Sub(now.Started).Seconds(), 1), "rows")
	case now.EstimateKnown:
		r.share(now.Totals.Rows, now.Totals.Estimate)
	}
	return r
}

// statusLine returns for how long a sync has run and will run, and what a person has to know of it.
func statusLine(now Snapshot) string {
	line := "Running for " + clock(now.At.Sub(now.Started))
	if now.Stage == Ended {
		line = "Ended after " + clock(now.At.Sub(now.Started))
	}
	if now.Stage == Ended && now.Totals.Deletions > 0 {
		line += ", " + prose.Quantity(now.Totals.Deletions, "deletion")
	}
	complete, failed := outcomes(now)
	if failed > 0 {
		line += ", " + prose.Quantity(failed, "stream") + " failed"
	}
	if rest := int64(len(now.Streams)) - complete - failed; rest > 0 && now.Stage == Ended {
		line += ", " + prose.Quantity(rest, "stream") + " not read to the end"
	}
	if rest := now.Remaining.Text(); rest != "" && now.Stage == Reading {
		line += ", " + rest + " left"
	}
	return line + "."
}

// outcomes counts the streams that are complete and those that failed.
func outcomes(now Snapshot) (complete, failed int64) {
	for i := range now.Streams {
		switch now.Streams[i].Outcome {
		case Complete:
			complete++
		case Failed:
			failed++
		case Open, Incomplete:
		}
	}
	return complete, failed
}

// share sets the share of what is expected.
func (r *row) share(current, total int64) {
	if total <= 0 {
		return
	}
	share := min(current*100/total, maxShare)
	r.text[shareColumn] = fmt.Sprintf("%d %%", share)
	r.current, r.total = share, 100
}

// onlyKeys reports whether a phase reads keys and delivers no rows.
func onlyKeys(p checkpoint.Phase) bool {
	return p == checkpoint.TokenScan || p == checkpoint.ReconcileDeletions
}

// printable replaces what a terminal might take for a command. Logical names are ASCII.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

func rateText(rate float64, unit string) string {
	if rate < 1 {
		return ""
	}
	return prose.Grouped(int64(rate)) + " " + unit + "/s"
}

// clock returns a duration as 0:07, 12:03 or 3:12:03.
func clock(d time.Duration) string {
	seconds := int64(max(d, 0).Round(time.Second) / time.Second)
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
