package webapi

import (
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

// associate joins or parts rows by $ref: through a lookup's navigation property, or through an N:N relationship, whose
// rows are those of an intersect table (Microsoft, "Associate and disassociate table rows using the Web API").
func associate(db *rows.Database, j *rows.Journal, c *call) (*odata.Reply, *odata.Error) {
	r, refusal := readable(db, c)
	if refusal != nil {
		return nil, refusal
	}
	name := strings.TrimSuffix(c.rest, "/$ref")
	if column := edit.Navigation(c.store, name); column != nil {
		return refer(db, j, c, r, name)
	}
	name, inside, keyed := strings.Cut(strings.TrimSuffix(name, ")"), "(")
	between := relationship(db, c.store, name)
	if between == nil {
		return nil, odata.NotFound(name)
	}
	if c.http.Method == http.MethodDelete {
		other := otherSide(between, db, c.store)
		if !keyed {
			return nil, odata.BadQuery("The row to part from must be named.")
		}
		key, refusal := edit.ParseKey(other, inside)
		if refusal != nil {
			return nil, refusal
		}
		return separate(db, j, between, c.store, r.ID, other, key.ID)
	}
	if c.http.Method != http.MethodPost {
		return nil, odata.WrongMethod(c.http.Method)
	}
	to, key, refusal := target(db, c)
	if refusal != nil {
		return nil, refusal
	}
	return join(db, j, between, c.store, r.ID, to, key.ID)
}

// refer sets a lookup by PUT, or clears it by DELETE.
func refer(db *rows.Database, j *rows.Journal, c *call, r rows.Ref, name string) (*odata.Reply, *odata.Error) {
	made := edit.Edit{Values: map[string]rows.Value{}}
	raw := []byte("null")
	switch c.http.Method {
	case http.MethodPut:
		to, key, refusal := target(db, c)
		if refusal != nil {
			return nil, refusal
		}
		raw = odata.AppendQuoted(nil, to.Table.EntitySetName+"("+key.ID.String()+")")
	case http.MethodDelete:
	default:
		return nil, odata.WrongMethod(c.http.Method)
	}
	if refusal := edit.BindReference(db, c.store, &made, name, raw); refusal != nil {
		return nil, refusal
	}
	if _, refusal := edit.Change(db, j, c.store, r, made); refusal != nil {
		return nil, refusal
	}
	return odata.NewReply(http.StatusNoContent), nil
}

// target reads {"@odata.id":"<address of a row>"} and finds the row.
func target(db *rows.Database, c *call) (*rows.Store, *edit.RowKey, *odata.Error) {
	members, refusal := edit.ObjectMembers(c.store.Table.EntitySetName, c.body)
	if refusal != nil {
		return nil, nil, refusal
	}
	for _, m := range members {
		if m.Name != "@odata.id" {
			continue
		}
		to, key, refusal := edit.Resolve(db, odata.Plain(m.Raw))
		if refusal == nil && !to.Exists(key.ID) {
			refusal = edit.Absent(to, key)
		}
		return to, key, refusal
	}
	return nil, nil, odata.BadPayload(c.store.Table.EntitySetName, "A property annotation '@odata.id' was expected in the entity reference link.")
}

// relationship returns the intersect table of a navigation property: <table>_association, its own name, or the name that
// the relationship was made under.
func relationship(db *rows.Database, s *rows.Store, name string) *rows.Store {
	between := db.Stores[strings.TrimSuffix(name, "_association")]
	for _, other := range db.Stores {
		if other.Table.Relation == name {
			between = other
		}
	}
	if between == nil || !between.Table.Intersect || between.Table.Column(s.Table.PrimaryID) == nil {
		return nil
	}
	return between
}

// otherSide returns the table that an intersect table joins to the one given.
func otherSide(s *rows.Store, db *rows.Database, from *rows.Store) *rows.Store {
	for i := range s.Table.Columns {
		for _, parent := range db.Parents(&s.Table.Columns[i]) {
			if parent != from.Table.LogicalName {
				return db.Stores[parent]
			}
		}
	}
	return from
}

// joined finds the intersect row of two rows.
func joined(s *rows.Store, a *rows.Store, aID guid.ID, b *rows.Store, bID guid.ID) (rows.Ref, bool) {
	left, right := s.CellOf(a.Table.PrimaryID), s.CellOf(b.Table.PrimaryID)
	if left == nil || right == nil {
		return rows.Ref{}, false
	}
	for r := range s.From(guid.ID{}) {
		if query.OperandOf(s, r, left).Guid == aID && query.OperandOf(s, r, right).Guid == bID {
			return r, true
		}
	}
	return rows.Ref{}, false
}

func join(db *rows.Database, j *rows.Journal, between, a *rows.Store, aID guid.ID, b *rows.Store, bID guid.ID) (*odata.Reply, *odata.Error) {
	if between.Table.Column(b.Table.PrimaryID) == nil {
		return nil, odata.BadPayload(a.Table.EntitySetName, "'%s' does not join '%s' with '%s'.", between.Table.LogicalName, a.Table.LogicalName, b.Table.LogicalName)
	}
	if _, exists := joined(between, a, aID, b, bID); exists {
		return nil, edit.DuplicateKey()
	}
	made := edit.Edit{Values: map[string]rows.Value{
		a.Table.PrimaryID: {Json: odata.AppendQuoted(nil, aID.String())},
		b.Table.PrimaryID: {Json: odata.AppendQuoted(nil, bID.String())},
	}}
	if _, refusal := edit.Insert(db, j, between, made); refusal != nil {
		return nil, refusal
	}
	return odata.NewReply(http.StatusNoContent), nil
}

func separate(db *rows.Database, j *rows.Journal, between, a *rows.Store, aID guid.ID, b *rows.Store, bID guid.ID) (*odata.Reply, *odata.Error) {
	r, exists := joined(between, a, aID, b, bID)
	if !exists {
		return nil, edit.NoSuchRow(b, bID)
	}
	edit.Remove(db, j, between, r)
	return odata.NewReply(http.StatusNoContent), nil
}
