package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
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

// simple says whether the value is a JSON scalar.
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
	appendJSON(dst []byte, labels bool) []byte
}

// holder is an object with a member Value that filters may address as Property/Value.
type holder interface {
	inner() any
}

// managedProperty is a BooleanManagedProperty.
type managedProperty struct {
	value, changeable bool
	name              string
}

func (m managedProperty) inner() any { return m.value }

func (m managedProperty) appendJSON(dst []byte, _ bool) []byte {
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

func (l requiredLevel) inner() any { return string(l) }

func (l requiredLevel) appendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, `{"Value":`...)
	dst = appendQuoted(dst, string(l))
	return append(dst, `,"CanBeChanged":true,"ManagedPropertyLogicalName":"canmodifyrequirementlevelsettings"}`...)
}

// wrapped is an object with the one member Value, such as AttributeTypeName.
type wrapped string

func (v wrapped) inner() any { return string(v) }

func (v wrapped) appendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, `{"Value":`...)
	return append(appendQuoted(dst, string(v)), '}')
}

// label is a Label in English, the environment's only language. An empty one has no localized labels.
type label struct {
	text string
	of   string // what it is the label of, from which its id is made
}

func (l label) appendJSON(dst []byte, labels bool) []byte {
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
	dst = appendQuoted(dst, l.text)
	dst = append(dst, `,"LanguageCode":1033,"IsManaged":true,"MetadataId":"`...)
	dst = append(dst, stableID("label", l.of)...)
	return append(dst, `","HasChanged":null}`...)
}

// names is a list of logical names.
type names []string

func (n names) appendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, '[')
	for i, name := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, name)
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
		return appendQuoted(dst, v)
	case jsonValue:
		return v.appendJSON(dst, labels)
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

// nullable gives null for an empty string.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// stableID is a guid that depends on its arguments alone, for the ids of metadata and of other things that are no rows.
func stableID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
