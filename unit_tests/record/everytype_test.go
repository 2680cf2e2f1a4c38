package record_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// property is the schema of a property, as in "string/date", and its value in a record.
type property struct{ schema, value string }

// typed is a column of one AttributeTypeName.
type typed struct {
	column dataverse.Column
	row    string              // the members of a row
	always map[string]property // what the stream has of it under any options
	labels map[string]property // what choice_labels adds
	types  map[string]property // what lookup_types adds
	// content is the member that include_binary_columns puts before all others, and contents what it adds or replaces.
	content  string
	contents map[string]property
}

// everyType returns a column of each AttributeTypeName that rows have, and of each behavior of dates (Web API reference,
// AttributeTypeDisplayName and DateTimeBehavior).
func everyType() map[string]typed {
	const guid = `"5cbc1d71-0d4e-e811-a961-000d3a1d7131"`
	plain := func(typ dataverse.ColumnType, schema, value string) typed {
		return typed{column: dataverse.Column{Property: "value", Type: typ}, row: `"value":` + value, always: map[string]property{"value": {schema, value}}}
	}
	choice := func(typ dataverse.ColumnType, schema, value, label string) typed {
		c := plain(typ, schema, value)
		c.labels = map[string]property{"value_label": {"string", label}}
		return c
	}
	date := func(behavior dataverse.DateBehavior, schema, value, want string) typed {
		c := plain(dataverse.DateTime, schema, value)
		c.column.Behavior, c.always = behavior, map[string]property{"value": {schema, want}}
		return c
	}
	lookup := func(typ dataverse.ColumnType, polymorphic bool) typed {
		c := typed{
			column: dataverse.Column{Property: "_value_value", Type: typ, Polymorphic: polymorphic},
			row:    `"_value_value@Microsoft.Dynamics.CRM.lookuplogicalname":"contact","_value_value":` + guid,
			always: map[string]property{"_value_value": {"string", guid}},
		}
		if polymorphic {
			c.types = map[string]property{"_value_value_type": {"string", `"contact"`}}
		}
		return c
	}
	file, image := plain(dataverse.File, "string", guid), plain(dataverse.Image, "string", `"/9j/4AAQ"`)
	file.content, file.contents = `"value_content":"QUJD",`, map[string]property{"value_content": {"string", `"QUJD"`}}
	image.content, image.contents = `"value":"QUJDREVG",`, map[string]property{"value": {"string", `"QUJDREVG"`}}
	return map[string]typed{
		"BigIntType":                         plain(dataverse.BigInt, "integer", `638751518483842799`),
		"BooleanType":                        choice(dataverse.Boolean, "boolean", `true`, `"Yes"`),
		"CustomerType":                       lookup(dataverse.Customer, true),
		"DateTimeType, UserLocal":            date(dataverse.UserLocal, "string/date-time/timestamp_with_timezone", `"2024-03-15T09:30:00Z"`, `"2024-03-15T09:30:00Z"`),
		"DateTimeType, DateOnly":             date(dataverse.DateOnly, "string/date", `"2024-03-15"`, `"2024-03-15"`),
		"DateTimeType, TimeZoneIndependent":  date(dataverse.TimeZoneIndependent, "string/date-time/timestamp_without_timezone", `"2024-03-15T09:30:00Z"`, `"2024-03-15T09:30:00"`),
		"DecimalType":                        plain(dataverse.Decimal, "number", `12.5000000000`),
		"DoubleType":                         plain(dataverse.Double, "number", `-1.5e3`),
		"EntityNameType":                     plain(dataverse.EntityName, "string", `"account"`),
		"FileType":                           file,
		"ImageType":                          image,
		"IntegerType":                        plain(dataverse.Integer, "integer", `-7`),
		"LookupType with one target":         lookup(dataverse.Lookup, false),
		"LookupType with several targets":    lookup(dataverse.Lookup, true),
		"ManagedPropertyType":                plain(dataverse.ManagedProperty, "object", `{"Value":true,"CanBeChanged":false}`),
		"MemoType":                           plain(dataverse.Memo, "string", `"two\nlines"`),
		"MoneyType":                          plain(dataverse.Money, "number", `20000.0000`),
		"MultiSelectPicklistType":            choice(dataverse.MultiSelect, "string", `"2,1"`, `"Yes, Maybe"`),
		"OwnerType":                          lookup(dataverse.Owner, true),
		"PicklistType":                       choice(dataverse.Picklist, "integer", `2`, `"Maybe"`),
		"PicklistType, of an unknown option": choice(dataverse.Picklist, "integer", `100000003`, `null`),
		"StateType":                          choice(dataverse.State, "integer", `0`, `"No"`),
		"StatusType":                         choice(dataverse.Status, "integer", `1`, `"Yes"`),
		"StringType":                         plain(dataverse.String, "string", `"NaN"`),
		"UniqueidentifierType":               plain(dataverse.UniqueIdentifier, "string", guid),
		"a type that is new":                 plain("Vector", "string", `"[1,2]"`),
	}
}

// optionLabels are the labels of all choice columns here.
func optionLabels() *record.Labels {
	return record.NewLabels([]record.Label{{Code: 0, Text: "No"}, {Code: 1, Text: "Yes"}, {Code: 2, Text: "Maybe"}})
}

// eachOption returns all combinations of options.
func eachOption() []catalog.Options {
	var all []catalog.Options
	for i := range 1 << 3 {
		all = append(all, catalog.Options{ChoiceLabels: i&1 != 0, LookupTypes: i&2 != 0, CursorForUntracked: i&4 != 0})
	}
	return all
}

func TestEachTypeOfColumnUnderEachOption(t *testing.T) {
	for name, c := range everyType() {
		for i, o := range append(eachOption(), eachOption()...) {
			contents := i >= len(eachOption()) // all options without contents, then with them
			t.Run(fmt.Sprintf("%s %+v, contents: %t", name, o, contents), func(t *testing.T) {
				want := maps.Clone(c.always)
				want["thingid"], want["versionnumber"] = property{"string", `"t1"`}, property{"integer", `5`}
				if o.ChoiceLabels {
					maps.Copy(want, c.labels)
				}
				if o.LookupTypes {
					maps.Copy(want, c.types)
				}
				if o.CursorForUntracked {
					want[catalog.UpdatedAt] = property{"string/date-time/timestamp_with_timezone", `"` + pageCursor + `"`}
				}
				table := dataverse.Table{LogicalName: "thing", EntitySet: "things", PrimaryID: "thingid", Columns: []dataverse.Column{
					{Property: "thingid", Type: dataverse.UniqueIdentifier}, c.column, {Property: "versionnumber", Type: dataverse.BigInt},
				}}
				row := c.row
				if contents {
					maps.Copy(want, c.contents)
					table, row = catalog.WithContents(table), c.content+row
				}
				stream := o.Stream(table)
				assertSchema(t, want, stream)
				for _, row := range paths(`{` + row + `,"thingid":"t1","versionnumber":5}`) {
					assertValues(t, stream, table, row, func(name string) string { return want[name].value })
				}
				assertValues(t, stream, table, `{"thingid":"t1"}`, func(name string) string {
					if name == "thingid" || name == catalog.UpdatedAt {
						return want[name].value
					}
					return "null"
				})
			})
		}
	}
}

// assertSchema holds the properties of a stream against those that it should have.
func assertSchema(t *testing.T, want map[string]property, stream protocol.Stream) {
	t.Helper()
	schemas := map[string]string{}
	for _, p := range stream.JSONSchema.Properties {
		assert.Equal(t, []string{"null", p.Type[len(p.Type)-1]}, p.Type, p.Name)
		schemas[p.Name] = strings.TrimRight(strings.Join([]string{p.Type[1], p.Format, p.AirbyteType}, "/"), "/")
	}
	wanted := map[string]string{}
	for name, p := range want {
		wanted[name] = p.schema
	}
	assert.Equal(t, wanted, schemas)
}

// assertValues encodes a row with all columns of a stream, and holds the record against the stream's schema and the values.
func assertValues(t *testing.T, stream protocol.Stream, table dataverse.Table, row string, value func(property string) string) {
	t.Helper()
	s := protocol.ConfiguredStream{Name: stream.Name, Columns: map[string]protocol.Property{}}
	properties := map[string]any{}
	for _, p := range stream.JSONSchema.Properties {
		s.Columns[p.Name] = p.Property
		schema := map[string]any{"type": p.Type}
		switch {
		case p.AirbyteType == catalog.WithoutTimezone: // not a date-time of RFC 3339, which requires a zone
			schema["pattern"] = `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$`
		case p.Format != "":
			schema["format"] = p.Format
		}
		properties[p.Name] = schema
	}
	plan, err := record.Compile(table, s, map[string]*record.Labels{"value": optionLabels()})
	require.NoError(t, err)
	assert.Empty(t, plan.Missing)
	var message struct {
		Record struct {
			Data map[string]json.RawMessage
			Meta json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(lines(t, newEncoder(plan, record.Options{}), pageTime(), "["+row+"]")), &message))
	assert.Empty(t, message.Record.Meta, row)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(properties)), slices.Collect(maps.Keys(message.Record.Data)), "each property is in each record")
	for name, got := range message.Record.Data {
		assert.Equal(t, value(name), string(got), name)
	}
	result, err := gojsonschema.Validate(gojsonschema.NewGoLoader(map[string]any{"type": "object", "properties": properties}), gojsonschema.NewGoLoader(message.Record.Data))
	require.NoError(t, err)
	assert.Empty(t, result.Errors())
}
