package metadata

import (
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
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
	AppendJSON(dst []byte, labels languages) []byte
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
func (m managedProperty) AppendJSON(dst []byte, _ languages) []byte {
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
func (l requiredLevel) AppendJSON(dst []byte, _ languages) []byte {
	dst = append(dst, `{"Value":`...)
	dst = odata.AppendQuoted(dst, string(l))
	return append(dst, `,"CanBeChanged":true,"ManagedPropertyLogicalName":"canmodifyrequirementlevelsettings"}`...)
}

// wrapped is an object with the one member Value, such as AttributeTypeName.
type wrapped string

// Inner implements holder.
func (v wrapped) Inner() any { return string(v) }

// AppendJSON implements jsonValue.
func (v wrapped) AppendJSON(dst []byte, _ languages) []byte {
	dst = append(dst, `{"Value":`...)
	return append(odata.AppendQuoted(dst, string(v)), '}')
}

// label is a Label in the languages of the environment. An empty one has no localized labels.
type label struct {
	text string
	of   string         // what it is the label of, from which its id is made
	own  map[int]string // translations that its definition states
}

// AppendJSON implements jsonValue. The label in the user's language is null where that is not among the languages asked for.
func (l label) AppendJSON(dst []byte, labels languages) []byte {
	dst = append(dst, `{"LocalizedLabels":[`...)
	users := []byte("null")
	for _, code := range labels.shown {
		text, ok := l.in(code, labels.base)
		if l.text == "" || !ok {
			continue
		}
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		start := len(dst)
		if dst = l.appendLocalized(dst, text, code); code == labels.base {
			users = dst[start:]
		}
	}
	return append(append(append(dst, `],"UserLocalizedLabel":`...), users...), '}')
}

func (l label) appendLocalized(dst []byte, text string, code int) []byte {
	dst = append(dst, `{"Label":`...)
	dst = odata.AppendQuoted(dst, text)
	dst = strconv.AppendInt(append(dst, `,"LanguageCode":`...), int64(code), 10)
	dst = append(dst, `,"IsManaged":true,"MetadataId":"`...)
	dst = append(dst, l.id(code)...)
	return append(dst, `","HasChanged":null}`...)
}

// id returns the MetadataId of the label in a language.
func (l label) id(code int) string {
	if code == schema.English {
		return guid.Derived("label", l.of)
	}
	return guid.Derived("label", l.of, strconv.Itoa(code))
}

// Names is a list of logical names.
type Names []string

// AppendJSON implements jsonValue.
func (n Names) AppendJSON(dst []byte, _ languages) []byte {
	dst = append(dst, '[')
	for i, name := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = odata.AppendQuoted(dst, name)
	}
	return append(dst, ']')
}

// JSON returns the list as JSON.
func (n Names) JSON() string { return string(n.AppendJSON(nil, languages{})) }

func appendValue(dst []byte, v any, labels languages) []byte {
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
