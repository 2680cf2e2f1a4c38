package record_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// labeled selects columns of a table and labels under the schema that discover gives them.
func labeled(table dataverse.Table, columns ...string) protocol.ConfiguredStream {
	s := protocol.ConfiguredStream{Name: table.LogicalName, Columns: map[string]protocol.Property{}}
	for _, p := range (catalog.Options{ChoiceLabels: true}).Stream(table).JSONSchema.Properties {
		for _, column := range columns {
			if p.Name == column {
				s.Columns[column] = p.Property
			}
		}
	}
	return s
}

// labeledEncoder is an encoder of columns of a table whose column "value" has labels.
func labeledEncoder(t *testing.T, table dataverse.Table, labels []record.Label, columns ...string) *record.Encoder {
	t.Helper()
	plan, err := record.Compile(table, labeled(table, columns...), map[string]*record.Labels{"value": record.NewLabels(labels)})
	require.NoError(t, err)
	return newEncoder(plan, record.Options{})
}

// paths are a row as the service writes it, which takes the fast path, and the same row for the decoder.
func paths(row string) []string { return []string{row, "{ " + row[1:]} }

func TestALabelStandsBesideItsCode(t *testing.T) {
	statuses := []record.Label{{Code: 100000001, Text: "Gold"}, {Code: 1, Text: "Open"}, {Code: 2, Text: ""}, {Code: 100000000, Text: "\"Silver\""}, {Code: -1, Text: "<None>"}}
	flags := []record.Label{{Code: 0, Text: "No"}, {Code: 1, Text: "Yes"}}
	colors := []record.Label{{Code: 3, Text: "Blue"}, {Code: 1, Text: "Red"}, {Code: 2, Text: "Green, light"}}
	for _, c := range []struct {
		typ          dataverse.ColumnType
		labels       []record.Label
		value, label string
	}{
		{dataverse.Picklist, statuses, `1`, `"Open"`},
		{dataverse.Picklist, statuses, `100000001`, `"Gold"`},
		{dataverse.Picklist, statuses, `100000000`, `"\"Silver\""`},
		{dataverse.Picklist, statuses, `-1`, `"<None>"`},
		{dataverse.Picklist, statuses, `1.0`, `"Open"`},
		{dataverse.Picklist, statuses, `2`, `null`},
		{dataverse.Picklist, statuses, `3`, `null`},
		{dataverse.Picklist, statuses, `100000002`, `null`},
		{dataverse.Picklist, statuses, `-100000001`, `null`},
		{dataverse.Picklist, statuses, `18446744073709551617`, `null`},
		{dataverse.Picklist, statuses, `null`, `null`},
		{dataverse.Picklist, nil, `1`, `null`},
		{dataverse.State, colors, `3`, `"Blue"`},
		{dataverse.Status, colors, `0`, `null`},
		{dataverse.Status, colors, `4`, `null`},
		{dataverse.Boolean, flags, `true`, `"Yes"`},
		{dataverse.Boolean, flags, `false`, `"No"`},
		{dataverse.Boolean, flags[1:], `false`, `null`},
		{dataverse.Boolean, flags, `null`, `null`},
		{dataverse.MultiSelect, colors, `"2"`, `"Green, light"`},
		{dataverse.MultiSelect, colors, `"1,3"`, `"Red, Blue"`},
		{dataverse.MultiSelect, colors, `"3,1,2"`, `"Red, Green, light, Blue"`},
		{dataverse.MultiSelect, colors, `"1, 3"`, `"Red, Blue"`},
		{dataverse.MultiSelect, colors, `"1,4"`, `null`},
		{dataverse.MultiSelect, colors, `"1,"`, `null`},
		{dataverse.MultiSelect, colors, `""`, `null`},
		{dataverse.MultiSelect, colors, `null`, `null`},
		{dataverse.MultiSelect, colors, `"` + strings.Repeat("3,1,", 40) + `2"`, `"` + strings.Repeat("Red, ", 40) + "Green, light" + strings.Repeat(", Blue", 40) + `"`},
	} {
		table := tableOf(c.typ)
		for _, row := range paths(`{"thingid":"t1","value":` + c.value + `}`) {
			both := labeledEncoder(t, table, c.labels, "thingid", "value", "value_label")
			assert.Equal(t, line("thing", `"thingid":"t1","value":`+c.value+`,"value_label":`+c.label), lines(t, both, pageTime(), "["+row+"]"), "%s %s", c.typ, row)
			alone := labeledEncoder(t, table, c.labels, "thingid", "value_label")
			assert.Equal(t, line("thing", `"thingid":"t1","value_label":`+c.label), lines(t, alone, pageTime(), "["+row+"]"), "%s %s", c.typ, row)
		}
	}
}

func TestALabelIsNullWhereItsColumnIsMissing(t *testing.T) {
	e := labeledEncoder(t, tableOf(dataverse.Picklist), []record.Label{{Code: 1, Text: "Open"}}, "thingid", "value", "value_label")
	assert.Equal(t, line("thing", `"thingid":"t1","value":null,"value_label":null`), lines(t, e, pageTime(), `[{"thingid":"t1"}]`))
}

func TestALabelIsNullBesideAValueOfAnotherType(t *testing.T) {
	for _, row := range paths(`{"thingid":"t1","value":"NaN"}`) {
		e := labeledEncoder(t, tableOf(dataverse.Picklist), []record.Label{{Code: 1, Text: "Open"}}, "thingid", "value", "value_label")
		assert.Equal(t, nulledLine("thing", `"thingid":"t1","value":null,"value_label":null`, "value"), lines(t, e, pageTime(), "["+row+"]"))
		e = labeledEncoder(t, tableOf(dataverse.Picklist), []record.Label{{Code: 1, Text: "Open"}}, "thingid", "value_label")
		assert.Equal(t, line("thing", `"thingid":"t1","value_label":null`), lines(t, e, pageTime(), "["+row+"]"))
	}
}

func TestLabelsStayOnOneLine(t *testing.T) {
	labels := []record.Label{{Code: 1, Text: "a\u2028b\u0085\n\x00c\xff"}}
	e := labeledEncoder(t, tableOf(dataverse.Picklist), labels, "thingid", "value_label")
	assert.Equal(t, line("thing", `"thingid":"t1","value_label":"a\u2028b\u0085\n`+"\ufffdc\ufffd"+`"`), lines(t, e, pageTime(), `[{"thingid":"t1","value":1}]`))
}

func TestOfTwoLabelsOfACodeTheFirstCounts(t *testing.T) {
	e := labeledEncoder(t, tableOf(dataverse.Picklist), []record.Label{{Code: 1, Text: "a"}, {Code: 1, Text: "b"}}, "thingid", "value_label")
	assert.Equal(t, line("thing", `"thingid":"t1","value_label":"a"`), lines(t, e, pageTime(), `[{"thingid":"t1","value":1}]`))
}

func TestTheColumnOfALabelIsRequested(t *testing.T) {
	table := tableOf(dataverse.Picklist)
	labels := map[string]*record.Labels{"value": record.NewLabels(nil)}
	for name, columns := range map[string][]string{"with its column": {"thingid", "value", "value_label"}, "alone": {"thingid", "value_label"}} {
		plan, err := record.Compile(table, labeled(table, columns...), labels)
		require.NoError(t, err)
		assert.Equal(t, []string{"thingid", "value"}, plan.Select(), name)
		assert.Empty(t, plan.Missing, name)
	}
}

func TestALabelThatWasNotReadIsMissing(t *testing.T) {
	table := tableOf(dataverse.Picklist)
	plan, err := record.Compile(table, labeled(table, "thingid", "value", "value_label"), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"value_label"}, plan.Missing)
	removed, err := record.Compile(table.Without("value"), labeled(table, "thingid", "value", "value_label"), map[string]*record.Labels{"value": record.NewLabels(nil)})
	require.NoError(t, err)
	assert.Equal(t, []string{"value", "value_label"}, removed.Missing)
}

func TestAColumnWithTheNameOfALabelTakesPrecedence(t *testing.T) {
	table := tableOf(dataverse.Picklist)
	table.Columns = append(table.Columns, dataverse.Column{Property: "value_label", Type: dataverse.String})
	e := labeledEncoder(t, table, []record.Label{{Code: 1, Text: "Open"}}, "thingid", "value", "value_label")
	assert.Equal(t, line("thing", `"thingid":"t1","value":1,"value_label":"own"`), lines(t, e, pageTime(), `[{"thingid":"t1","value":1,"value_label":"own"}]`))
}

func TestADeletionHasNoLabel(t *testing.T) {
	table := tableOf(dataverse.Picklist)
	table.Tracked = true
	e := labeledEncoder(t, table, []record.Label{{Code: 1, Text: "Open"}}, "thingid", "value", "value_label", catalog.DeletedAt)
	require.NoError(t, begin(e, pageTime(), `[`+deletion("a1")+`]`))
	for _, key := range e.Deleted() {
		e.Delete(key)
	}
	assert.Equal(t, line("thing", `"thingid":"a1","_ab_cdc_deleted_at":"`+pageCursor+`"`), taken(t, e))
}

func TestALabelIsNoCursor(t *testing.T) {
	table := tableOf(dataverse.Picklist)
	s := labeled(table, "thingid", "value_label")
	s.CursorField = []string{"value"} // requested for its label, but not selected
	plan, err := record.Compile(table, s, map[string]*record.Labels{"value": record.NewLabels(nil)})
	require.NoError(t, err)
	assert.Contains(t, lines(t, newEncoder(plan, record.Options{}), pageTime(), `[{"thingid":"t1","value":"x"}]`), `"value_label":null`)
}
