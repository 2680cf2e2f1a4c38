package model_test

import (
	"math/rand/v2"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The tables that lookups refer to. No stream reads them.
const (
	users = "systemuser"
	teams = "team"
)

// about is a lookup that refers to rows of several tables.
func about(table string) schema.Column { return owner(table+"_about", schema.Lookup, teams, users) }

// owner is a column of one of the lookup types.
func owner(name string, typ schema.ColumnType, targets ...string) schema.Column {
	return schema.Column{LogicalName: name, SchemaName: name, Type: typ, Targets: targets}
}

// target draws the row that a lookup refers to. Every row has an owner; any other lookup may be null.
func (w *world) target(r *rand.Rand, c schema.Column) any {
	ids := slices.Concat(w.environment.IDs(users), w.environment.IDs(teams))
	if c.Type != schema.Owner && one(r, 4) {
		return nil
	}
	return ids[r.IntN(len(ids))]
}

// properties returns the properties of a stream that belong to a column: it, and its label or the type of a lookup to several
// tables.
func (w *world) properties(c schema.Column) []string {
	if w.switches.labels.on && len(c.Options) > 0 {
		return []string{c.Property(), c.Property() + "_label"}
	}
	if w.switches.types && c.IsLookup() && len(c.Targets) > 1 {
		return []string{c.Property(), c.Property() + "_type"}
	}
	return []string{c.Property()}
}
