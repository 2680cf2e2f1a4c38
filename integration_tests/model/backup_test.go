package model_test

import (
	"encoding/json"
	"maps"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// versions are the versions of rows, by table and key.
type versions map[string]map[string]string

// takeBackup keeps the environment as it is now.
func (w *world) takeBackup() { w.backup = w.environment.Backup() }

// restoreBackup puts the backup in the place of the environment's rows, under the same organization id. Where it is
// overtaken, its versions go on above all that were seen before.
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
	ahead := int64(0)
	if overtaken {
		ahead = w.environment.Version()
	}
	w.environment.Restore(w.backup, ahead)
	w.lose(streams...)
	for _, table := range streams {
		after := maps.Collect(w.environment.Rows(table))
		for id, row := range before[table] {
			if _, exists := after[id]; !exists {
				w.touch(table, id)
				w.deleted[table][id] = w.clock.now()
			} else if !maps.EqualFunc(row, after[id], func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
				w.touch(table, id)
			}
		}
		for id := range after {
			if _, existed := before[table][id]; !existed {
				w.touch(table, id)
			}
		}
	}
}

// setApart changes a row once more if its version is by chance the one that it had before a backup was restored: nobody
// could tell such versions apart.
func (w *world) setApart(table, id string, row simulator.Row) error {
	if w.former[table][id] == "" || w.former[table][id] != strconv.FormatInt(w.environment.Version(), 10) {
		return nil
	}
	return w.environment.Update(table, id, row)
}
