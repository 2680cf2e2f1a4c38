package record

import (
	"bytes"
	"encoding/json"
	"slices"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// step is what becomes of one selected column: its member of a record's data, for every value that the service sends.
type step struct {
	property string
	member   []byte // `,"property":`
	null     []byte // the member of a row whose column is null or absent
	value    treatment
	changes  bool // values that could leave as they came are changed too
}

// treatment appends a value that is not null, as the service sent it, in the form in which it is written.
type treatment func(dst, value []byte) []byte

// newStep makes the step of a column under its configured schema.
func (p *Plan) newStep(name string, configured protocol.Property) step {
	s := step{property: name, member: appendName(nil, name), value: asSent}
	null := "null"
	if name == dataverse.PartitionColumn && slices.Contains(p.key, name) {
		null = `""` // destinations refuse a key of which a part is null
	}
	s.null = append(slices.Clone(s.member), null...)
	if configured.AirbyteType == catalog.WithoutTimezone {
		s.value, s.changes = withoutZone, true
	}
	return s
}

// keeps says whether a member of a row leaves as it came, null among them, whose name the service quotes so.
func (s *step) keeps(quoted string) bool {
	return !s.changes && string(s.null) == ","+quoted+":null"
}

// append appends the column's member with a value as the service sent it.
func (s *step) append(dst, value []byte) []byte {
	if value[0] == 'n' {
		return append(dst, s.null...)
	}
	return s.value(append(dst, s.member...), value)
}

// asSent keeps every byte, as far as it is text on one line.
func asSent(dst, value []byte) []byte {
	switch value[0] {
	case '"', '{', '[':
		return appendOnOneLine(dst, value)
	default:
		return append(dst, value...)
	}
}

// withoutZone takes the Z from a wall clock's time.
func withoutZone(dst, value []byte) []byte {
	if !bytes.HasSuffix(value, []byte(`Z"`)) {
		return asSent(dst, value)
	}
	return append(appendOnOneLine(dst, value[:len(value)-2]), '"')
}

// appendName appends a comma and the name of a member.
func appendName(dst []byte, name string) []byte {
	quoted, _ := json.Marshal(name) // a string always marshals
	dst = append(append(dst, ','), quoted...)
	return append(dst, ':')
}

// appendText appends a member with a text of the connector's own.
func appendText(dst []byte, name, text string) []byte {
	quoted, _ := json.Marshal(text)
	return appendOnOneLine(appendName(dst, name), quoted)
}
