package record

import (
	"bytes"
	"encoding/json"
	"slices"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/jsonscan"
	"source-microsoft-dataverse/source/protocol"
)

// column converts the values of a selected column: each becomes a member of a record's data.
type column struct {
	property string
	member   []byte        // `,"property":`
	null     []byte        // the member of a row whose column is null or missing
	kinds    jsonscan.Kind // the kinds of values that the schema declares; null is always one of them
	zoneless bool          // its times lose their Z
	required bool          // the column is a key or a cursor, whose values must not become null
	derived  bool          // its values are not requested with the rows: they are read from other columns or retrieved apart
}

// newColumn compiles a column under its configured schema. The type that the table declares matters too: a catalog of
// the Python connector declares some types differently, and destinations convert their values.
func newColumn(c dataverse.Column, configured protocol.Property) column {
	compiled := column{
		property: c.Property, member: appendName(nil, c.Property),
		kinds:    jsonscan.Null | kindsOf(configured.Type) | kindsOf(catalog.Property(c).Type),
		zoneless: configured.AirbyteType == catalog.WithoutTimezone,
	}
	compiled.null = append(slices.Clone(compiled.member), "null"...)
	return compiled
}

// kindsOf returns the kinds of values that have one of the given types of JSON Schema. A schema without types allows
// all.
func kindsOf(types []string) jsonscan.Kind {
	var kinds jsonscan.Kind
	for _, t := range types {
		switch t {
		case "integer":
			kinds |= jsonscan.Integer
		case "number":
			kinds |= jsonscan.Number
		case "string":
			kinds |= jsonscan.String
		case "boolean":
			kinds |= jsonscan.Boolean
		case "object":
			kinds |= jsonscan.Object
		case "array":
			kinds |= jsonscan.Array
		}
	}
	if len(types) == 0 {
		kinds = ^kinds
	}
	return kinds
}

// copied returns the kinds of values that are copied unchanged, together with the name before them.
func (c *column) copied() jsonscan.Kind {
	copied := c.kinds & (jsonscan.Null | jsonscan.Boolean | jsonscan.Number | jsonscan.PlainString)
	if !bytes.HasSuffix(c.null, []byte(":null")) {
		copied &^= jsonscan.Null
	}
	if c.zoneless {
		copied &^= jsonscan.PlainString
	}
	return copied
}

// accepts reports whether a value is of a kind that the schema declares. A number whose fraction is zero is an integer
// (JSON Schema Validation, draft 7, section 6.1.1).
func (c *column) accepts(value []byte, kind jsonscan.Kind) bool {
	return c.kinds&kind != 0 || kind == jsonscan.Fraction && c.kinds&jsonscan.Integer != 0 && isWhole(value)
}

// isWhole reports whether a number has only zeros after its decimal point, and no exponent.
func isWhole(number []byte) bool {
	_, fraction, _ := bytes.Cut(number, []byte("."))
	return len(fraction) > 0 && len(bytes.Trim(fraction, "0")) == 0
}

// append appends the column's member with an accepted value, as the service sent it.
func (c *column) append(dst, value []byte, kind jsonscan.Kind) []byte {
	if kind == jsonscan.Null {
		return append(dst, c.null...)
	}
	dst = append(dst, c.member...)
	switch {
	case kind&(jsonscan.String|jsonscan.Object|jsonscan.Array) == 0:
		return append(dst, value...)
	case c.zoneless && bytes.HasSuffix(value, []byte(`Z"`)):
		return append(appendOnOneLine(dst, value[:len(value)-2]), '"')
	default:
		return appendOnOneLine(dst, value)
	}
}

// appendName appends a comma and the name of a member.
func appendName(dst []byte, name string) []byte {
	quoted, _ := json.Marshal(name) // a string always marshals
	dst = append(append(dst, ','), quoted...)
	return append(dst, ':')
}

// appendMember appends a member with a text of the connector's own.
func appendMember(dst []byte, name, text string) []byte {
	quoted, _ := json.Marshal(text)
	return appendOnOneLine(appendName(dst, name), quoted)
}
