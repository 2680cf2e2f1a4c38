package edit

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// alternate reads a key of the columns of an alternate key, such as (accountnumber='A-1'). The row that has the values
// sets the id of the key; where no row has them the key carries the values, for an upsert (Microsoft, "Use an alternate key
// to reference a record").
func alternate(s *rows.Store, parts []string) (*RowKey, *odata.Error) {
	key := &RowKey{values: map[string]rows.Value{}}
	var named []string
	for _, part := range parts {
		property, literal, _ := strings.Cut(strings.TrimSpace(part), "=")
		c := s.Table.ByProperty(property)
		if c == nil {
			return nil, odata.UnknownProperty(property, s.Table.LogicalName)
		}
		value, refusal := keyValue(s, c, literal)
		if refusal != nil {
			return nil, refusal
		}
		named = append(named, c.LogicalName)
		key.values[c.LogicalName] = value
	}
	slices.Sort(named)
	if !slices.ContainsFunc(s.Table.Keys, func(k schema.AlternateKey) bool { return slices.Equal(slices.Sorted(slices.Values(k.Columns)), named) }) {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80060890", "The specified key attributes are not a defined key for the %s entity", s.Table.LogicalName)
	}
	r, found := having(s, named, key.values)
	if key.ID, key.missing = r.ID, !found; found {
		key.values = nil
	}
	return key, nil
}

// keyValue reads the literal of a key: 'text', a number, a date or a guid.
func keyValue(s *rows.Store, c *schema.Column, literal string) (rows.Value, *odata.Error) {
	if text, length := odata.QuotedString(literal); strings.HasPrefix(literal, "'") && length == len(literal) {
		return Coerce(s, c, odata.AppendQuoted(nil, text))
	}
	if c.IsLookup() || c.Type == schema.DateTime {
		return Coerce(s, c, odata.AppendQuoted(nil, literal))
	}
	if !json.Valid([]byte(literal)) {
		return rows.Value{}, odata.BadQuery("Error parsing '%s' as a key of '%s'.", literal, s.Table.LogicalName)
	}
	return Coerce(s, c, json.RawMessage(literal))
}

// having finds the row whose columns have these values.
func having(s *rows.Store, columns []string, values map[string]rows.Value) (rows.Ref, bool) {
	wanted := &rows.Row{Index: -1, Values: values}
	for r := range s.From(guid.ID{}) {
		if alike(s, r, rows.Ref{ID: r.ID, Index: -1, Row: wanted}, columns) {
			return r, true
		}
	}
	return rows.Ref{}, false
}

// alike reports whether two rows have the same values in some columns, and that none of them is null.
func alike(s *rows.Store, a, b rows.Ref, columns []string) bool {
	for _, name := range columns {
		cell := s.CellOf(s.Table.Column(name).Property())
		if cell == nil {
			return false
		}
		x, y := query.OperandOf(s, a, cell), query.OperandOf(s, b, cell)
		if x.Null || y.Null || x.Compare(y) != 0 {
			return false
		}
	}
	return true
}

// unique refuses a row that has the values of another one in the columns of an alternate key. given are the columns that
// are about to change; nulls are not held against each other (Microsoft, "Define alternate keys for a table").
func unique(s *rows.Store, r rows.Ref, given map[string]rows.Value) *odata.Error {
	for _, key := range s.Table.Keys {
		touched := slices.ContainsFunc(key.Columns, func(name string) bool { _, set := given[name]; return set })
		if !touched {
			continue
		}
		for other := range s.From(guid.ID{}) {
			if other.ID != r.ID && alike(s, other, r, key.Columns) {
				return odata.Refuse(http.StatusPreconditionFailed, "0x80060892", "Entity Key %s violated. A record with the same value for %s already exists. A duplicate record cannot be created. Select one or more unique values and try again.",
					key.SchemaName, strings.Join(key.Columns, ","))
			}
		}
	}
	return nil
}

// Absent returns the error for a key that no row has.
func Absent(s *rows.Store, key *RowKey) *odata.Error {
	if key.missing {
		return odata.Refuse(http.StatusNotFound, "0x80060891", "A record with the specified key values does not exist in %s entity", s.Table.LogicalName)
	}
	return NoSuchRow(s, key.ID)
}

// Name sets in an edit the key of the row that it is about: an id, or the values by which it will be found later.
func (k *RowKey) Name(made *Edit) {
	if !k.missing {
		made.ID = &k.ID
		return
	}
	made.ID = nil
	for column, value := range k.values {
		made.Values[column] = value
	}
}
