package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
)

// tablePayload is a table's definition as clients send it: EntityMetadata, or ComplexEntityMetadata in CreateEntities
// (Web API reference). Members that are not named here are passed over.
type tablePayload struct {
	SchemaName            string
	EntitySetName         string
	OwnershipType         string
	DisplayName           labelPayload
	Description           labelPayload
	ChangeTrackingEnabled *bool
	Attributes            []columnPayload
}

// columnPayload is a column's definition as clients send it: a type derived from AttributeMetadata.
type columnPayload struct {
	Type             string `json:"@odata.type"`
	SchemaName       string
	IsPrimaryName    bool
	DisplayName      labelPayload
	RequiredLevel    valuePayload
	FormatName       valuePayload
	DateTimeBehavior valuePayload
	Format           string
	MaxLength        *int
	MinValue         *float64
	MaxValue         *float64
	Precision        *int
	OptionSet        optionsPayload
	Targets          []string
}

type valuePayload struct{ Value string }

type optionsPayload struct {
	Options                 []optionPayload
	TrueOption, FalseOption optionPayload
}

type optionPayload struct {
	Value *int
	Label labelPayload
}

type labelPayload struct {
	LocalizedLabels []struct {
		Label        string
		LanguageCode int
	}
}

// text is the label in English, the environment's only language, or else the first one.
func (l labelPayload) text() string {
	const english = 1033
	for _, label := range l.LocalizedLabels {
		if label.LanguageCode == english {
			return label.Label
		}
	}
	if len(l.LocalizedLabels) > 0 {
		return l.LocalizedLabels[0].Label
	}
	return ""
}

// payload reads the body of a write of metadata.
func payload[T any](body []byte) (T, *apiError) {
	var p T
	if err := json.Unmarshal(body, &p); err != nil {
		return p, refuse(http.StatusBadRequest, "0x80048d19", "Error identified in Payload provided by the user for Entity :'', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : %v", err)
	}
	return p, nil
}

// kind is the column type that the payload's @odata.type names.
func (p *columnPayload) kind() ColumnType {
	name := strings.TrimPrefix(strings.TrimPrefix(p.Type, "#"), "Microsoft.Dynamics.CRM.")
	return ColumnType(strings.TrimSuffix(strings.TrimPrefix(name, "Complex"), "AttributeMetadata"))
}

// columns are the column that the payload describes, and behind it those that the service makes along with it.
func (p *columnPayload) columns() ([]Column, *apiError) {
	if refusal := prefixed(p.SchemaName, "Attribute"); refusal != nil {
		return nil, refusal
	}
	d := &definition{table: &Table{Custom: true}}
	switch kind := p.kind(); kind {
	case String, Memo, Integer, BigInt, Decimal, Double, DateTime:
		d.add(Column{SchemaName: p.SchemaName, Type: kind})
	case Money:
		d.money(p.SchemaName)
	case File:
		d.file(p.SchemaName)
	case Image:
		d.image(p.SchemaName)
	case Boolean, Picklist, MultiSelectPicklist:
		d.choices(kind, p.SchemaName, p.options(kind))
	case Lookup:
		d.lookup(p.SchemaName, p.Targets...)
	default:
		return nil, refuse(http.StatusBadRequest, "0x80040203", "Attribute of type %s cannot be created through the SDK", p.Type)
	}
	p.amend(&d.table.Columns[0])
	return d.table.Columns, nil
}

// options are those of a choice. The service numbers the ones that come without a value by the publisher's prefix.
func (p *columnPayload) options(kind ColumnType) []Option {
	if kind == Boolean {
		return []Option{
			{Value: 0, Label: cmp.Or(p.OptionSet.FalseOption.Label.text(), "No")},
			{Value: 1, Label: cmp.Or(p.OptionSet.TrueOption.Label.text(), "Yes")},
		}
	}
	const first = 100_000_000
	list := make([]Option, len(p.OptionSet.Options))
	for i, o := range p.OptionSet.Options {
		list[i] = Option{Value: first + i, Label: o.Label.text()}
		if o.Value != nil {
			list[i].Value = *o.Value
		}
	}
	return list
}

// The lengths that the service gives texts which are made without one, and the digits of a decimal number.
const (
	usualText      = 100
	usualMemo      = 2000
	usualPrecision = 2
)

// amend sets what the payload says of a column beyond its name and type. What it leaves out stays as it is, or becomes
// what the service takes without it.
func (p *columnPayload) amend(c *Column) {
	set := func(to *int, given *int, usual int) {
		switch {
		case given != nil:
			*to = *given
		case *to == 0:
			*to = usual
		}
	}
	switch c.Type {
	case String:
		set(&c.MaxLength, p.MaxLength, usualText)
		c.Format = cmp.Or(p.FormatName.Value, p.Format, c.Format)
	case Memo:
		set(&c.MaxLength, p.MaxLength, usualMemo)
		c.Format = cmp.Or(p.FormatName.Value, p.Format, c.Format)
	case Decimal, Double, Money:
		set(&c.Precision, p.Precision, usualPrecision)
	case DateTime:
		c.Behavior = cmp.Or(Behavior(p.DateTimeBehavior.Value), c.Behavior, UserLocal)
		c.Format = cmp.Or(p.Format, c.Format)
	default: // nothing but a name and a requirement
	}
	if p.MinValue != nil && p.MaxValue != nil && c.Type != BigInt {
		c.Min, c.Max = int(*p.MinValue), int(*p.MaxValue)
	}
	if c.Format == "Text" {
		c.Format = ""
	}
	c.DisplayName = cmp.Or(p.DisplayName.text(), c.DisplayName)
	c.Required = cmp.Or(p.RequiredLevel.Value, c.Required)
}

// prefixed refuses names without a publisher's prefix.
func prefixed(schemaName, kind string) *apiError {
	prefix, rest, found := strings.Cut(schemaName, "_")
	if found && len(prefix) >= 2 && rest != "" && strings.ToLower(prefix) == prefix {
		return nil
	}
	return refuse(http.StatusBadRequest, "0x80044366", "The schema name %s for type %s is invalid or missing."+
		"Custom attribute, entity, entitykey, option set and relationship names must start with a valid customization prefix."+
		"The prefix for a solution component should match the prefix that is specified for the solution's publisher.", schemaName, kind)
}
