package progress_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// running returns a stream that has read rows in a phase.
func running(name string, p checkpoint.Phase, read, estimate int64) progress.StreamFigures {
	f := progress.StreamFigures{
		Name: name, Mode: "incremental", Started: after(1), EstimateKnown: estimate > 0, Figures: progress.Figures{Rows: read, Estimate: estimate},
		Phases: []progress.PhaseSpan{{Phase: p, From: after(1), Scanned: read}},
	}
	if p == checkpoint.TokenScan {
		f.Figures.Rows = 0
	}
	return f
}

// reading returns a snapshot of a sync of these streams, some seconds after its start.
func reading(at float64, streams ...progress.StreamFigures) progress.Snapshot {
	s := progress.Snapshot{At: after(at), Started: began, Stage: progress.Reading, Streams: streams, EstimateKnown: true}
	for i := range streams {
		s.Totals.Rows += streams[i].Figures.Rows
		s.Totals.Deletions += streams[i].Figures.Deletions
		s.Totals.Estimate += streams[i].Figures.Estimate
	}
	return s
}

// busy returns what a sync of five streams has done by one point in time, and by another ten seconds later.
func busy() (before, now progress.Snapshot) {
	ended := running("contoso_project", checkpoint.Changes, 25_000, 25_000)
	ended.Outcome, ended.Ended = progress.Failed, after(60)
	waiting := running("opportunity", checkpoint.Snapshot, 310_000, 410_000)
	waiting.Waiting, waiting.WaitingFor = after(107), "a request failed and is repeated"
	changes := running("contact", checkpoint.Changes, 1_200, 0)
	changes.ReadsChanges, changes.Figures.Deletions = true, 34
	before = reading(90,
		running("account", checkpoint.Snapshot, 350_000, 1_000_000), changes, ended, running("opportunity", checkpoint.Snapshot, 310_000, 410_000),
		running("contoso_everything", checkpoint.TokenScan, 5_000, 480_000), progress.StreamFigures{Name: "task"})
	now = reading(100,
		running("account", checkpoint.Snapshot, 401_000, 1_000_000), changes, ended, waiting,
		running("contoso_everything", checkpoint.TokenScan, 55_000, 480_000), progress.StreamFigures{Name: "task"})
	now.Remaining = progress.Remaining{Known: true, Least: 3 * time.Minute, Most: 6 * time.Minute}
	return before, now
}

func throttledSync() (before, now progress.Snapshot) {
	before, now = busy()
	now.Waiting = after(112)
	return before, now
}

func endedSync() (before, now progress.Snapshot) {
	before, now = busy()
	now.Stage = progress.Ended
	return before, now
}

func preparing() (before, now progress.Snapshot) {
	s := progress.Snapshot{At: after(3), Started: began}
	return s, s
}

func manyStreams() (before, now progress.Snapshot) {
	var earlier, later []progress.StreamFigures
	for i := range 1000 {
		name := fmt.Sprintf("table%03d", i)
		earlier = append(earlier, running(name, checkpoint.Snapshot, 1_000, 0))
		later = append(later, running(name, checkpoint.Snapshot, 1_000+int64(i%100)*100, 0))
	}
	before, now = reading(20, earlier...), reading(25, later...)
	before.EstimateKnown, now.EstimateKnown = false, false
	return before, now
}

// frame returns the lines that a screen shows.
func frame(s progress.Screen, of func() (before, now progress.Snapshot)) []string {
	before, now := of()
	var activity progress.Activity
	activity.Observe(before)
	activity.Observe(now)
	return s.Frame(now, &activity)
}

func situations() map[string]func() (before, now progress.Snapshot) {
	return map[string]func() (before, now progress.Snapshot){
		"busy": busy, "throttled": throttledSync, "ended": endedSync, "preparing": preparing, "many streams": manyStreams,
	}
}

func TestFramesLookAsTheyDid(t *testing.T) {
	var shown strings.Builder
	show := func(title string, s progress.Screen) {
		fmt.Fprintf(&shown, "== %s, %d columns, %d lines\n%s\n", title, s.Width, s.Height, strings.Join(frame(s, situations()[title]), "\n"))
	}
	for _, width := range []int{160, 120, 100, 80, 60, 40, 20} {
		show("busy", progress.Screen{Width: width, Height: 40, Unicode: true})
	}
	show("busy", progress.Screen{Width: 120, Height: 40})
	for _, title := range []string{"throttled", "ended", "preparing", "many streams"} {
		show(title, progress.Screen{Width: 120, Height: 40, Unicode: true})
	}
	show("many streams", progress.Screen{Width: 80, Height: 6})
	golden(t, "frames.txt", shown.String())
}

func TestAFrameFitsEveryScreen(t *testing.T) {
	for title, of := range situations() {
		if title == "many streams" {
			continue // the others show as much
		}
		for _, unicode := range []bool{true, false} {
			for _, height := range []int{1, 2, 3, 4, 5, 12} {
				for width := 1; width < 140; width += 3 {
					s := progress.Screen{Width: width, Height: height, Unicode: unicode}
					lines := frame(s, of)
					assert.NotEmpty(t, lines, "%s %v", title, s)
					assert.LessOrEqual(t, len(lines), max(1, height-1), "%s %v", title, s)
					for _, line := range lines {
						assert.NotEmpty(t, line, "%s %v", title, s)
						assert.LessOrEqual(t, utf8.RuneCountInString(line), width, "%s %v", title, s)
						if !unicode {
							assert.Equal(t, len(line), utf8.RuneCountInString(line), "%s %v", title, s)
						}
					}
				}
			}
		}
	}
}

func TestAShareNeverClaimsThatARunningStreamHasEnded(t *testing.T) {
	for name, rows := range map[string]int64{"the estimate was right": 1_000, "the estimate was too small": 5_000} {
		t.Run(name, func(t *testing.T) {
			s := reading(10, running("account", checkpoint.Snapshot, rows, 1_000))
			var activity progress.Activity
			activity.Observe(s)
			lines := strings.Join(progress.Screen{Width: 120, Height: 40}.Frame(s, &activity), "\n")
			assert.Equal(t, 2, strings.Count(lines, " 99 %"), lines)
			assert.NotContains(t, lines, "100 %")
		})
	}
}

func TestAShareNeedsAKnownNumberOfRows(t *testing.T) {
	s := reading(10, running("account", checkpoint.Snapshot, 500, 0), running("contact", checkpoint.Snapshot, 500, 1_000))
	s.EstimateKnown = false
	var activity progress.Activity
	activity.Observe(s)
	lines := progress.Screen{Width: 120, Height: 40}.Frame(s, &activity)
	assert.NotContains(t, lines[0], "%")
	assert.Contains(t, lines[1], "50 %")
	assert.NotContains(t, lines[2], "%")
}

func TestNamesCannotCommandTheTerminal(t *testing.T) {
	s := reading(10, running("\x1b[2Jacc\nount\u0085", checkpoint.Snapshot, 5, 0))
	var activity progress.Activity
	activity.Observe(s)
	lines := progress.Screen{Width: 120, Height: 40, Unicode: true}.Frame(s, &activity)
	assert.Contains(t, lines[0], "?[2Jacc?ount?")
}

func TestTheMostActiveStreamsAreShown(t *testing.T) {
	before, now := manyStreams()
	var activity progress.Activity
	activity.Observe(before)
	activity.Observe(now)
	shown := activity.MostActive(now, 3)
	assert.Equal(t, []int{99, 199, 299}, shown, "in the order of the catalog")

	for i := range now.Streams { // others are only a little more active
		now.Streams[i].Phases[0].Scanned += 9_000 + int64(i)
	}
	now.At = now.At.Add(time.Second)
	activity.Observe(now)
	assert.Equal(t, shown, activity.MostActive(now, 3), "lines do not move without need")

	now.Streams[500].Phases[0].Scanned += 1_000_000
	now.Streams[99].Ended = now.At
	now.At = now.At.Add(time.Second)
	activity.Observe(now)
	assert.Equal(t, []int{199, 299, 500}, activity.MostActive(now, 3))
}

func TestARateIsThatOfTheLastSecondsAndThePhase(t *testing.T) {
	var activity progress.Activity
	observe := func(at float64, s progress.StreamFigures) float64 {
		activity.Observe(reading(at, s))
		return activity.Rate(0)
	}
	assert.Zero(t, observe(1, running("account", checkpoint.TokenScan, 1_000, 0)), "too early")
	assert.InDelta(t, 500, observe(3, running("account", checkpoint.TokenScan, 2_000, 0)), 1)
	for at := 4.0; at < 30; at++ {
		observe(at, running("account", checkpoint.TokenScan, 2_000, 0))
	}
	assert.Zero(t, activity.Rate(0), "it was fast a while ago")
	next := running("account", checkpoint.Snapshot, 5_000, 0)
	next.Phases[0].From = after(28)
	next.Phases = append([]progress.PhaseSpan{{Phase: checkpoint.TokenScan, Scanned: 2_000}}, next.Phases...)
	assert.InDelta(t, 2_500, observe(30, next), 1, "the rows of the new phase, over its time")
	assert.Zero(t, activity.Rate(1), "there is no such stream")
}
