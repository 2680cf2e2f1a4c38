package model_test

import (
	"maps"
	"math/rand/v2"
	"slices"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// removeColumn removes a column in the environment. One stays beside those that the service keeps.
func (w *world) removeColumn(r *rand.Rand, table string) error {
	t, _ := w.environment.Table(table)
	var names []string
	for _, c := range t.Columns {
		if !kept(t, c.LogicalName) && c.Type != schema.Uniqueidentifier && c.Type != schema.Owner {
			names = append(names, c.LogicalName)
		}
	}
	if len(names) < 2 {
		return nil
	}
	w.lost[table] = true
	return w.environment.RemoveColumn(table, names[r.IntN(len(names))])
}

// addColumn adds a column in the environment, a new one or one that was removed, and to the catalog.
func (w *world) addColumn(r *rand.Rand, table string) error {
	t, _ := w.environment.Table(table)
	columns := []schema.Column{added(table)}
	for _, defined := range w.switches.notes.shape(tables()) {
		if defined.LogicalName == table {
			columns = append(columns, defined.Columns...)
		}
	}
	columns = slices.DeleteFunc(columns, func(c schema.Column) bool { return t.Column(c.LogicalName) != nil })
	if len(columns) == 0 {
		return nil
	}
	column := columns[r.IntN(len(columns))]
	for _, name := range w.properties(column) {
		if _, known := w.offered[table][name]; !known {
			w.offered[table][name] = destination.Property{Type: []string{"null", "integer"}}
		}
		w.catalog.Stream(table).Stream.JSONSchema.Properties[name] = w.offered[table][name]
		w.selected[table][name] = w.events
	}
	return w.environment.AddColumn(table, column)
}

// deselect removes a column from the catalog. The key and the columns of change data capture stay.
func (w *world) deselect(r *rand.Rand, table string) {
	stream := w.catalog.Stream(table)
	always := []string{table + "id", destination.UpdatedAt, destination.DeletedAt}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(stream.Stream.JSONSchema.Properties)), func(name string) bool {
		return slices.Contains(always, name)
	})
	if len(names) > 1 {
		stream.Deselect(names[r.IntN(len(names))])
	}
}

// selectAll selects every column again.
func (w *world) selectAll(table string) {
	properties := w.catalog.Stream(table).Stream.JSONSchema.Properties
	for name, property := range w.offered[table] {
		if _, there := properties[name]; !there {
			properties[name] = property
			w.selected[table][name] = w.events
		}
	}
}
