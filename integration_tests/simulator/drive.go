package simulator

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// Row is a row for Create and Update, by property as the Web API names it: "name", "_primarycontactid_value". Its
// values are what encoding/json can write, among them json.Number and json.RawMessage.
type Row map[string]any

// Create adds a row as a POST would, even to tables that take none. The row may hold the primary key; the id is
// returned in lower case. Columns that the service keeps itself are passed over, and numbers may lie outside the bounds
// of their columns, where earlier versions of an application have left them. Errors are those of the Web API.
func (e *Environment) Create(table string, row Row) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, made, err := e.prepare(table, row)
	if err != nil {
		return "", fmt.Errorf("create a row of %s: %w", table, err)
	}
	r, refusal := e.create(&journal{}, s, made)
	if refusal != nil {
		return "", fmt.Errorf("create a row of %s: %w", table, refusal)
	}
	return r.id.String(), nil
}

// Update changes a row as a PATCH with If-Match: * would.
func (e *Environment) Update(table, id string, row Row) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, made, err := e.prepare(table, row)
	if err != nil {
		return fmt.Errorf("update %s %s: %w", table, id, err)
	}
	r, err := s.locate(id)
	if err != nil {
		return fmt.Errorf("update %s %s: %w", table, id, err)
	}
	if _, refusal := e.update(&journal{}, s, r, made); refusal != nil {
		return fmt.Errorf("update %s %s: %w", table, id, refusal)
	}
	return nil
}

// Delete removes a row. Rows that point to it keep their lookups, unlike in the service, which would clear them.
func (e *Environment) Delete(table, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.storeOf(table)
	if err != nil {
		return fmt.Errorf("delete %s %s: %w", table, id, err)
	}
	r, err := s.locate(id)
	if err != nil {
		return fmt.Errorf("delete %s %s: %w", table, id, err)
	}
	e.delete(&journal{}, s, r)
	return nil
}

// Rows yields every row of a table in the service's order: its id, and each readable property with the JSON that the
// Web API prints for it, null included. A table that does not exist has no rows. Rows may be changed meanwhile.
func (e *Environment) Rows(table string) iter.Seq2[string, map[string]json.RawMessage] {
	const batch = 256
	type entry struct {
		id     rowID
		values map[string]json.RawMessage
	}
	return func(yield func(string, map[string]json.RawMessage) bool) {
		var last rowID
		for {
			var entries []entry
			e.mu.RLock()
			s := e.stores[table]
			if s == nil {
				e.mu.RUnlock()
				return
			}
			for r := range s.from(last) {
				if r.id == last {
					continue
				}
				entries = append(entries, entry{r.id, s.values(r)})
				if len(entries) == batch {
					break
				}
			}
			e.mu.RUnlock()
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

// values are all properties of a row.
func (s *store) values(r ref) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage, len(s.cells))
	for _, c := range s.cells {
		raw := s.appendValue(nil, r, c)
		if len(raw) == 0 {
			raw = []byte("null")
		}
		all[c.property] = raw
	}
	return all
}

func (e *Environment) storeOf(table string) (*store, error) {
	if s := e.stores[table]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("no table %q", table)
}

func (s *store) locate(id string) (ref, error) {
	key, ok := parseRowID(id)
	if !ok {
		return ref{}, fmt.Errorf("%q is not a guid", id)
	}
	r, found := s.find(key)
	if !found {
		return ref{}, s.noSuchRow(key)
	}
	return r, nil
}

// prepare makes an edit of a Row. The caller holds the lock.
func (e *Environment) prepare(table string, row Row) (*store, edit, error) {
	s, err := e.storeOf(table)
	if err != nil {
		return nil, edit{}, err
	}
	made := edit{values: map[string]storedValue{}}
	names := make([]string, 0, len(row))
	for name := range row {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		raw, err := json.Marshal(row[name])
		if err != nil {
			return nil, edit{}, fmt.Errorf("property %s: %w", name, err)
		}
		if c := s.table.ByProperty(name); c != nil && c.IsLookup() {
			err = e.setLookup(&made, c, raw)
		} else if refusal := e.decodeMember(s, &made, member{name, raw}); refusal != nil {
			err = refusal
		}
		if err != nil {
			return nil, edit{}, fmt.Errorf("property %s: %w", name, err)
		}
	}
	return s, made, nil
}

// setLookup points a lookup to the target that has a row of that id, or else to the first target.
func (e *Environment) setLookup(made *edit, c *Column, raw json.RawMessage) error {
	if string(raw) == "null" {
		made.values[c.LogicalName] = storedValue{}
		return nil
	}
	id, ok := parseRowID(plain(raw))
	if !ok || len(c.Targets) == 0 {
		return fmt.Errorf("%s is not the id of a row", raw)
	}
	target := c.Targets[0]
	for _, t := range c.Targets {
		if s := e.stores[t]; s != nil && s.exists(id) {
			target = t
			break
		}
	}
	made.values[c.LogicalName] = storedValue{json: appendQuoted(nil, id.String()), target: target}
	return nil
}
