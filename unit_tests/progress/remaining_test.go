package progress_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// waiting is a stream that has not started.
func waiting(name string, estimate int64) progress.StreamFigures {
	return progress.StreamFigures{Name: name, Mode: "full refresh", EstimateKnown: true, Figures: progress.Figures{Estimate: estimate}}
}

func TestTheRemainingTimeFollowsFromThePagesSoFar(t *testing.T) {
	const slack = 30 * time.Second
	half := inPhase("account", checkpoint.Snapshot, 100, 500_000, 1_000_000) // in 1000 seconds
	waited := half
	waited.Phases = []progress.PhaseSpan{half.Phases[0]}
	waited.Phases[0].Waited = progress.Seconds(500 * time.Second)
	keys := inPhase("contact", checkpoint.TokenScan, 100, 500_000, 500_000)
	inLanes := half
	inLanes.Lanes, inLanes.Phases = 4, []progress.PhaseSpan{half.Phases[0]}
	inLanes.Phases[0].Lanes = progress.Seconds(4000 * time.Second)
	beforeLanes := keys
	beforeLanes.Lanes = 4
	followed := progress.StreamFigures{Name: "task", Mode: "incremental", ReadsChanges: true}
	for name, example := range map[string]struct {
		streams     []progress.StreamFigures
		parallel    int
		least, most time.Duration // before they are widened
	}{
		"of one stream":             {[]progress.StreamFigures{half}, 8, 1000 * time.Second, 1000 * time.Second},
		"with waits as so far":      {[]progress.StreamFigures{waited}, 8, 500 * time.Second, 1000 * time.Second},
		"of two at the same time":   {[]progress.StreamFigures{half, half}, 8, 1000 * time.Second, 1000 * time.Second},
		"of two after one another":  {[]progress.StreamFigures{half, half}, 1, 2000 * time.Second, 2000 * time.Second},
		"of one that waits":         {[]progress.StreamFigures{half, waiting("task", 500_000)}, 2, 1000 * time.Second, 1000 * time.Second},
		"of a long one that waits":  {[]progress.StreamFigures{half, waiting("task", 2_500_000)}, 2, 5000 * time.Second, 5000 * time.Second},
		"of small ones that wait":   {[]progress.StreamFigures{half, waiting("a", 0), waiting("b", 0)}, 1, 1020 * time.Second, 1020 * time.Second},
		"of changes that wait":      {[]progress.StreamFigures{half, followed, followed}, 1, 1020 * time.Second, 1020 * time.Second},
		"of a token scan and after": {[]progress.StreamFigures{half, keys}, 2, 1010 * time.Second, 1010 * time.Second},
		"of one in lanes":           {[]progress.StreamFigures{inLanes}, 8, 1000 * time.Second, 1000 * time.Second},
		"of one in lanes and more":  {[]progress.StreamFigures{inLanes, inLanes}, 4, 2000 * time.Second, 2000 * time.Second},
		"of one that gets lanes":    {[]progress.StreamFigures{half, beforeLanes}, 1, 2010 * time.Second, 2010 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			got := progress.EstimateRemaining(later(1000*time.Second), example.streams, example.parallel)
			assert.True(t, got.Known)
			assert.Equal(t, time.Duration(float64(example.least)*0.8)-slack, got.Least)
			assert.Equal(t, time.Duration(float64(example.most)*1.4)+slack, got.Most)
		})
	}
}

func TestTheRemainingTimeIsNotKnownWithoutMeasurements(t *testing.T) {
	uncounted := inPhase("account", checkpoint.Snapshot, 100, 500_000, 0)
	changes := inPhase("account", checkpoint.Changes, 2, 10_000, 0)
	changes.ReadsChanges = true
	for name, streams := range map[string][]progress.StreamFigures{
		"of no stream":                       {},
		"of streams that have ended":         {read("account", progress.Figures{}, time.Second)},
		"before the first page":              {inPhase("account", checkpoint.Snapshot, 0, 0, 500_000)},
		"before the first page of rows":      {inPhase("account", checkpoint.TokenScan, 10, 50_000, 500_000)},
		"before any stream has started":      {waiting("account", 500_000)},
		"of a table that is not counted":     {uncounted},
		"of a table far above its estimate":  {inPhase("account", checkpoint.FullRefresh, 100, 500_000, 400_000)},
		"of changes with more than one page": {changes},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Zero(t, progress.EstimateRemaining(later(1000*time.Second), streams, 8))
		})
	}
}

func TestAStreamSlightlyAboveItsEstimateIsNearlyDone(t *testing.T) {
	got := progress.EstimateRemaining(later(1000*time.Second), []progress.StreamFigures{inPhase("account", checkpoint.Snapshot, 100, 500_000, 490_000)}, 8)
	assert.Equal(t, progress.Remaining{Known: true, Most: 14*time.Second + 30*time.Second}, got, "one more page")
}
