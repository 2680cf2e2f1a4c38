package model_test

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// versions are the versions of rows, by table and key.
type versions map[string]map[string]string

// takeBackup keeps the environment as it is now.
func (w *world) takeBackup() { w.backup = w.environment.Backup() }

// restoreBackup puts the backup in place of the environment's rows, under the same organization id. Where it is
// overtaken, its versions continue above all that were seen before.
func (w *world) restoreBackup(overtaken bool) {
	before := map[string]map[string]map[string]json.RawMessage{}
	w.former = versions{}
	for _, table := range streams {
		before[table] = maps.Collect(w.environment.Rows(table))
		w.former[table] = map[string]string{}
		for id, row := range before[table] {
			w.former[table][id] = string(row["versionnumber"])
		}
	}
	ahead, top := int64(0), w.environment.Version()
	if overtaken {
		ahead = top
	}
	w.environment.Restore(w.backup, ahead)
	w.open, w.blind = nil, w.switches.notes.incremental
	w.lose(streams...)
	for _, table := range streams {
		after := maps.Collect(w.environment.Rows(table))
		differs := w.touchDifferences(table, before[table], after)
		if h := w.history[table]; h != nil {
			h.restored(w, table, after, differs, min(top, w.environment.Version()))
		}
	}
	w.outrunClocks(true)
}

// touchDifferences notes the rows that a restored backup changes, and reports whether there are any.
func (w *world) touchDifferences(table string, before, after map[string]map[string]json.RawMessage) (differs bool) {
	touch := func(id string) {
		differs = true
		w.touch(table, id)
	}
	for id, row := range before {
		same := func(a, b json.RawMessage) bool { return string(a) == string(b) }
		if _, exists := after[id]; !exists {
			touch(id)
			w.deleted[table][id] = w.clock.now()
		} else if !maps.EqualFunc(row, after[id], same) {
			touch(id)
		}
	}
	for id := range after {
		if _, existed := before[id]; !existed {
			touch(id)
		}
	}
	return differs
}

// restored notes that a backup was restored whose versions continue from the given one. The connector has to notice it
// by the newest row of its state, which has another version now or is gone: the trial leaves this row alone until then.
// Where the state has no such row, or the row is in the backup too, nothing distinguishes the histories.
func (h *history) restored(w *world, stream string, rows map[string]map[string]json.RawMessage, differs bool, version int64) {
	var state struct {
		DeltaLink string `json:"delta_link"`
		Newest    struct {
			Key     string `json:"key"`
			Version string `json:"version"`
		} `json:"newest_row"`
	}
	// A state that is missing has no such row either.
	_ = json.Unmarshal(w.destination.State(stream), &state)
	if newest := state.Newest; newest.Key != "" && string(rows[newest.Key]["versionnumber"]) != newest.Version {
		h.newestKey = newest.Key
		return
	}
	token := int64(0)
	if parts := deltaLink.FindStringSubmatch(state.DeltaLink); parts != nil {
		token, _ = strconv.ParseInt(parts[2], 10, 64)
	}
	if differs || token > version {
		h.unnoticed = w.clock.right()
		if w.switches.drift { // tokens of before may be dated an hour later, and those of after are dated two hours later
			h.unnoticed = h.unnoticed.Add(90 * time.Minute)
		}
	}
}

// setApart changes a row once more if its version is by chance the one that it had before a backup was restored: nobody
// could distinguish such versions.
func (w *world) setApart(table, id string, row simulator.Row) error {
	if w.former[table][id] == "" || w.former[table][id] != strconv.FormatInt(w.environment.Version(), 10) {
		return nil
	}
	return w.environment.Update(table, id, row)
}
