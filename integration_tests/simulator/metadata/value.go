package metadata

import (
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// shape is the form of a metadata property's value. It decides what the property may be compared with.
type shape int

const (
	boolShape shape = iota
	numberShape
	stringShape
	guidShape
	dateShape
	enumShape
	boolValueShape   // an object whose Value is a Boolean: BooleanManagedProperty
	stringValueShape // an object whose Value is a string: AttributeTypeDisplayName, DateTimeBehavior, ...
	labelShape
	listShape
)

// simple reports whether the value is a JSON scalar.
func (s shape) simple() bool { return s <= enumShape }

// property is one member of a metadata object such as EntityMetadata, in the service's order of members.
type property[T any] struct {
	name  string
	shape shape
	enum  string // the enum type's name, for enumShape
	value func(T) any
}

// The values of properties are nil, bool, int, float64, string, or one of the types below.
type jsonValue interface {
	AppendJSON(dst []byte, labels bool) []byte
}

// holder is an object with a member Value that filters may address as Property/Value.
type holder interface {
	Inner() any
}

// managedProperty is a BooleanManagedProperty.
type managedProperty struct {
	value, changeable bool
	name              string
}

// Inner implements holder.
func (m managedProperty) Inner() any { return m.value }

// AppendJSON implements jsonValue.
func (m managedProperty) AppendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, `{"Value":`...)
	dst = strconv.AppendBool(dst, m.value)
	dst = append(dst, `,"CanBeChanged":`...)
	dst = strconv.AppendBool(dst, m.changeable)
	dst = append(dst, `,"ManagedPropertyLogicalName":"`...)
	dst = append(dst, m.name...)
	return append(dst, `"}`...)
}

// requiredLevel is an AttributeRequiredLevelManagedProperty.
type requiredLevel string

// Inner implements holder.
func (l requiredLevel) Inner() any { return string(l) }

// AppendJSON implements jsonValue.
func (l requiredLevel) AppendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, `{"Value":`...)
	dst = odata.AppendQuoted(dst, string(l))
	return append(dst, `,"CanBeChanged":true,"ManagedPropertyLogicalName":"canmodifyrequirementlevelsettings"}`...)
}

// wrapped is an object with the one member Value, such as AttributeTypeName.
type wrapped string

// Inner implements holder.
func (v wrapped) Inner() any { return string(v) }

// AppendJSON implements jsonValue.
func (v wrapped) AppendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, `{"Value":`...)
	return append(odata.AppendQuoted(dst, string(v)), '}')
}

// label is a Label in English, the environment's only language. An empty one has no localized labels.
type label struct {
	text string
	of   string // what it is the label of, from which its id is made
}

// AppendJSON implements jsonValue.
func (l label) AppendJSON(dst []byte, labels bool) []byte {
	if l.text == "" || !labels {
		return append(dst, `{"LocalizedLabels":[],"UserLocalizedLabel":null}`...)
	}
	dst = append(dst, `{"LocalizedLabels":[`...)
	dst = l.appendLocalized(dst)
	dst = append(dst, `],"UserLocalizedLabel":`...)
	return append(l.appendLocalized(dst), '}')
}

func (l label) appendLocalized(dst []byte) []byte {
	dst = append(dst, `{"Label":`...)
	dst = odata.AppendQuoted(dst, l.text)
	dst = append(dst, `,"LanguageCode":1033,"IsManaged":true,"MetadataId":"`...)
	dst = append(dst, guid.Derived("label", l.of)...)
	return append(dst, `","HasChanged":null}`...)
}

// Names is a list of logical names.
type Names []string

// AppendJSON implements jsonValue.
func (n Names) AppendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, '[')
	for i, name := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = odata.AppendQuoted(dst, name)
	}
	return append(dst, ']')
}

func appendValue(dst []byte, v any, labels bool) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case float64:
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	case string:
		return odata.AppendQuoted(dst, v)
	case jsonValue:
		return v.AppendJSON(dst, labels)
	default:
		return append(dst, "null"...)
	}
}

// appendMember starts a member of an object: a comma where one is needed, the name, a colon.
func appendMember(dst []byte, name string) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, `":`...)
}

// nullable returns null for an empty string.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
