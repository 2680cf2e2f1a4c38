package replicate_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// sinceTheBubbleBegan brings synctest's clock, which begins in 2000, to a time whose milliseconds have thirteen digits.
const sinceTheBubbleBegan = 3 * 365 * 24 * time.Hour

func TestMoreStreamsBeginWhenThereAreMoreSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		var places, reading atomic.Int32
		places.Store(2)
		release := make(chan struct{})
		s := &service{responses: map[dataverse.Link][]response{first: {}}}
		var streams []replicate.Stream
		for i := range 8 {
			stream := fullRefresh("")
			stream.Configured.Name = fmt.Sprintf("account%d", i)
			streams = append(streams, stream)
			s.responses[first] = append(s.responses[first], response{rows: []string{row("a1", inMarch)}, before: func() {
				reading.Add(1)
				<-release
			}})
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			got := run(t, s, func(j *replicate.Job) { j.Parallel = func() int { return int(places.Load()) } }, streams...)
			assert.Zero(t, got.failed)
		}()
		synctest.Wait()
		assert.Equal(t, int32(2), reading.Load())
		places.Store(5) // the service hints more, and no stream has ended
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Equal(t, int32(5), reading.Load())
		close(release)
		<-ended
	})
}
