package progress

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"source-microsoft-dataverse/source/prose"
)

// frameInterval is the time between two frames.
const frameInterval = 200 * time.Millisecond

// frameLines is the most lines of a frame.
const frameLines = maxTables + otherLines

// Terminal draws a sync on a terminal until it is closed. Nothing is written if the output is no terminal.
//
// mpb has one bar, the last line of a frame; the other lines are attached to it. Whenever mpb draws, the first line asks for a
// snapshot and lays out the frame.
type Terminal struct {
	container *mpb.Progress
	bar       *mpb.Bar
	console   *console
	out       io.Writer

	snapshot func() Snapshot // called by the goroutine that draws
	unicode  bool
	activity Activity
	frame    []string
}

// NewTerminal begins to draw the snapshots on an output. The result must be closed.
func NewTerminal(out io.Writer, unicode bool, snapshot func() Snapshot) *Terminal {
	t := &Terminal{console: newConsole(out), out: out, snapshot: snapshot, unicode: unicode}
	t.container = mpb.New(mpb.WithConsoleWriter(t.console), mpb.WithRefreshRate(frameInterval))
	var upper []mpb.BarFiller
	for i := range frameLines - 1 {
		upper = append(upper, terminalLine{t, i})
	}
	slices.Reverse(upper) // the first of them is drawn nearest to the bar
	t.bar = t.container.New(0, terminalLine{t, frameLines - 1}, mpb.BarTopExtender(upper...), mpb.BarFillerTrim())
	return t
}

// terminalLine draws one line of the frames of a terminal.
type terminalLine struct {
	terminal *Terminal
	number   int // from 0 to frameLines-1, which is the bar
}

// Build returns the line itself, as mpb asks for it.
func (l terminalLine) Build() mpb.BarFiller { return l }

// Fill writes the line, unless the frame has fewer. mpb ends the last line itself.
func (l terminalLine) Fill(w io.Writer, _ decor.Statistics) error {
	if l.number == 0 {
		l.terminal.draw()
	}
	text := l.terminal.frame[l.number]
	if text != "" && l.number < frameLines-1 {
		text += "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// draw lays out the next frame. Its last line is the last of frameLines, because that is where the bar is.
func (t *Terminal) draw() {
	now := t.snapshot()
	t.activity.Observe(now)
	screen := Screen{Width: t.console.width, Height: t.console.height, Unicode: t.unicode}
	lines := screen.Frame(now, &t.activity)
	t.frame = append(make([]string, frameLines-len(lines)), lines...)
}

// Close draws a last frame, which remains, and writes the failures of streams below it. The caller reports a failure of the sync
// itself. When Close returns, nothing is drawn any more and no goroutine is left.
func (t *Terminal) Close(failures []Failure) {
	t.bar.Abort(false)
	t.container.Wait()
	if t.console.IsTerminal() && t.container.Error == nil {
		_, _ = io.WriteString(t.out, failureLines(ofStreams(failures), t.console.width)) // an error of the terminal cannot be shown
	}
}

// failureLines returns what a person at a terminal of a width has to know of the failures. The rest is in the log.
func failureLines(failures []Failure, width int) string {
	const most = 5
	var lines strings.Builder
	for i := range failures {
		if i == most {
			lines.WriteString(wrapped(prose.Quantity(len(failures)-most, "more failure")+" in the log on standard output.", width))
			break
		}
		lines.WriteString(wrapped("Failed: "+failures[i].Stream+": "+failures[i].Advice, width))
	}
	return lines.String()
}

// ofStreams returns the failures that ended a single stream.
func ofStreams(failures []Failure) []Failure {
	return slices.DeleteFunc(slices.Clone(failures), func(f Failure) bool { return f.Stream == "" })
}

// wrapped returns a text as lines of a terminal of a width.
func wrapped(text string, width int) string {
	return strings.Join(prose.Lines(prose.Printable(text), width), "\n") + "\n"
}
