package simulator

import (
	"net/http"
	"strings"
)

// associate joins or parts rows by $ref: through a lookup's navigation property, or through an N:N relationship, whose
// rows are those of an intersect table (Microsoft, "Associate and disassociate table rows using the Web API").
func (e *Environment) associate(j *journal, c *call) (*reply, *apiError) {
	r, refusal := e.readable(c)
	if refusal != nil {
		return nil, refusal
	}
	name := strings.TrimSuffix(c.rest, "/$ref")
	if column := c.store.navigation(name); column != nil {
		return e.refer(j, c, r, name)
	}
	name, inside, keyed := strings.Cut(strings.TrimSuffix(name, ")"), "(")
	between := e.relationship(c.store, name)
	if between == nil {
		return nil, notFound(name)
	}
	if c.http.Method == http.MethodDelete {
		other := between.otherSide(e, c.store)
		if !keyed {
			return nil, badQuery("The row to part from must be named.")
		}
		key, refusal := other.parseKey(inside)
		if refusal != nil {
			return nil, refusal
		}
		return e.part(j, between, c.store, r.id, other, key.id)
	}
	if c.http.Method != http.MethodPost {
		return nil, wrongMethod(c.http.Method)
	}
	to, key, refusal := e.target(c)
	if refusal != nil {
		return nil, refusal
	}
	return e.join(j, between, c.store, r.id, to, key.id)
}

// refer sets a lookup by PUT, or clears it by DELETE.
func (e *Environment) refer(j *journal, c *call, r ref, name string) (*reply, *apiError) {
	made := edit{values: map[string]storedValue{}}
	raw := []byte("null")
	switch c.http.Method {
	case http.MethodPut:
		to, key, refusal := e.target(c)
		if refusal != nil {
			return nil, refusal
		}
		raw = appendQuoted(nil, to.table.EntitySetName+"("+key.id.String()+")")
	case http.MethodDelete:
	default:
		return nil, wrongMethod(c.http.Method)
	}
	if refusal := e.bindReference(c.store, &made, name, raw); refusal != nil {
		return nil, refusal
	}
	if _, refusal := e.update(j, c.store, r, made); refusal != nil {
		return nil, refusal
	}
	return newReply(http.StatusNoContent), nil
}

// target reads {"@odata.id":"<address of a row>"} and finds the row.
func (e *Environment) target(c *call) (*store, *rowKey, *apiError) {
	members, refusal := objectMembers(c.store.table.EntitySetName, c.body)
	if refusal != nil {
		return nil, nil, refusal
	}
	for _, m := range members {
		if m.name != "@odata.id" {
			continue
		}
		to, key, refusal := e.resolve(plain(m.raw))
		if refusal == nil && !to.exists(key.id) {
			refusal = to.absent(key)
		}
		return to, key, refusal
	}
	return nil, nil, badPayload(c.store.table.EntitySetName, "A property annotation '@odata.id' was expected in the entity reference link.")
}

// relationship is the intersect table behind a navigation property: <table>_association, its own name, or the name that
// the relationship was made under.
func (e *Environment) relationship(s *store, name string) *store {
	between := e.stores[strings.TrimSuffix(name, "_association")]
	for _, other := range e.stores {
		if other.table.Relation == name {
			between = other
		}
	}
	if between == nil || !between.table.Intersect || between.table.Column(s.table.PrimaryID) == nil {
		return nil
	}
	return between
}

// otherSide is the table that an intersect table joins to the one given.
func (s *store) otherSide(e *Environment, from *store) *store {
	for i := range s.table.Columns {
		for _, parent := range e.parents(&s.table.Columns[i]) {
			if parent != from.table.LogicalName {
				return e.stores[parent]
			}
		}
	}
	return from
}

// joined finds the intersect row of two rows.
func (s *store) joined(a *store, aID rowID, b *store, bID rowID) (ref, bool) {
	left, right := s.cellOf(a.table.PrimaryID), s.cellOf(b.table.PrimaryID)
	if left == nil || right == nil {
		return ref{}, false
	}
	for r := range s.from(rowID{}) {
		if s.operandOf(r, left).guid == aID && s.operandOf(r, right).guid == bID {
			return r, true
		}
	}
	return ref{}, false
}

func (e *Environment) join(j *journal, between, a *store, aID rowID, b *store, bID rowID) (*reply, *apiError) {
	if between.table.Column(b.table.PrimaryID) == nil {
		return nil, badPayload(a.table.EntitySetName, "'%s' does not join '%s' with '%s'.", between.table.LogicalName, a.table.LogicalName, b.table.LogicalName)
	}
	if _, exists := between.joined(a, aID, b, bID); exists {
		return nil, duplicateKey()
	}
	made := edit{values: map[string]storedValue{
		a.table.PrimaryID: {json: appendQuoted(nil, aID.String())},
		b.table.PrimaryID: {json: appendQuoted(nil, bID.String())},
	}}
	if _, refusal := e.create(j, between, made); refusal != nil {
		return nil, refusal
	}
	return newReply(http.StatusNoContent), nil
}

func (e *Environment) part(j *journal, between, a *store, aID rowID, b *store, bID rowID) (*reply, *apiError) {
	r, exists := between.joined(a, aID, b, bID)
	if !exists {
		return nil, b.noSuchRow(bID)
	}
	e.delete(j, between, r)
	return newReply(http.StatusNoContent), nil
}
