package model_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// world is an environment, a destination with its platform, and what is needed to compare them.
type world struct {
	switches    switches
	clock       *clock
	environment *simulator.Environment
	backup      *simulator.Backup
	former      versions // of the rows before the backup was restored
	destination *destination.Destination
	platform    *destination.Platform
	history     map[string]*history // by tracked stream
	statesLost  bool                // the platform lost states of the last read
	catalog     destination.Catalog
	offered     map[string]map[string]destination.Property // the columns that can be selected, by stream
	events      int                                        // how many steps and changes there were
	changed     map[string]map[string]int                  // by table and row: the event that changed it last
	deleted     map[string]map[string]time.Time            // by table and row: when it was deleted last
	selected    map[string]map[string]int                  // by stream and column: the event since which it is selected
	lost        map[string]bool                            // the tables that lost a column since the read began
	removed     map[string]bool                            // the tables that are gone
	open        []openTransaction                          // transactions that are not committed
	blind       bool                                       // the table without change tracking cannot be compared since a backup was restored
	failed      error                                      // of a step
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed>>7)) }

// do carries out a step that is no read.
func (w *world) do(s step) {
	s = w.harmless(s)
	w.events++
	w.advance(time.Duration(1+s.seed%90) * time.Second)
	if w.removed[s.table] {
		return
	}
	r := random(s.seed)
	var err error
	switch s.kind {
	case change:
		err = w.changeRows(r, s.table, s.n)
	case imported:
		days := []time.Duration{-400, -3, 3, 400}[r.IntN(4)]
		w.clock.importing(days*24*time.Hour, func() { err = w.importRows(r, s.table, s.n) })
	case purge:
		err = w.purge(r, s.table)
	case expire:
		w.lose(s.table)
		w.environment.Expire(s.table)
	case rename:
		err = w.environment.SetEntitySet(s.table, fmt.Sprintf("%ss%d", s.table, w.events))
	case removeColumn:
		w.lose(s.table)
		err = w.removeColumn(r, s.table)
	case addColumn:
		w.lose(s.table)
		err = w.addColumn(r, s.table)
	case deselect:
		w.deselect(r, s.table)
	case selectAll:
		w.selectAll(s.table)
	case pause:
		w.advance(time.Duration(s.n) * 24 * time.Hour)
	case copied:
		w.lose(streams...)
		w.environment.SetOrganization(fmt.Sprintf("%08x-0000-4000-8000-000000000000", w.events))
	case restrict:
		w.environment.SetReadDepth(s.table, schema.Local)
	case grant:
		w.environment.SetReadDepth(s.table, schema.Global)
	case untrack, track:
		err = w.track(s.table, s.kind == track)
	case remove:
		w.removed[s.table] = true
		err = w.environment.RemoveTable(s.table)
	case backup:
		w.takeBackup()
	case restore:
		w.restoreBackup(s.overtakes())
	case outgrow, newerToken, python:
		err = w.rewrite(s.table, s.kind)
	case clearData, refresh, retain, backfill, forget:
		err = w.dropState(s.table, s.kind)
	case hold:
		err = w.holdRows(r, s.table, s.n)
	case commit:
		w.commitRows()
	case read, move: // they need the connector
	}
	if err != nil && w.failed == nil {
		w.failed = fmt.Errorf("%s: %w", s, err)
	}
}

// purge deletes a third of the rows.
func (w *world) purge(r *rand.Rand, table string) error {
	ids := w.candidates(table)
	for range min(len(w.environment.IDs(table))/3+1, len(ids)) {
		at := r.IntN(len(ids))
		if err := w.deleteRow(table, ids[at]); err != nil {
			return err
		}
		ids = slices.Delete(ids, at, at+1)
	}
	return nil
}

func (w *world) changeRows(r *rand.Rand, table string, n int) error {
	for range n {
		var err error
		switch p := r.IntN(10); {
		case p < 3:
			_, err = w.create(r, table, nil)
		case p < 6:
			err = w.update(r, table)
		case p < 8:
			err = w.delete(r, table)
		case p < 9:
			err = w.recreate(r, table)
		default: // a row that no read sees
			var id string
			if id, err = w.create(r, table, nil); err == nil {
				err = w.deleteRow(table, id)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) importRows(r *rand.Rand, table string, n int) error {
	for range n {
		err := w.update(r, table)
		if one(r, 3) {
			_, err = w.create(r, table, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) create(r *rand.Rand, table string, key simulator.Row) (string, error) {
	row := w.values(r, table)
	maps.Copy(row, key)
	id, err := w.environment.Create(table, row)
	w.touch(table, id)
	if err == nil {
		err = w.setApart(table, id, row)
	}
	return id, err
}

func (w *world) update(r *rand.Rand, table string) error {
	id := w.pick(r, table)
	if id == "" {
		return nil
	}
	w.touch(table, id)
	row := w.values(r, table)
	if err := w.environment.Update(table, id, row); err != nil {
		return err
	}
	return w.setApart(table, id, row)
}

func (w *world) delete(r *rand.Rand, table string) error {
	if id := w.pick(r, table); id != "" {
		return w.deleteRow(table, id)
	}
	return nil
}

func (w *world) deleteRow(table, id string) error {
	w.touch(table, id)
	w.deleted[table][id] = w.clock.now()
	return w.environment.Delete(table, id)
}

// recreate deletes a row and creates one with its key.
func (w *world) recreate(r *rand.Rand, table string) error {
	id := w.pick(r, table)
	if id == "" {
		return nil
	}
	if err := w.deleteRow(table, id); err != nil {
		return err
	}
	_, err := w.create(r, table, simulator.Row{table + "id": id})
	return err
}

func (w *world) touch(table, id string) {
	w.events++
	w.changed[table][id] = w.events
}

// pick chooses a row, "" if there is none.
func (w *world) pick(r *rand.Rand, table string) string {
	ids := w.candidates(table)
	if len(ids) == 0 {
		return ""
	}
	return ids[r.IntN(len(ids))]
}

// candidates returns the ids of the rows that a trial may change, sorted.
func (w *world) candidates(table string) []string {
	ids := w.environment.IDs(table)
	if h := w.history[table]; h != nil {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == h.newestKey })
	}
	slices.Sort(ids)
	return ids
}

// values draws the values of a row, for all columns that a client may write.
func (w *world) values(r *rand.Rand, table string) simulator.Row {
	t, _ := w.environment.Table(table)
	row := simulator.Row{}
	for _, c := range t.Columns {
		if !kept(t, c.LogicalName) {
			row[c.Property()] = w.value(r, c)
		}
	}
	return row
}

func (w *world) value(r *rand.Rand, c schema.Column) any {
	switch c.Type { //nolint:exhaustive // the tables have no others
	case schema.Picklist, schema.MultiSelectPicklist, schema.Boolean:
		return code(r, c.Type)
	case schema.Lookup, schema.Owner:
		return w.target(r, c)
	case schema.Integer:
		return r.IntN(1 << 20)
	case schema.Decimal:
		return json.Number(fmt.Sprintf("%d.%02d", r.IntN(1<<20), r.IntN(100)))
	case schema.DateTime:
		return time.Date(2020+r.IntN(9), 1, 1+r.IntN(300), r.IntN(24), 0, 0, 0, time.UTC).Format(time.RFC3339)
	case schema.Uniqueidentifier:
		return fmt.Sprintf("%08x-1111-4111-8111-%012x", r.Uint32(), r.Uint32())
	default:
		return strings.Repeat([]string{"a", "Zoë", "\u2028", "\"", "日", "<"}[r.IntN(6)], r.IntN(4)) + fmt.Sprint(r.IntN(1000))
	}
}
