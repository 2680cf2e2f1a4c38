package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// alternate reads a key of the columns of an alternate key, such as (accountnumber='A-1'). The row that has the values
// gives the key its id; where there is none the key carries the values, for an upsert (Microsoft, "Use an alternate key
// to reference a record").
func (s *store) alternate(parts []string) (*rowKey, *apiError) {
	key := &rowKey{values: map[string]storedValue{}}
	var named []string
	for _, part := range parts {
		property, literal, _ := strings.Cut(strings.TrimSpace(part), "=")
		c := s.table.ByProperty(property)
		if c == nil {
			return nil, unknownProperty(property, s.table.LogicalName)
		}
		value, refusal := s.keyValue(c, literal)
		if refusal != nil {
			return nil, refusal
		}
		named = append(named, c.LogicalName)
		key.values[c.LogicalName] = value
	}
	slices.Sort(named)
	if !slices.ContainsFunc(s.table.Keys, func(k AlternateKey) bool { return slices.Equal(slices.Sorted(slices.Values(k.Columns)), named) }) {
		return nil, refuse(http.StatusBadRequest, "0x80060890", "The specified key attributes are not a defined key for the %s entity", s.table.LogicalName)
	}
	r, found := s.having(named, key.values)
	if key.id, key.missing = r.id, !found; found {
		key.values = nil
	}
	return key, nil
}

// keyValue reads the literal of a key: 'text', a number, a date or a guid.
func (s *store) keyValue(c *Column, literal string) (storedValue, *apiError) {
	if text, length := quotedString(literal); strings.HasPrefix(literal, "'") && length == len(literal) {
		return s.coerce(c, appendQuoted(nil, text))
	}
	if c.IsLookup() || c.Type == DateTime {
		return s.coerce(c, appendQuoted(nil, literal))
	}
	if !json.Valid([]byte(literal)) {
		return storedValue{}, badQuery("Error parsing '%s' as a key of '%s'.", literal, s.table.LogicalName)
	}
	return s.coerce(c, json.RawMessage(literal))
}

// having finds the row whose columns have these values.
func (s *store) having(columns []string, values map[string]storedValue) (ref, bool) {
	wanted := &storedRow{index: -1, values: values}
	for r := range s.from(rowID{}) {
		if s.alike(r, ref{r.id, -1, wanted}, columns) {
			return r, true
		}
	}
	return ref{}, false
}

// alike says whether two rows have the same values in some columns, and none of them null.
func (s *store) alike(a, b ref, columns []string) bool {
	for _, name := range columns {
		cell := s.cellOf(s.table.Column(name).Property())
		if cell == nil {
			return false
		}
		x, y := s.operandOf(a, cell), s.operandOf(b, cell)
		if x.null || y.null || x.compare(y) != 0 {
			return false
		}
	}
	return true
}

// unique refuses a row that has the values of another one in the columns of an alternate key. given are the columns that
// are about to change; nulls are not held against each other (Microsoft, "Define alternate keys for a table").
func (s *store) unique(r ref, given map[string]storedValue) *apiError {
	for _, key := range s.table.Keys {
		touched := slices.ContainsFunc(key.Columns, func(name string) bool { _, set := given[name]; return set })
		if !touched {
			continue
		}
		for other := range s.from(rowID{}) {
			if other.id != r.id && s.alike(other, r, key.Columns) {
				return refuse(http.StatusPreconditionFailed, "0x80060892", "Entity Key %s violated. A record with the same value for %s already exists. A duplicate record cannot be created. Select one or more unique values and try again.",
					key.SchemaName, strings.Join(key.Columns, ","))
			}
		}
	}
	return nil
}

// absent is the answer to a key that no row has.
func (s *store) absent(key *rowKey) *apiError {
	if key.missing {
		return refuse(http.StatusNotFound, "0x80060891", "A record with the specified key values does not exist in %s entity", s.table.LogicalName)
	}
	return s.noSuchRow(key.id)
}

// name gives an edit the key of the row that it is about: an id, or the values by which it will be found later.
func (k *rowKey) name(made *edit) {
	if !k.missing {
		made.id = &k.id
		return
	}
	made.id = nil
	for column, value := range k.values {
		made.values[column] = value
	}
}
