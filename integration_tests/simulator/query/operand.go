package query

import (
	"cmp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Kind is how values of a column compare.
type Kind int

// The kinds, in the order of the names that EDMName returns.
const (
	textKind Kind = iota
	WholeKind
	FractionKind
	flagKind
	guidKind
	dateKind
)

// Operand is a value that can be compared with others of its kind, as SQL Server does it: null is below everything,
// texts compare without regard to case, guids in the order of uniqueidentifier.
type Operand struct {
	Null     bool
	kind     Kind
	text     string
	whole    int64
	fraction float64
	Guid     guid.ID
}

// KindOf returns how the values of a cell's column compare.
func KindOf(c *rows.Cell) Kind {
	switch {
	case c.Column == nil || c.Role == rows.KeyRole || c.Column.IsLookup() || c.Column.Type == schema.Uniqueidentifier || c.Column.Type == schema.File:
		return guidKind
	case c.Column.Type == schema.Integer || c.Column.Type == schema.BigInt || c.Column.Type == schema.Picklist ||
		c.Column.Type == schema.State || c.Column.Type == schema.Status:
		return WholeKind
	case c.Column.Type == schema.Money || c.Column.Type == schema.Decimal || c.Column.Type == schema.Double:
		return FractionKind
	case c.Column.Type == schema.Boolean:
		return flagKind
	case c.Column.Type == schema.DateTime:
		return dateKind
	default:
		return textKind
	}
}

// EDMName returns the type's name in the messages of the OData library.
func (k Kind) EDMName() string {
	return [...]string{"Edm.String", "Edm.Int64", "Edm.Decimal", "Edm.Boolean", "Edm.Guid", "Edm.DateTimeOffset"}[k]
}

// Parse makes an operand of text as it stands in a $filter or a paging cookie.
func (k Kind) Parse(text string) (Operand, bool) {
	o := Operand{kind: k}
	var err error
	ok := true
	switch k {
	case textKind:
		o.text = fold(text)
	case WholeKind:
		o.whole, err = strconv.ParseInt(text, 10, 64)
	case FractionKind:
		o.fraction, err = strconv.ParseFloat(text, 64)
	case flagKind:
		ok = text == "true" || text == "false"
		if text == "true" {
			o.whole = 1
		}
	case guidKind:
		o.Guid, ok = guid.Parse(strings.Trim(text, "{}"))
	case dateKind:
		var at time.Time
		if at, err = time.Parse(time.RFC3339Nano, text); err != nil {
			at, err = time.Parse(time.DateOnly, text)
		}
		o.whole = at.UnixNano()
	}
	return o, ok && err == nil
}

// OperandOf returns the value of a row's property.
func OperandOf(s *rows.Store, r rows.Ref, c *rows.Cell) Operand {
	k := KindOf(c)
	if c.Role == rows.KeyRole {
		return Operand{kind: guidKind, Guid: r.ID}
	}
	if c.Role == rows.VersionRole {
		return Operand{kind: WholeKind, whole: s.Version(r)}
	}
	raw := s.AppendValue(nil, r, c)
	if len(raw) == 0 {
		return Operand{Null: true, kind: k}
	}
	o, ok := k.Parse(odata.Plain(raw))
	if !ok {
		return Operand{Null: true, kind: k}
	}
	return o
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

// Compare orders two operands of one kind as cmp.Compare does; null is below every value.
func (o Operand) Compare(other Operand) int {
	switch {
	case o.Null || other.Null:
		return cmp.Compare(rows.Word(odata.Btoi(!o.Null)), rows.Word(odata.Btoi(!other.Null)))
	case o.kind == textKind:
		return strings.Compare(o.text, other.text)
	case o.kind == FractionKind:
		return cmp.Compare(o.fraction, other.fraction)
	case o.kind == guidKind:
		return o.Guid.Compare(other.Guid)
	default:
		return cmp.Compare(o.whole, other.whole)
	}
}
