package metadata

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// optionChange is the body of InsertOptionValue, UpdateOptionValue and DeleteOptionValue (Web API reference).
type optionChange struct {
	EntityLogicalName    string
	AttributeLogicalName string
	OptionSetName        string // of a global choice, in place of the other two
	Value                *int
	Label                *labelPayload
	Description          *labelPayload
	MergeLabels          bool // the labels in languages that are not given stay
}

// changeOption carries out one of the actions on the options of a choice, and returns the value of a new option.
func changeOption(db *rows.Database, name string, body []byte) (int, *odata.Error) {
	given, refusal := payload[optionChange](body)
	if refusal != nil {
		return 0, refusal
	}
	a, refusal := given.choice(db)
	if refusal != nil {
		return 0, refusal
	}
	options := slices.Clone(a.column.Options)
	at := slices.IndexFunc(options, func(o schema.Option) bool { return given.Value != nil && o.Value == *given.Value })
	value := 0
	switch {
	case name == "InsertOptionValue":
		if !slices.Contains([]schema.ColumnType{schema.Picklist, schema.MultiSelectPicklist, schema.Status}, a.column.Type) {
			return 0, odata.Refuse(http.StatusBadRequest, "0x80044320", "You can add option values only to picklist and status attributes.")
		}
		if at >= 0 {
			return 0, odata.Refuse(http.StatusBadRequest, "0x80044310", "The picklist value already exists.  Picklist values must be unique.")
		}
		if value = nextValue(options); given.Value != nil {
			value = *given.Value
		}
		options = append(options, given.apply(schema.Option{Value: value}))
	case at < 0:
		return 0, odata.Refuse(http.StatusBadRequest, "0x8004431A", "The picklist value is out of the range.")
	case name == "UpdateOptionValue":
		options[at] = given.apply(options[at])
	default:
		options = slices.Delete(options, at, at+1)
	}
	if err := db.SetOptions(a.table.LogicalName, a.column.LogicalName, options); err != nil {
		return 0, odata.BadQuery("%v", err)
	}
	return value, nil
}

// choice returns the column whose options are changed; of a global choice, one of its columns.
func (g *optionChange) choice(db *rows.Database) (attribute, *odata.Error) {
	for _, t := range db.Tables() {
		for _, a := range attributes(t) {
			own := g.OptionSetName == "" && t.LogicalName == g.EntityLogicalName && a.column.LogicalName == g.AttributeLogicalName
			if len(a.column.Options) > 0 && (own || g.OptionSetName != "" && a.column.GlobalChoice == g.OptionSetName) {
				return a, nil
			}
		}
	}
	name := cmp.Or(g.OptionSetName, g.EntityLogicalName+"."+g.AttributeLogicalName)
	return attribute{}, odata.Refuse(http.StatusNotFound, "0x80040217", "Could not find an optionset with the key %s.", name)
}

// apply returns an option with the labels that were given.
func (g *optionChange) apply(o schema.Option) schema.Option {
	if g.Description != nil {
		o.Description = g.Description.text()
	}
	if g.Label == nil {
		return o
	}
	translations := map[int]string{}
	if g.MergeLabels {
		maps.Copy(translations, o.Translations)
	}
	for _, label := range g.Label.LocalizedLabels {
		if label.LanguageCode == schema.English {
			o.Label = label.Label
		} else {
			translations[label.LanguageCode] = label.Label
		}
	}
	if o.Label == "" {
		o.Label = g.Label.text()
	}
	o.Translations = translations
	return o
}

// nextValue returns the value of a new option that states none.
func nextValue(options []schema.Option) int {
	const first = 100_000_000
	next := first
	for _, o := range options {
		next = max(next, o.Value+1)
	}
	return next
}

// serveOptionAction serves an action on the options of a choice.
func serveOptionAction(db *rows.Database, w http.ResponseWriter, base, name string, body []byte) *odata.Error {
	value, refusal := changeOption(db, name, body)
	switch {
	case refusal != nil:
		return refusal
	case name == "InsertOptionValue":
		odata.Response(w, base, name, `"NewOptionValue":`+strconv.Itoa(value))
	default:
		odata.NewReply(http.StatusNoContent).Send(w)
	}
	return nil
}
