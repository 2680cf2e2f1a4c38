package simulator

import (
	"net/http"
	"strings"
)

// rowKey is the key in a row's address: its guid and, for elastic rows, the partition. One of alternate columns that no
// row has is missing, and carries the values.
type rowKey struct {
	id        rowID
	partition *string
	missing   bool
	values    map[string]storedValue
}

// parseKey reads (guid), (column=guid), (column=guid,partitionid='x') and alternate keys.
func (s *store) parseKey(inside string) (*rowKey, *apiError) {
	parts, ok := splitOutside(inside, ',')
	if !ok || inside == "" {
		return nil, badQuery("')' or ',' expected at position %d in '(%s)'.", len(inside)+1, inside)
	}
	key := &rowKey{}
	found := false
	for _, part := range parts {
		name, value, named := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case named && name == "partitionid" && s.table.Type == Elastic:
			text := strings.ReplaceAll(strings.Trim(value, "'"), "''", "'")
			key.partition = &text
			continue
		case !named:
			value = name
		case name != s.table.PrimaryID && name != s.table.KeyProperty():
			return s.alternate(parts)
		}
		if key.id, ok = parseRowID(value); !ok {
			return nil, badQuery("Error parsing '%s' as a key of type 'Edm.Guid' for '%s'.", value, s.table.LogicalName)
		}
		found = true
	}
	if !found {
		return nil, badQuery("The key of '%s' names no '%s'.", s.table.LogicalName, s.table.KeyProperty())
	}
	return key, nil
}

// at is the row with that key. A row of an elastic table is only found in its partition, without one in the default
// partition (Microsoft, "Use elastic tables").
func (s *store) at(key *rowKey) (ref, *apiError) {
	r, ok := s.find(key.id)
	if ok && s.table.Type == Elastic {
		ok = s.partition(r) == deref(key.partition)
	}
	if !ok {
		return ref{}, s.absent(key)
	}
	return r, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// partition is the partitionid of an elastic row; empty for the default partition.
func (s *store) partition(r ref) string {
	c := s.cellOf("partitionid")
	if c == nil {
		return ""
	}
	return plain(s.appendValue(nil, r, c))
}

func (s *store) noSuchRow(id rowID) *apiError {
	return refuse(http.StatusNotFound, "0x80040217", "Entity '%s' With Id = %s Does Not Exist", s.table.LogicalName, id)
}
