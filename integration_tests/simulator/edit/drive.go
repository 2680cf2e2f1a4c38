package edit

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Create adds a row as a POST would, even to tables that take none. The row may hold the primary key; the id is
// returned in lower case. Columns that the service sets itself are ignored, and numbers may lie outside the bounds
// of their columns, where earlier versions of an application have left them. Errors are those of the Web API.
func Create(db *rows.Database, table string, row map[string]any) (string, error) {
	return CreateIn(nil, db, table, row)
}

// CreateIn is Create within a transaction; nil: without one.
func CreateIn(t *rows.Transaction, db *rows.Database, table string, row map[string]any) (string, error) {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	s, made, err := prepare(db, table, row)
	if err == nil && made.ID != nil && t.Holds(s, *made.ID) {
		err = DuplicateKey()
	}
	if err != nil {
		return "", fmt.Errorf("create a row of %s: %w", table, err)
	}
	j := &rows.Journal{In: t}
	r, refusal := Insert(db, j, s, made)
	if refusal != nil {
		return "", fmt.Errorf("create a row of %s: %w", table, refusal)
	}
	t.Hold(j)
	return r.ID.String(), nil
}

// Update changes a row as a PATCH with If-Match: * would.
func Update(db *rows.Database, table, id string, row map[string]any) error {
	return UpdateIn(nil, db, table, id, row)
}

// UpdateIn is Update within a transaction; nil: without one. A transaction changes a row once.
func UpdateIn(t *rows.Transaction, db *rows.Database, table, id string, row map[string]any) error {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	s, made, err := prepare(db, table, row)
	if err != nil {
		return fmt.Errorf("update %s %s: %w", table, id, err)
	}
	r, err := locate(t, s, id)
	if err != nil {
		return fmt.Errorf("update %s %s: %w", table, id, err)
	}
	j := &rows.Journal{In: t}
	if _, refusal := Change(db, j, s, r, made); refusal != nil {
		return fmt.Errorf("update %s %s: %w", table, id, refusal)
	}
	t.Hold(j)
	return nil
}

// Delete removes a row. Rows that point to it keep their lookups, unlike in the service, which would clear them.
func Delete(db *rows.Database, table, id string) error { return DeleteIn(nil, db, table, id) }

// DeleteIn is Delete within a transaction; nil: without one.
func DeleteIn(t *rows.Transaction, db *rows.Database, table, id string) error {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	s, err := db.StoreOf(table)
	if err != nil {
		return fmt.Errorf("delete %s %s: %w", table, id, err)
	}
	r, err := locate(t, s, id)
	if err != nil {
		return fmt.Errorf("delete %s %s: %w", table, id, err)
	}
	j := &rows.Journal{In: t}
	Remove(db, j, s, r)
	t.Hold(j)
	return nil
}

// Rows yields every row of a table in the service's order: its id, and each readable property with the JSON that the
// Web API prints for it, null included, and the annotation with the table that a lookup refers to. A table that does not
// exist has no rows. Rows may be changed meanwhile.
func Rows(db *rows.Database, table string) iter.Seq2[string, map[string]json.RawMessage] {
	const batch = 256
	type entry struct {
		id     guid.ID
		values map[string]json.RawMessage
	}
	return func(yield func(string, map[string]json.RawMessage) bool) {
		var last guid.ID
		for {
			var entries []entry
			db.Mu.RLock()
			s := db.Stores[table]
			if s == nil {
				db.Mu.RUnlock()
				return
			}
			for r := range s.From(last) {
				if r.ID == last {
					continue
				}
				entries = append(entries, entry{r.ID, values(s, r)})
				if len(entries) == batch {
					break
				}
			}
			db.Mu.RUnlock()
			for _, next := range entries {
				if !yield(next.id.String(), next.values) {
					return
				}
			}
			if len(entries) < batch {
				return
			}
			last = entries[batch-1].id
		}
	}
}

// IDs returns the id of every row of a table in the service's order. A table that does not exist has no rows.
func IDs(db *rows.Database, table string) []string {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	s := db.Stores[table]
	if s == nil {
		return nil
	}
	ids := make([]string, 0, s.Count())
	for r := range s.From(guid.ID{}) {
		ids = append(ids, r.ID.String())
	}
	return ids
}

// targetAnnotation follows the property of a lookup in the name of its annotation with the target's table
// (Microsoft, "Request annotations").
const targetAnnotation = "@Microsoft.Dynamics.CRM.lookuplogicalname"

// values returns all properties of a row, and the annotations with the tables that its lookups refer to.
func values(s *rows.Store, r rows.Ref) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage, len(s.Cells))
	for _, c := range s.Cells {
		raw := s.AppendValue(nil, r, c)
		if len(raw) == 0 {
			raw = []byte("null")
		}
		all[c.Property] = raw
		if c.Column == nil || !c.Column.IsLookup() {
			continue
		}
		if to, ok := s.Points(r, c); ok {
			all[c.Property+targetAnnotation] = odata.AppendQuoted(nil, to.Table)
		}
	}
	return all
}

// locate finds the row of an id, which the transaction has not changed before.
func locate(t *rows.Transaction, s *rows.Store, id string) (rows.Ref, error) {
	key, ok := guid.Parse(id)
	if !ok {
		return rows.Ref{}, fmt.Errorf("%q is not a guid", id)
	}
	if t.Holds(s, key) {
		return rows.Ref{}, errors.New("the transaction has already changed the row")
	}
	r, found := s.Find(key)
	if !found {
		return rows.Ref{}, NoSuchRow(s, key)
	}
	return r, nil
}

// prepare makes an edit of a Row. The caller holds the lock.
func prepare(db *rows.Database, table string, row map[string]any) (*rows.Store, Edit, error) {
	s, err := db.StoreOf(table)
	if err != nil {
		return nil, Edit{}, err
	}
	made := Edit{Values: map[string]rows.Value{}}
	names := make([]string, 0, len(row))
	for name := range row {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		raw, err := json.Marshal(row[name])
		if err != nil {
			return nil, Edit{}, fmt.Errorf("property %s: %w", name, err)
		}
		if c := s.Table.ByProperty(name); c != nil && c.IsLookup() {
			err = setLookup(db, &made, c, raw)
		} else if refusal := DecodeMember(db, s, &made, Member{name, raw}); refusal != nil {
			err = refusal
		}
		if err != nil {
			return nil, Edit{}, fmt.Errorf("property %s: %w", name, err)
		}
	}
	return s, made, nil
}

// setLookup points a lookup to the target that has a row of that id, or else to the first target.
func setLookup(db *rows.Database, made *Edit, c *schema.Column, raw json.RawMessage) error {
	if string(raw) == "null" {
		made.Values[c.LogicalName] = rows.Value{}
		return nil
	}
	id, ok := guid.Parse(odata.Plain(raw))
	if !ok || len(c.Targets) == 0 {
		return fmt.Errorf("%s is not the id of a row", raw)
	}
	target := c.Targets[0]
	for _, t := range c.Targets {
		if s := db.Stores[t]; s != nil && s.Exists(id) {
			target = t
			break
		}
	}
	made.Values[c.LogicalName] = rows.Value{Json: odata.AppendQuoted(nil, id.String()), Target: target}
	return nil
}
