package destination

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// maxDifferences is how many differences of one stream are listed.
const maxDifferences = 20

// Differences compares a stream's rows with those of the environment, value for value, and returns what differs, nil if nothing
// does. Each row wanted has all its properties as Dataverse's Web API prints them, with the annotations of its lookups; those
// that the stream does not declare are skipped. Texts are equal if they mean the same, everything else byte for byte. Two
// differences are as documented: a time without a zone has lost its Z, and a part of the key that is null is an empty text.
func (d *Destination) Differences(stream string, want iter.Seq2[string, map[string]json.RawMessage]) []string {
	t := d.tables[stream]
	if t == nil {
		return []string{"the destination has no such stream"}
	}
	var list []string
	found := map[string]bool{}
	for id, row := range want {
		expected := t.expected(row)
		key, err := keyOf(expected, t.configured.PrimaryKey)
		if err != nil {
			list = append(list, fmt.Sprintf("row %s of the environment: %v", id, err))
			continue
		}
		found[key] = true
		have, exists := t.rows[key]
		if !exists {
			list = append(list, fmt.Sprintf("row %s is missing", key))
			continue
		}
		list = append(list, differences(key, expected, have.values)...)
	}
	for key := range t.rows {
		if !found[key] {
			list = append(list, fmt.Sprintf("row %s is not in the environment", key))
		}
	}
	slices.Sort(list)
	if len(list) > maxDifferences {
		list = append(list[:maxDifferences], fmt.Sprintf("and %d more", len(list)-maxDifferences))
	}
	return list
}

// expected is an environment's row as the destination should have it.
func (t *table) expected(row map[string]json.RawMessage) Row {
	expected := make(Row, len(t.configured.Stream.JSONSchema.Properties))
	for name, property := range t.configured.Stream.JSONSchema.Properties {
		value, exists := row[name]
		if !exists {
			value, exists = typeOfLookup(row, name)
		}
		if !exists {
			continue
		}
		if property.AirbyteType == withoutTimezone && strings.HasSuffix(string(value), `Z"`) {
			value = append(slices.Clone(value[:len(value)-2]), '"')
		}
		expected[name] = value
	}
	for _, path := range t.configured.PrimaryKey {
		if string(expected[path[0]]) == "null" {
			expected[path[0]] = json.RawMessage(`""`)
		}
	}
	return expected
}

// typeOfLookup returns the type of a lookup in an environment's row by its name in the stream: _x_value_type for _x_value.
func typeOfLookup(row map[string]json.RawMessage, name string) (value json.RawMessage, exists bool) {
	lookup, isType := strings.CutSuffix(name, "_type")
	if _, exists = row[lookup]; !isType || !exists {
		return nil, false
	}
	if value, exists = row[lookup+"@Microsoft.Dynamics.CRM.lookuplogicalname"]; !exists {
		return json.RawMessage("null"), true
	}
	return value, true
}

func differences(key string, want, have Row) []string {
	var list []string
	for name, value := range want {
		if !sameValue(value, have[name]) {
			list = append(list, fmt.Sprintf("row %s, column %s: %s instead of %s", key, name, shown(have[name]), shown(value)))
		}
	}
	if value, exists := have[DeletedAt]; exists && string(value) != "null" {
		list = append(list, fmt.Sprintf("row %s is marked as deleted and still exists", key))
	}
	return list
}

func sameValue(a, b json.RawMessage) bool {
	if string(a) == string(b) {
		return true
	}
	var textA, textB *string
	if json.Unmarshal(a, &textA) != nil || json.Unmarshal(b, &textB) != nil {
		return false
	}
	return textA != nil && textB != nil && *textA == *textB
}

func shown(value json.RawMessage) string {
	if value == nil {
		return "nothing"
	}
	return fmt.Sprintf("%.60s", value)
}
