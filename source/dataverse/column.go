package dataverse

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// definedColumn holds the requested properties of a column.
type definedColumn struct {
	name, typ, behavior string
	valid, readable     bool // IsValidODataAttribute and IsValidForRead
	polymorphic         bool // it has Targets, and not exactly one
}

// columnMember is a member of a column in a response.
type columnMember int

const (
	otherMember columnMember = iota
	metadataID               // which the service sends without being asked
	logicalName
	attributeTypeName
	dateTimeBehavior
	isValidODataAttribute
	isValidForRead
	targets
)

func columnMemberOf(name []byte) columnMember {
	switch string(name) {
	case "MetadataId":
		return metadataID
	case "LogicalName":
		return logicalName
	case "AttributeTypeName":
		return attributeTypeName
	case "DateTimeBehavior":
		return dateTimeBehavior
	case "IsValidODataAttribute":
		return isValidODataAttribute
	case "IsValidForRead":
		return isValidForRead
	case "Targets":
		return targets
	default:
		return otherMember
	}
}

// readColumn reads a column. It calls each, unless it is nil, with the values that it uses and where they end. The
// service sends null for whatever does not apply.
func readColumn(d *jsontext.Decoder, each func(of columnMember, value jsontext.Value, end int64)) (definedColumn, error) {
	var c definedColumn
	if d.PeekKind() == 'n' {
		return c, d.SkipValue()
	}
	return c, eachMember(d, func(name []byte) error {
		of := columnMemberOf(name)
		if of == otherMember {
			return d.SkipValue()
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if each != nil {
			each(of, value, d.InputOffset())
		}
		if !c.set(of, value) {
			return misshapen(d.StackPointer())
		}
		return nil
	})
}

// set records a member. It reports whether the value has the documented type.
func (c *definedColumn) set(of columnMember, value jsontext.Value) (fits bool) {
	fits = true
	var wrapped struct{ Value string }
	switch of {
	case logicalName:
		c.name, fits = textOf(value)
	case attributeTypeName:
		fits = decodeValue(value, &wrapped)
		c.typ = wrapped.Value
	case dateTimeBehavior:
		fits = decodeValue(value, &wrapped)
		c.behavior = wrapped.Value
	case isValidODataAttribute:
		c.valid, fits = boolOf(value)
	case isValidForRead:
		c.readable, fits = boolOf(value)
	case targets:
		var tables []string
		fits = decodeValue(value, &tables)
		c.polymorphic = tables != nil && len(tables) != 1
	case metadataID, otherMember:
	}
	return fits
}

// inRows reports whether rows have the column and it can be read. Some types are navigation properties and never
// properties of a row.
func (c *definedColumn) inRows() bool {
	return c.valid && c.readable && c.typ != "PartyListType" && c.typ != "CalendarRulesType"
}

func (c *definedColumn) column() Column {
	column := Column{
		Property: c.name,
		Type:     ColumnType(strings.TrimSuffix(c.typ, "Type")),
		Behavior: DateBehavior(c.behavior),
	}
	if column.IsLookup() {
		column.Property = lookupProperty(c.name)
		column.Polymorphic = c.polymorphic
	}
	return column
}

// lookupProperty returns the property of a lookup column in rows (Microsoft, "Lookup properties").
func lookupProperty(logicalName string) string { return "_" + logicalName + "_value" }
