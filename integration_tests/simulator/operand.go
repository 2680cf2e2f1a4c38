package simulator

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// kind is how values of a column compare.
type kind int

const (
	textKind kind = iota
	wholeKind
	fractionKind
	flagKind
	guidKind
	dateKind
)

// operand is a value that can be compared with others of its kind, as SQL Server does it: null is below everything,
// texts compare without regard to case, guids in the order of uniqueidentifier.
type operand struct {
	null     bool
	kind     kind
	text     string
	whole    int64
	fraction float64
	guid     rowID
}

func kindOf(c *cell) kind {
	switch {
	case c.column == nil || c.role == keyRole || c.column.IsLookup() || c.column.Type == Uniqueidentifier || c.column.Type == File:
		return guidKind
	case c.column.Type == Integer || c.column.Type == BigInt || c.column.Type == Picklist ||
		c.column.Type == State || c.column.Type == Status:
		return wholeKind
	case c.column.Type == Money || c.column.Type == Decimal || c.column.Type == Double:
		return fractionKind
	case c.column.Type == Boolean:
		return flagKind
	case c.column.Type == DateTime:
		return dateKind
	default:
		return textKind
	}
}

// edmName is the type's name in the messages of the OData library.
func (k kind) edmName() string {
	return [...]string{"Edm.String", "Edm.Int64", "Edm.Decimal", "Edm.Boolean", "Edm.Guid", "Edm.DateTimeOffset"}[k]
}

// parse makes an operand of text as it stands in a $filter or a paging cookie.
func (k kind) parse(text string) (operand, bool) {
	o := operand{kind: k}
	var err error
	ok := true
	switch k {
	case textKind:
		o.text = fold(text)
	case wholeKind:
		o.whole, err = strconv.ParseInt(text, 10, 64)
	case fractionKind:
		o.fraction, err = strconv.ParseFloat(text, 64)
	case flagKind:
		ok = text == "true" || text == "false"
		if text == "true" {
			o.whole = 1
		}
	case guidKind:
		o.guid, ok = parseRowID(strings.Trim(text, "{}"))
	case dateKind:
		var at time.Time
		if at, err = time.Parse(time.RFC3339Nano, text); err != nil {
			at, err = time.Parse(time.DateOnly, text)
		}
		o.whole = at.UnixNano()
	}
	return o, ok && err == nil
}

// operandOf is the value of a row's property.
func (s *store) operandOf(r ref, c *cell) operand {
	k := kindOf(c)
	if c.role == keyRole {
		return operand{kind: guidKind, guid: r.id}
	}
	if c.role == versionRole {
		return operand{kind: wholeKind, whole: s.version(r)}
	}
	raw := s.appendValue(nil, r, c)
	if len(raw) == 0 {
		return operand{null: true, kind: k}
	}
	o, ok := k.parse(plain(raw))
	if !ok {
		return operand{null: true, kind: k}
	}
	return o
}

// plain is a JSON value as text: a string without its quotes and escapes.
func plain(raw []byte) string {
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text
		}
	}
	return string(raw)
}

// fold makes texts comparable. Control characters, which a paging cookie cannot carry, count as one.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return unicode.ReplacementChar
		}
		return unicode.ToLower(r)
	}, text)
}

func (o operand) compare(other operand) int {
	switch {
	case o.null || other.null:
		return cmp.Compare(word(btoi(!o.null)), word(btoi(!other.null)))
	case o.kind == textKind:
		return strings.Compare(o.text, other.text)
	case o.kind == fractionKind:
		return cmp.Compare(o.fraction, other.fraction)
	case o.kind == guidKind:
		return o.guid.compare(other.guid)
	default:
		return cmp.Compare(o.whole, other.whole)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
