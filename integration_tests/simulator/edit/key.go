package edit

import (
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// RowKey is the key in a row's address: its guid and, for elastic rows, the partition. One of alternate columns that no
// row has is missing, and carries the values.
type RowKey struct {
	ID        guid.ID
	Partition *string
	missing   bool
	values    map[string]rows.Value
}

// ParseKey reads (guid), (column=guid), (column=guid,partitionid='x') and alternate keys.
func ParseKey(s *rows.Store, inside string) (*RowKey, *odata.Error) {
	parts, ok := odata.SplitOutside(inside, ',')
	if !ok || inside == "" {
		return nil, odata.BadQuery("')' or ',' expected at position %d in '(%s)'.", len(inside)+1, inside)
	}
	key := &RowKey{}
	found := false
	for _, part := range parts {
		name, value, named := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case named && name == "partitionid" && s.Table.Type == schema.Elastic:
			text := strings.ReplaceAll(strings.Trim(value, "'"), "''", "'")
			key.Partition = &text
			continue
		case !named:
			value = name
		case name != s.Table.PrimaryID && name != s.Table.KeyProperty():
			return alternate(s, parts)
		}
		if key.ID, ok = guid.Parse(value); !ok {
			return nil, odata.BadQuery("Error parsing '%s' as a key of type 'Edm.Guid' for '%s'.", value, s.Table.LogicalName)
		}
		found = true
	}
	if !found {
		return nil, odata.BadQuery("The key of '%s' names no '%s'.", s.Table.LogicalName, s.Table.KeyProperty())
	}
	return key, nil
}

// At returns the row with that key. A row of an elastic table is only found in its partition, without one in the default
// partition (Microsoft, "Use elastic tables").
func At(s *rows.Store, key *RowKey) (rows.Ref, *odata.Error) {
	r, ok := s.Find(key.ID)
	if ok && s.Table.Type == schema.Elastic {
		ok = partition(s, r) == deref(key.Partition)
	}
	if !ok {
		return rows.Ref{}, Absent(s, key)
	}
	return r, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// partition returns the partitionid of an elastic row; empty for the default partition.
func partition(s *rows.Store, r rows.Ref) string {
	c := s.CellOf("partitionid")
	if c == nil {
		return ""
	}
	return odata.Plain(s.AppendValue(nil, r, c))
}

// NoSuchRow returns the error for the id of a row that does not exist.
func NoSuchRow(s *rows.Store, id guid.ID) *odata.Error {
	return odata.Refuse(http.StatusNotFound, "0x80040217", "Entity '%s' With Id = %s Does Not Exist", s.Table.LogicalName, id)
}
