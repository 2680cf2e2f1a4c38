package replicate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// clocked is a table of two pages that is read, changed, and read again. Its servers' clocks differ, and modifiedon is
// set ahead and back.
func clocked(ahead ...time.Duration) *service {
	s := trackedTable()
	at := func(i int) time.Time { return serviceTime().Add(ahead[i%len(ahead)]) }
	for i, link := range []dataverse.Link{keysLink, first, first, second} {
		page := &s.responses[link][0]
		if i == 2 {
			page = &s.responses[link][1]
		}
		page.at = at(i)
	}
	s.responses[first][1].rows = []string{row("a1", "2026-09-01T00:00:00Z"), row("a2", "2026-03-01T00:00:00Z")}
	s.responses[changesSince(100)] = []response{{at: at(4), rows: []string{row("a1", "2020-01-01T00:00:00Z"), row("a2", "2027-01-01T00:00:00Z")}, next: changesTwo}}
	s.responses[changesTwo] = []response{{at: at(5), rows: []string{row("a3", "2020-01-01T00:00:00Z"), gone("a2")}, delta: changesSince(101)}}
	s.responses[changesSince(101)] = []response{{at: at(6), rows: []string{row("a2", "2020-01-01T00:00:00Z"), gone("a1")}, delta: changesSince(102)}}
	return s
}

// requireRisingCursors requires that no cursor of a key falls, and that a deletion is greater than all before it.
func requireRisingCursors(t *testing.T, records []string) {
	t.Helper()
	maxCursor := map[string]string{}
	for _, r := range records {
		_, data, _ := strings.Cut(r, " RECORD ")
		var row struct {
			Key     string  `json:"accountid"`
			Cursor  string  `json:"_ab_cdc_updated_at"`
			Deleted *string `json:"_ab_cdc_deleted_at"`
		}
		require.NoError(t, json.Unmarshal([]byte(data), &row))
		require.GreaterOrEqual(t, row.Cursor, maxCursor[row.Key], r)
		if row.Deleted != nil {
			require.Greater(t, row.Cursor, maxCursor[row.Key], r)
		}
		maxCursor[row.Key] = row.Cursor
	}
}

func TestNoCursorFallsWhateverTheClocksSay(t *testing.T) {
	for name, ahead := range map[string][]time.Duration{
		"clocks agree":                 {0},
		"one server is an hour ahead":  {0, time.Hour},
		"one server is an hour behind": {0, -time.Hour},
		"the clock is set back":        {time.Hour, time.Hour, time.Hour, time.Hour, 0, -time.Hour},
		"the clock is set ahead":       {-time.Hour, -time.Hour, 0, 0, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			once := run(t, clocked(ahead...), nil, incremental(""))
			require.Equal(t, "account COMPLETE", once.last())
			again := run(t, clocked(ahead...), nil, incremental(once.lastState()))
			all := append(once.records(), again.records()...)
			requireRisingCursors(t, all)
			assert.Len(t, all, 3+2+2+2)
		})
	}
}

func TestNoCursorFallsWhereverAReadIsCutOff(t *testing.T) {
	complete := run(t, clocked(time.Hour), nil, incremental(""))
	state, saved := "", 0
	for i, m := range complete.messages {
		if _, rest, found := strings.Cut(m, " STATE "); found {
			_, state, _ = strings.Cut(rest, " ")
			saved++
		}
		t.Run(fmt.Sprintf("after message %d, %d states", i, saved), func(t *testing.T) {
			s := clocked(-time.Hour)
			if saved > 0 { // the first request only finds out that there are several pages
				s.responses[first] = s.responses[first][1:]
			}
			s.rows["a2"] = false
			next := run(t, s, nil, incremental(state))
			require.Equal(t, "account COMPLETE", next.last())
			requireRisingCursors(t, append(outcome{messages: complete.messages[:i+1]}.records(), next.records()...))
		})
	}
}
