package replicate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

const (
	fixtureSelect = "accounts?$select=accountid,modifiedon,name"
	fixtureLedger = "qqurW7hwIQMDAwMjU0xMjL+///v37wUFBRcvXiwmJsbAwMDLy2tlZSUtLa2jo2NrawsIAAD//w==" // three keys
	fixtureToken  = fixtureSelect + "&$deltatoken=919058%2108%2f22%2f2017%2008%3a21%3a20"
)

// fixtures are states that a version of this connector has written. Files once here stay, whatever version is current.
func fixtures(t *testing.T) map[string]replicate.State {
	t.Helper()
	held, err := replicate.ParseState(json.RawMessage(`{"version":2,"phase":"delta","link":"accounts","ledger":"` + fixtureLedger + `"}`))
	require.NoError(t, err)
	issued := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	with := func(version int, change func(*replicate.State)) replicate.State {
		s := replicate.State{Version: version, Greatest: april, Organization: organization}
		change(&s)
		return s
	}
	return map[string]replicate.State{
		"v1_full": with(1, func(s *replicate.State) {
			s.Phase, s.Job = replicate.Full, "77"
			s.Link = fixtureSelect + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520page%253d%25221%2522%22%20/%3E"
		}),
		"v1_full_complete": with(1, func(s *replicate.State) {
			s.Phase, s.Job, s.Complete = replicate.Full, "77", true
		}),
		"v1_initial": with(1, func(s *replicate.State) {
			s.Phase, s.Link = replicate.Initial, fixtureSelect+"&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"
		}),
		"v1_initial_second": with(1, func(s *replicate.State) {
			s.Phase, s.Link, s.Rising = replicate.Initial, fixtureSelect+"&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E", true
		}),
		"v1_delta": with(1, func(s *replicate.State) {
			s.Phase, s.Link, s.Issued = replicate.Delta, fixtureToken, issued
		}),
		"v1_delta_middle": with(1, func(s *replicate.State) {
			s.Phase, s.Begin, s.Issued = replicate.Delta, fixtureToken, issued
			s.Link = fixtureSelect + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20istracking=%22True%22%20/%3E"
		}),
		"v2_full": with(2, func(s *replicate.State) {
			s.Phase, s.Job, s.Restarts = replicate.Full, "77", 1
			s.Link = fixtureSelect + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"
		}),
		"v2_keys": with(2, func(s *replicate.State) {
			s.Phase, s.Link, s.Issued = replicate.Keys, "accounts?$select=accountid&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E", issued
		}),
		"v2_initial": with(2, func(s *replicate.State) {
			s.Phase, s.Link, s.Begin, s.Issued = replicate.Initial, fixtureSelect, fixtureToken, issued
		}),
		"v2_initial_second": with(2, func(s *replicate.State) {
			s.Phase, s.Link, s.Begin, s.Issued = replicate.Initial, fixtureSelect, fixtureToken, issued
			s.Rising, s.Gap = true, issued.AddDate(0, -1, 0)
		}),
		"v2_initial_bound": with(2, func(s *replicate.State) {
			s.Phase, s.Link, s.Bound, s.TokenOf, s.Issued = replicate.Initial, fixtureSelect+"&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E", 919058, replicate.FirstPage, issued
		}),
		"v2_delta_by_keys": with(2, func(s *replicate.State) {
			s.Phase, s.Link, s.Issued, s.ByKeys, s.TokenOf = replicate.Delta, "accounts?$select=accountid&$deltatoken=919058%2108%2f22%2f2017%2008%3a21%3a20", issued, true, replicate.LastPage
			s.Columns = []string{"accountid", "modifiedon", "name"}
		}),
		"v2_delta": with(2, func(s *replicate.State) {
			s.Phase, s.Link, s.Issued, s.Gap = replicate.Delta, fixtureToken, issued, issued.AddDate(0, -1, 0)
		}),
		"v2_delta_middle": with(2, func(s *replicate.State) {
			s.Phase, s.Begin, s.Issued, s.Restarts = replicate.Delta, fixtureToken, issued, 2
			s.Link = fixtureSelect + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20istracking=%22True%22%20/%3E"
		}),
		"v2_delta_ledger": with(2, func(s *replicate.State) {
			s.Phase, s.Link, s.Issued = replicate.Delta, fixtureToken, issued
			s.Ledger = held.Ledger
		}),
		"v2_reconcile": with(2, func(s *replicate.State) {
			s.Phase, s.Begin, s.Issued, s.Rising = replicate.Reconcile, fixtureToken, issued, true
			s.Ledger, s.Gap = held.Ledger, issued.AddDate(0, -1, 0)
		}),
		"v2_full_began": with(2, func(s *replicate.State) {
			s.Phase, s.Job, s.Complete, s.Began = replicate.Full, "77", true, issued
		}),
	}
}

func TestStatesOfEarlierVersionsStayReadable(t *testing.T) {
	all := fixtures(t)
	files, err := filepath.Glob("testdata/state/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(all))
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", "state", name+".json"))
			require.NoError(t, err)
			got, err := replicate.ParseState(raw)
			require.NoError(t, err)
			assert.Equal(t, want, *got)
		})
	}
}

func TestAStateIsWrittenAsItIsRead(t *testing.T) {
	for name, state := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", "state", name+".json"))
			require.NoError(t, err)
			written, err := state.Encode()
			require.NoError(t, err)
			assert.Equal(t, withoutKeys(t, strings.Replace(string(raw), `"version":1`, `"version":2`, 1)), withoutKeys(t, string(written)))
			if state.Ledger == nil {
				return
			}
			was, err := replicate.ParseState(raw)
			require.NoError(t, err)
			is, err := replicate.ParseState(written)
			require.NoError(t, err)
			assert.Equal(t, was.Ledger, is.Ledger, "the same keys, however they are packed")
		})
	}
}

// withoutKeys is a state without its ledger: how keys are packed may differ from one version of Go to the next.
func withoutKeys(t *testing.T, state string) string {
	t.Helper()
	require.True(t, json.Valid([]byte(state)))
	return regexp.MustCompile(`"ledger":"[^"]*",`).ReplaceAllString(state, "")
}

func TestAStateIsWrittenWithThePresentVersion(t *testing.T) {
	raw, err := replicate.State{Phase: replicate.Full}.Encode()
	require.NoError(t, err)
	assert.Equal(t, `{"version":2,"phase":"full"}`, string(raw))
}

func TestWhatIsNoState(t *testing.T) {
	for _, raw := range []string{
		``, `null`, `{}`, `"None"`, `{"$deltatoken":"None"}`, `{"$deltatoken":null}`, `{"$deltatoken":""}`,
		" \n{ }\t", `[]`, ` [ ] `, "\n\"None\" ", `" None "`, ` null `, ` {"$deltatoken": "None"} `,
		`{"__ab_no_cursor_state_message":true}`, `{"__ab_full_refresh_sync_complete":true}`,
	} {
		t.Run(raw+" is none", func(t *testing.T) {
			state, err := replicate.ParseState(json.RawMessage(raw))
			require.NoError(t, err)
			assert.Nil(t, state)

			s := trackedTable()
			run(t, s, nil, incremental(raw))
			assert.Equal(t, walkOf(), s.links(), "the stream is read from its start")
		})
	}
}

func TestAStateOfANewerConnectorIsRefused(t *testing.T) {
	_, err := replicate.ParseState(json.RawMessage(`{"version":3,"phase":"delta","position":[1]}`))
	var future *replicate.FutureStateError
	require.True(t, errors.As(err, &future))
	assert.Equal(t, 3, future.Version)
	assert.EqualError(t, err, "the saved state has version 3, and this version of the connector reads up to 2")

	for _, raw := range []string{`{"version":3,"phase":{}}`, `{"version":3,"ledger":{}}`, `{"version":3,"greatest":5}`, `{"$deltatoken":1,"version":3}`} {
		_, err := replicate.ParseState(json.RawMessage(raw))
		assert.ErrorAs(t, err, &future, raw)
	}

	s := trackedTable()
	got := run(t, s, nil, incremental(`{"version":3}`))
	assert.Equal(t, []string{
		"account STARTED",
		"account ERROR read the state of account: the saved state has version 3, and this version of the connector reads up to 2",
		"account INCOMPLETE",
	}, got.messages)
	assert.Empty(t, s.asked)
}

func TestAStateThatIsNotOursIsRefused(t *testing.T) {
	states := map[string]string{
		"a text":                    `"yesterday"`,
		"a number":                  `5`,
		"a list":                    `[1]`,
		"no JSON":                   `{"version":`,
		"a token of a wrong type":   `{"$deltatoken":5}`,
		"a version of a wrong type": `{"version":"1","phase":"full"}`,
		"an unknown phase":          `{"version":1,"phase":"cursor2"}`,
		"no phase":                  `{"version":1}`,
		"changes without a link":    `{"version":1,"phase":"delta"}`,
		"a cursor that is none":     `{"version":1,"phase":"full","greatest":"2026-04-01"}`,
		"a cursor too long":         `{"version":1,"phase":"full","greatest":"2026-04-01T00:00:00.0000000Z"}`,
		"a first page":              `{"version":2,"phase":"first","link":"accounts"}`,
		"a reading without a token": `{"version":2,"phase":"initial","link":"accounts"}`,
		"keys without a link":       `{"version":2,"phase":"keys"}`,
		"no keys to look for":       `{"version":2,"phase":"reconcile","begin":"accounts?$deltatoken=1"}`,
		"keys that are none":        `{"version":2,"phase":"delta","link":"accounts?$deltatoken=1","ledger":"?"}`,
		"keys that do not unpack":   `{"version":2,"phase":"delta","link":"accounts?$deltatoken=1","ledger":"AAAA"}`,
		"half a key":                `{"version":2,"phase":"delta","link":"accounts?$deltatoken=1","ledger":"SkxKTgYA"}`,
		"nobody's":                  `{"modifiedon":"2024"}`,
		"a version of nothing":      `{"version":0,"phase":"full"}`,
		"a version below nothing":   `{"version":-3,"phase":"full"}`,
		"an issue that is none":     `{"version":1,"phase":"full","issued":"now"}`,
	}
	for name, raw := range states {
		t.Run(name, func(t *testing.T) {
			_, err := replicate.ParseState(json.RawMessage(raw))
			require.ErrorIs(t, err, replicate.ErrBadState)
			got := run(t, script(nil), nil, incremental(raw))
			assert.Equal(t, "account INCOMPLETE", got.last())
			assert.Empty(t, got.states(), "the state stays as it was")
		})
	}
}

func TestTheStateOfAWideTableStaysSmall(t *testing.T) {
	stream := incremental("")
	for i := range 300 {
		name := fmt.Sprintf("contoso_somecolumn%06d", i)
		stream.Table.Columns = append(stream.Table.Columns, dataverse.Column{Property: name, Type: dataverse.String})
		stream.Configured.Columns[name] = protocol.Property{Type: []string{"null", "string"}}
	}
	wide := dataverse.NewLink("accounts", selectedOf(stream))
	begin := dataverse.NewDeltaLink("accounts", selectedOf(stream), token(100))
	s := script(map[dataverse.Link]answer{
		wide:  {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: begin},
		begin: {rows: []string{row("a1", "2026-03-01T00:00:00Z")}, next: wide + "&$skiptoken=2"},
	})
	s.answers[wide+"&$skiptoken=2"] = []answer{{context: "x/$delta", delta: begin}}
	states := run(t, s, nil, stream).states()
	stream.State = []byte(states[len(states)-1])
	for _, state := range append(states, run(t, s, nil, stream).states()...) {
		assert.Less(t, len(state), 16<<10)
	}
}

func selectedOf(s replicate.Stream) []string {
	columns := []string{"modifiedon"}
	for name := range s.Configured.Columns {
		if !strings.HasPrefix(name, "_ab_") {
			columns = append(columns, name)
		}
	}
	slices.Sort(columns)
	return columns
}
