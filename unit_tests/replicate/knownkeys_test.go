package replicate_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
)

// guid is a key as Dataverse makes them: one after the other.
func guid(i int) string { return fmt.Sprintf("%08x-5c4f-ef11-a316-000d3a1b2c3d", 0x7ea10000+i) }

// rowsOf are accounts with consecutive keys.
func rowsOf(from, to int) []string {
	var rows []string
	for i := from; i < to; i++ {
		rows = append(rows, row(guid(i), "2026-03-01T00:00:00Z"))
	}
	return rows
}

// onePage is a table of one page whose changes since version 90 cannot be retrieved.
func onePage(rows []string) *service {
	s := script(map[dataverse.Link]response{first: {rows: rows, delta: changesSince(100)}, changesSince(90): {err: expired()}})
	for _, row := range rows {
		var parsed struct{ AccountID string }
		if json.Unmarshal([]byte(row), &parsed) == nil {
			s.rows[parsed.AccountID] = true
		}
	}
	return s
}

// afterSnapshot is the state after a snapshot, with a token that has expired.
func afterSnapshot(t *testing.T, rows []string) string {
	t.Helper()
	got := run(t, onePage(rows), nil, incremental(""))
	require.Equal(t, "account COMPLETE", got.last())
	return strings.ReplaceAll(got.lastState(), escaped(changesSince(100)), escaped(changesSince(90)))
}

func TestRowsDeletedWhileNoChangesWereFollowedAreFound(t *testing.T) {
	state := afterSnapshot(t, rowsOf(0, 5))
	s := onePage(rowsOf(2, 7))
	got := run(t, s, nil, incremental(state))
	var want []string
	for i := 2; i < 7; i++ {
		want = append(want, record(guid(i), afterNoon))
	}
	assert.Equal(t, append(want, tombstone(guid(0), "2026-04-01T12:00:00.000002Z"), tombstone(guid(1), "2026-04-01T12:00:00.000002Z")), got.records())
	assert.NotContains(t, got.lastState(), "deletions_unknown_since")
	assert.NotContains(t, got.log, "may remain")
	assert.Contains(t, got.log, "are found by their keys")

	// The known keys have followed: the next deletions are found too.
	got = run(t, onePage(rowsOf(4, 5)), nil, incremental(strings.ReplaceAll(got.lastState(), escaped(changesSince(100)), escaped(changesSince(90)))))
	assert.Len(t, got.records(), 1+4)
}

func TestAnInterruptedReconcileContinues(t *testing.T) {
	complete := run(t, onePage(rowsOf(400, 401)), nil, incremental(afterSnapshot(t, rowsOf(0, 401))))
	require.Len(t, complete.records(), 401)
	for i, state := range complete.states() {
		t.Run(fmt.Sprintf("state %d", i), func(t *testing.T) {
			s := onePage(rowsOf(400, 401))
			for _, link := range []dataverse.Link{changesSince(100)} {
				s.responses[link] = []response{{delta: changesSince(101)}}
			}
			got := run(t, s, nil, incremental(state))
			assert.Equal(t, "account COMPLETE", got.last())
			deleted := map[string]bool{}
			before := 0
			for _, m := range complete.messages {
				if strings.Contains(m, " STATE ") {
					if before++; before > i {
						break
					}
				}
				note(deleted, m)
			}
			for _, m := range got.records() {
				note(deleted, m)
			}
			assert.Len(t, deleted, 400, "each deletion stands before the state or comes after it")
			assert.NotContains(t, got.lastState(), "deletions_unknown_since")
		})
	}
}

// note keeps the key of a deletion.
func note(deleted map[string]bool, message string) {
	if strings.Contains(message, " RECORD ") && strings.Contains(message, `"_ab_cdc_deleted_at":"`) {
		deleted[message[:60]] = true
	}
}

func TestTheKnownKeysFollowChanges(t *testing.T) {
	const later = "2026-04-01T12:00:00.000002Z"
	got := run(t, onePage(rowsOf(0, 3)), nil, incremental(""))
	s := script(map[dataverse.Link]response{changesSince(100): {rows: []string{rowsOf(3, 4)[0], gone(guid(0))}, delta: changesSince(101)}})
	got = run(t, s, nil, incremental(got.lastState()))
	s = onePage(nil)
	s.responses[changesSince(101)] = []response{{err: expired()}}
	got = run(t, s, nil, incremental(got.lastState()))
	assert.Equal(t, requests(false, guid(1), guid(2), guid(3)), s.lookedUp)
	assert.Equal(t, []string{tombstone(guid(1), later), tombstone(guid(2), later), tombstone(guid(3), later)}, got.records())
}

func TestRowsSentBeforeAnInterruptionAreKnownKeys(t *testing.T) {
	got := run(t, onePage(rowsOf(0, 1)), nil, incremental(""))
	s := script(map[dataverse.Link]response{changesSince(100): {rows: rowsOf(1, 2), delta: changesSince(101)}})
	ahead := run(t, s, nil, incremental(got.lastState())).states()[0]
	s = onePage(nil)
	s.responses[changesSince(100)] = []response{{err: expired()}}
	got = run(t, s, nil, incremental(ahead))
	assert.Equal(t, requests(false, guid(0), guid(1)), s.lookedUp)
	assert.Len(t, got.records(), 2)
}

// scattered are accounts whose keys have nothing in common.
func scattered(count int) []string {
	rows := make([]string, count)
	for i := range rows {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		rows[i] = row(fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]), "2026-03-01T00:00:00Z")
	}
	return rows
}

func TestTooManyKnownKeysLeaveDeletionsUnknown(t *testing.T) {
	for name, rows := range map[string][]string{
		"too many keys to pack":      scattered(3500),
		"too many keys to look for":  rowsOf(0, 20001),
		"keys that are no GUID":      {row("a1", "2026-03-01T00:00:00Z")},
		"keys almost, but not GUIDs": {row("00000000-0000-0000-0000-00000000000-", "2026-03-01T00:00:00Z")},
	} {
		t.Run(name, func(t *testing.T) {
			state := afterSnapshot(t, rows)
			assert.False(t, strings.Contains(state, "known_keys"), "%.300s", state)
			got := run(t, onePage(nil), nil, incremental(state))
			assert.Empty(t, got.records())
			assert.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`)
			assert.Contains(t, got.log, "may remain in the destination")
		})
	}
}

func TestThousandsOfKnownKeysFitIntoTheState(t *testing.T) {
	for name, rows := range map[string][]string{"scattered": scattered(3000), "one after the other": rowsOf(0, 20000)} {
		t.Run(name, func(t *testing.T) {
			state := afterSnapshot(t, rows)
			assert.True(t, strings.Contains(state, `"known_keys":`), "%.300s", state)
			assert.Less(t, len(state), 66<<10)
		})
	}
}

func TestATableThatOutgrewItsKnownKeysHasUnknownDeletions(t *testing.T) {
	state := afterSnapshot(t, rowsOf(0, 2))
	got := run(t, onePage(scattered(3500)), nil, incremental(state))
	assert.True(t, strings.Contains(got.lastState(), "deletions_unknown_since"), "%.300s", got.lastState())
	assert.Contains(t, got.log, "may remain in the destination")
}

func TestFoundDeletionsThatCannotBeSentBringAWarning(t *testing.T) {
	stream := incremental(afterSnapshot(t, rowsOf(0, 2)))
	delete(stream.Configured.Columns, catalog.DeletedAt)
	got := run(t, onePage(nil), nil, stream)
	assert.Empty(t, got.records())
	assert.Contains(t, got.log, "Rows were deleted, but the configured catalog lacks")
}

func TestFoundDeletionsAreSentOnceTheCatalogHasTheirColumn(t *testing.T) {
	narrow := incremental(afterSnapshot(t, rowsOf(0, 2)))
	delete(narrow.Configured.Columns, catalog.DeletedAt)
	s := onePage(rowsOf(1, 2))
	s.responses[changesSince(100)] = []response{{delta: changesSince(100)}, {delta: changesSince(100)}, {delta: changesSince(100)}}
	got := run(t, s, nil, narrow)
	require.Zero(t, got.failed, got.messages)
	require.Contains(t, got.lastState(), "deletions_unknown_since")
	require.Contains(t, got.log, "may remain in the destination")

	narrow.State = []byte(got.lastState())
	got = run(t, s, nil, narrow)
	require.Zero(t, got.failed, got.messages)
	require.Contains(t, got.lastState(), "deletions_unknown_since", "nor at the next sync")

	got = run(t, s, nil, incremental(got.lastState()))
	require.Zero(t, got.failed, got.messages)
	require.Len(t, got.records(), 1)
	assert.Contains(t, got.records()[0], guid(0))
	assert.NotContains(t, got.lastState(), "deletions_unknown_since")
	assert.NotContains(t, got.log, "may remain")
}

func TestUnsentDeletionsAreSentOnceTheCatalogHasTheirColumn(t *testing.T) {
	s := onePage(rowsOf(0, 2))
	s.responses[changesSince(100)] = []response{{rows: []string{gone(guid(0))}, delta: changesSince(101)}}
	s.responses[changesSince(101)] = []response{{delta: changesSince(101)}}
	delete(s.rows, guid(0))
	narrow := incremental(run(t, s, nil, incremental("")).lastState())
	delete(narrow.Configured.Columns, catalog.DeletedAt)
	got := run(t, s, nil, narrow)
	require.Empty(t, got.records())
	require.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`)
	require.Contains(t, got.log, "may remain in the destination")

	got = run(t, s, nil, incremental(got.lastState()))
	require.Zero(t, got.failed, got.messages)
	require.Len(t, got.records(), 1)
	assert.Contains(t, got.records()[0], guid(0))
	assert.NotContains(t, got.lastState(), "deletions_unknown_since")
}
