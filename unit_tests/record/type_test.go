package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// nulledLine is a RECORD whose named fields were nulled.
func nulledLine(stream, data string, fields ...string) string {
	var changes []protocol.FieldChange
	for _, field := range fields {
		changes = append(changes, protocol.FieldChange{Field: field, Change: protocol.Nulled, Reason: protocol.SourceSerializationError})
	}
	return string(protocol.AppendRecordEnd([]byte(string(protocol.RecordHead(stream))+"{"+data+"}"), changes))
}

// tableOf is a table with a key and a column of a type.
func tableOf(column dataverse.ColumnType) dataverse.Table {
	return dataverse.Table{LogicalName: "thing", EntitySet: "things", PrimaryID: "thingid", Columns: []dataverse.Column{
		{Property: "thingid", Type: dataverse.UniqueIdentifier}, {Property: "value", Type: column},
	}}
}

func TestAValueOfAnotherTypeBecomesNull(t *testing.T) {
	const (
		text    = `"NaN","INF","-INF","","1","é","a\u0000"`
		numbers = `1,-1.5,1e3`
		bools   = `true,false`
		nested  = `{"Value":true},{ "Value" : 1 },[1],[]`
	)
	for column, c := range map[dataverse.ColumnType]struct{ kept, nulled string }{
		dataverse.Integer:         {`0,-7,638751518483842799,12.0,-3.000`, text + `,` + bools + `,` + nested + `,1.5,1e3`},
		dataverse.Picklist:        {`100000000`, text + `,` + bools + `,` + nested},
		dataverse.Double:          {numbers, text + `,` + bools + `,` + nested},
		dataverse.Money:           {`20000.0000`, text + `,` + bools + `,` + nested},
		dataverse.Boolean:         {bools, text + `,` + numbers + `,` + nested},
		dataverse.ManagedProperty: {`{"Value":true},{}`, text + `,` + numbers + `,` + bools + `,[1],[]`},
		dataverse.String:          {`"NaN","","1"`, numbers + `,` + bools + `,` + nested},
		dataverse.DateTime:        {`"2026-01-01T00:00:00Z"`, numbers + `,` + bools + `,` + nested},
		dataverse.Lookup:          {`"5cbc1d71-0d4e-e811-a961-000d3a1d7131"`, numbers + `,` + bools + `,` + nested},
	} {
		table := tableOf(column)
		for _, value := range values(c.kept) {
			e := encoderOf(t, table, "thingid", "value")
			assert.Equal(t, line("thing", `"thingid":"t1","value":`+value), lines(t, e, pageTime(), `[{"thingid":"t1","value":`+value+`}]`), "%s", column)
		}
		for _, value := range values(c.nulled) {
			for _, row := range []string{`{"thingid":"t1","value":` + value + `}`, `{ "thingid":"t1","value":` + value + `}`} { // both paths
				e := encoderOf(t, table, "thingid", "value")
				assert.Equal(t, nulledLine("thing", `"thingid":"t1","value":null`, "value"), lines(t, e, pageTime(), "["+row+"]"), "%s %s", column, row)
			}
		}
	}
}

// values splits a list of JSON values.
func values(list string) (all []string) {
	depth, from := 0, 0
	for i, c := range list {
		depth += strings.Count("{[", string(c)) - strings.Count("}]", string(c))
		if c == ',' && depth == 0 {
			all, from = append(all, list[from:i]), i+1
		}
	}
	return append(all, list[from:])
}

func TestSeveralValuesOfARowMayBecomeNull(t *testing.T) {
	table := account()
	var page, want strings.Builder
	columns := []string{"accountid"}
	page.WriteString(`[{"accountid":"a1"`)
	want.WriteString(`"accountid":"a1"`)
	for i := range 200 { // more than the room that is kept for the end of a line
		name := fmt.Sprintf("contoso_amount%03d", i)
		table.Columns = append(table.Columns, dataverse.Column{Property: name, Type: dataverse.Money})
		columns = append(columns, name)
		fmt.Fprintf(&page, `,%q:"NaN"`, name)
		fmt.Fprintf(&want, `,%q:null`, name)
	}
	page.WriteString(`},{"accountid":"a2"}]`)
	stats := &record.ColumnStats{}
	e := newEncoder(compile(t, table, configured(table, columns...)), record.Options{Stats: stats})
	got := strings.SplitAfter(lines(t, e, pageTime(), page.String()), "\n")
	assert.Equal(t, nulledLine("account", want.String(), columns[1:]...), got[0])
	assert.NotContains(t, got[1], "meta", "another row has changes of its own")
	assert.Len(t, stats.Nulled(), 200)
}

func TestTheCatalogOfAnotherConnectorTakesItsOwnTypes(t *testing.T) {
	table := account()
	s := configured(table, "accountid")
	s.Columns["anything"] = protocol.Property{Type: []string{"null", "string"}} // as the Python connector declares it
	e := newEncoder(compile(t, table, s), record.Options{})
	want := line("account", `"accountid":"a1","anything":{"Value":true}`) + line("account", `"accountid":"a2","anything":"x"`) +
		nulledLine("account", `"accountid":"a3","anything":null`, "anything")
	assert.Equal(t, want, lines(t, e, pageTime(),
		`[{"accountid":"a1","anything":{"Value":true}},{"accountid":"a2","anything":"x"},{"accountid":"a3","anything":5}]`))
}

func TestAKeyOrCursorOfAnotherTypeBreaksThePage(t *testing.T) {
	withCursor := configured(account(), "accountid", "modifiedon", catalog.DeletedAt)
	withCursor.CursorField = []string{"modifiedon"}
	for name, c := range map[string]struct {
		table  dataverse.Table
		stream protocol.ConfiguredStream
		row    string
	}{
		"a key that is a number":       {account(), configured(account(), "accountid"), `{"accountid":7}`},
		"a key that is an object":      {account(), configured(account(), "accountid"), `{"accountid":{"a":"a1"}}`},
		"a key that is not selected":   {account(), configured(account(), "name"), `{"accountid":true,"name":"n"}`},
		"a partition that is a number": {sensor(), configured(sensor(), "sensorid"), `{"sensorid":"s1","partitionid":5}`},
		"a cursor that is a number":    {account(), withCursor, `{"accountid":"a1","modifiedon":5}`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, row := range []string{c.row, " " + strings.Replace(c.row, ":", " : ", 1)} {
				e := newEncoder(compile(t, c.table, c.stream), record.Options{})
				var broken *dataverse.BrokenResponseError
				require.ErrorAs(t, begin(e, pageTime(), "["+row+"]"), &broken)
				assert.Empty(t, taken(t, e))
			}
		})
	}
}

func TestNulledValuesAreCountedByColumn(t *testing.T) {
	table := tableOf(dataverse.Double)
	stats := &record.ColumnStats{}
	plan := compile(t, table, configured(table, "thingid", "value"))
	for range 2 { // encoders of one stream share the counts
		e := newEncoder(plan, record.Options{Stats: stats})
		require.NoError(t, begin(e, pageTime(), `[{"thingid":"t1","value":"NaN"},{"thingid":"t2","value":1}]`))
		e.Discard()
		lines(t, e, pageTime(), `[{"thingid":"t1","value":"NaN"},{"thingid":"t2","value":"INF"},{"thingid":"t3","value":null}]`)
	}
	assert.Equal(t, []record.NulledColumn{{Name: "value", Reason: protocol.SourceSerializationError, Count: 4}}, stats.Nulled())
}
