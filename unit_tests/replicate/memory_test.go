package replicate_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// Streams share the memory of two pages. A stream that kept its part would stop all others, and synctest would tell of
// the deadlock.
func TestAPageThatIsNotSentLeavesItsMemoryToOtherStreams(t *testing.T) {
	responses := map[dataverse.Link]response{}
	var streams []replicate.Stream
	for i := range 12 {
		name := fmt.Sprintf("table%02d", i)
		table, link := tableNamed(name)
		responses[link] = response{rows: []string{row("a1", "2026-03-01T00:00:00Z")}}
		switch i % 3 {
		case 0: // read, and refused
			responses[link] = response{rows: []string{row("a1", "2026-03-01T00:00:00Z")}, next: link}
		case 1: // broken off in its rows
			responses[link] = response{rows: []string{row("a1", "2026-03-01T00:00:00Z"), `[]`}}
		}
		streams = append(streams, streamOf(table, airbyte.SyncModeFullRefresh, ""))
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(sinceTheBubbleBegan)
		got := run(t, script(responses), nil, streams...)
		require.NoError(t, got.err)
		assert.Equal(t, 8, got.failed)
		assert.Len(t, got.records(), 4)
	})
}
