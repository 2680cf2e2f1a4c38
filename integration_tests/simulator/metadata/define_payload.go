package metadata

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// tablePayload is a table's definition as clients send it: EntityMetadata, or ComplexEntityMetadata in CreateEntities
// (Web API reference). Members that are not named here are ignored.
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

// text returns the label in English, or else the first one.
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
func payload[T any](body []byte) (T, *odata.Error) {
	var p T
	if err := json.Unmarshal(body, &p); err != nil {
		return p, odata.Refuse(http.StatusBadRequest, "0x80048d19", "Error identified in Payload provided by the user for Entity :'', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : %v", err)
	}
	return p, nil
}

// kind returns the column type that the payload's @odata.type names.
func (p *columnPayload) kind() schema.ColumnType {
	name := strings.TrimPrefix(strings.TrimPrefix(p.Type, "#"), "Microsoft.Dynamics.CRM.")
	return schema.ColumnType(strings.TrimSuffix(strings.TrimPrefix(name, "Complex"), "AttributeMetadata"))
}

// columns returns the column that the payload describes, and after it those that the service makes along with it.
func (p *columnPayload) columns() ([]schema.Column, *odata.Error) {
	if refusal := prefixed(p.SchemaName, "Attribute"); refusal != nil {
		return nil, refusal
	}
	d := &schema.Definition{Table: &schema.Table{Custom: true}}
	switch kind := p.kind(); kind {
	case schema.String, schema.Memo, schema.Integer, schema.BigInt, schema.Decimal, schema.Double, schema.DateTime:
		d.Add(schema.Column{SchemaName: p.SchemaName, Type: kind})
	case schema.Money:
		d.Money(p.SchemaName)
	case schema.File:
		d.File(p.SchemaName)
	case schema.Image:
		d.Image(p.SchemaName)
	case schema.Boolean, schema.Picklist, schema.MultiSelectPicklist:
		d.Choices(kind, p.SchemaName, p.options(kind))
	case schema.Lookup:
		d.Lookup(p.SchemaName, p.Targets...)
	default:
		return nil, odata.Refuse(http.StatusBadRequest, "0x80040203", "Attribute of type %s cannot be created through the SDK", p.Type)
	}
	p.amend(&d.Table.Columns[0])
	return d.Table.Columns, nil
}

// options returns those of a choice. The service numbers the ones that come without a value by the publisher's prefix.
func (p *columnPayload) options(kind schema.ColumnType) []schema.Option {
	if kind == schema.Boolean {
		return []schema.Option{
			{Value: 0, Label: cmp.Or(p.OptionSet.FalseOption.Label.text(), "No")},
			{Value: 1, Label: cmp.Or(p.OptionSet.TrueOption.Label.text(), "Yes")},
		}
	}
	const first = 100_000_000
	list := make([]schema.Option, len(p.OptionSet.Options))
	for i, o := range p.OptionSet.Options {
		list[i] = schema.Option{Value: first + i, Label: o.Label.text()}
		if o.Value != nil {
			list[i].Value = *o.Value
		}
	}
	return list
}

// The lengths that the service sets for texts which are created without one, and the digits of a decimal number.
const (
	usualText      = 100
	usualMemo      = 2000
	usualPrecision = 2
)

// amend sets the properties of a column beyond its name and type. Those that the payload omits stay as they are, or get
// the service's defaults.
func (p *columnPayload) amend(c *schema.Column) {
	set := func(to *int, given *int, usual int) {
		switch {
		case given != nil:
			*to = *given
		case *to == 0:
			*to = usual
		}
	}
	switch c.Type {
	case schema.String:
		set(&c.MaxLength, p.MaxLength, usualText)
		c.Format = cmp.Or(p.FormatName.Value, p.Format, c.Format)
	case schema.Memo:
		set(&c.MaxLength, p.MaxLength, usualMemo)
		c.Format = cmp.Or(p.FormatName.Value, p.Format, c.Format)
	case schema.Decimal, schema.Double, schema.Money:
		set(&c.Precision, p.Precision, usualPrecision)
	case schema.DateTime:
		c.Behavior = cmp.Or(schema.Behavior(p.DateTimeBehavior.Value), c.Behavior, schema.UserLocal)
		c.Format = cmp.Or(p.Format, c.Format)
	default: // nothing but a name and a requirement
	}
	if p.MinValue != nil && p.MaxValue != nil && c.Type != schema.BigInt {
		c.Min, c.Max = int(*p.MinValue), int(*p.MaxValue)
	}
	if c.Format == "Text" {
		c.Format = ""
	}
	c.DisplayName = cmp.Or(p.DisplayName.text(), c.DisplayName)
	c.Required = cmp.Or(p.RequiredLevel.Value, c.Required)
}

// prefixed refuses names without a publisher's prefix.
func prefixed(schemaName, kind string) *odata.Error {
	prefix, rest, found := strings.Cut(schemaName, "_")
	if found && len(prefix) >= 2 && rest != "" && strings.ToLower(prefix) == prefix {
		return nil
	}
	return odata.Refuse(http.StatusBadRequest, "0x80044366", "The schema name %s for type %s is invalid or missing."+
		"Custom attribute, entity, entitykey, option set and relationship names must start with a valid customization prefix."+
		"The prefix for a solution component should match the prefix that is specified for the solution's publisher.", schemaName, kind)
}
