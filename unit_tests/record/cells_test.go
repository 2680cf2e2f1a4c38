package record_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/finops/entityfile"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

func cellStream(columns map[string]protocol.Property, keys ...string) protocol.ConfiguredStream {
	s := protocol.ConfiguredStream{Name: "dmf_p_e", Columns: columns}
	for _, key := range keys {
		s.PrimaryKey = append(s.PrimaryKey, []string{key})
	}
	return s
}

func cellText() protocol.Property   { return protocol.Property{Type: []string{"null", "string"}} }
func cellNumber() protocol.Property { return protocol.Property{Type: []string{"null", "number"}} }

// cellRecord is a RECORD line.
type cellRecord struct {
	Record struct {
		Data json.RawMessage
		Meta struct{ Changes []map[string]string }
	}
}

func encodeCells(t *testing.T, e *record.CellEncoder) []cellRecord {
	t.Helper()
	var all []cellRecord
	records := e.Records()
	for line := range strings.Lines(string(records.Lines)) {
		var r cellRecord
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		all = append(all, r)
	}
	require.Len(t, all, records.Count)
	return all
}

func TestCellsBecomeRecordsWithTheCompanyAndTheExecution(t *testing.T) {
	var stats record.ColumnStats
	e := record.NewCellEncoder(cellStream(map[string]protocol.Property{
		"Name": cellText(), "Amount": cellNumber(), catalog.Company: cellText(), catalog.PackageExecution: cellText(), catalog.PackageCompleted: cellText(),
	}), entityfile.Conversion{}, &stats)
	assert.Equal(t, []string{"Amount", "Name"}, e.Columns())
	e.Begin(map[string]string{catalog.Company: "USMF", catalog.PackageExecution: "x"}, nil)
	require.NoError(t, e.Row([][]byte{[]byte("-.5"), []byte("a\u2028\"b\"")}))
	require.NoError(t, e.Row([][]byte{nil, nil}))
	all := encodeCells(t, e)
	assert.Equal(t, `{"Amount":-0.5,"Name":"a\u2028\"b\"","_ab_package_completed_at":null,"_ab_package_execution_id":"x","dataAreaId":"USMF"}`, string(all[0].Record.Data))
	assert.Equal(t, `{"Amount":null,"Name":"","_ab_package_completed_at":null,"_ab_package_execution_id":"x","dataAreaId":"USMF"}`, string(all[1].Record.Data))
	assert.Empty(t, e.Records().Lines)
	e.Begin(map[string]string{catalog.Company: "DEMF"}, []string{"Name"})
	require.NoError(t, e.Row([][]byte{[]byte("1"), nil}))
	assert.Equal(t, `{"Amount":1,"Name":null,"_ab_package_completed_at":null,"_ab_package_execution_id":null,"dataAreaId":"DEMF"}`, string(encodeCells(t, e)[0].Record.Data))
}

func TestCellOfAKeyIsNeverNull(t *testing.T) {
	e := record.NewCellEncoder(cellStream(map[string]protocol.Property{"Id": {Type: []string{"null", "integer"}}, "Name": cellText()}, "Id"), entityfile.Conversion{}, &record.ColumnStats{})
	e.Begin(nil, nil)
	assert.Equal(t, []string{"Id"}, e.Keys())
	require.NoError(t, e.Row([][]byte{nil, nil}))
	var failed *record.CellError
	require.ErrorAs(t, e.Row([][]byte{[]byte("x"), nil}), &failed)
	assert.Equal(t, "Id", failed.Column)
	all := encodeCells(t, e)
	require.Len(t, all, 1, "nothing of the refused row is kept")
	assert.JSONEq(t, `{"Id":0,"Name":""}`, string(all[0].Record.Data))
}

func TestCellsThatAreTooLongBecomeNull(t *testing.T) {
	var stats record.ColumnStats
	e := record.NewCellEncoder(cellStream(map[string]protocol.Property{"A": cellText(), "B": cellText(), "C": cellText(), "Id": cellText()}, "Id"), entityfile.Conversion{}, &stats)
	e.Begin(nil, nil)
	long := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	require.NoError(t, e.Row([][]byte{long(record.MaxValue + 1), []byte("b"), nil, []byte("1")}))
	require.NoError(t, e.Row([][]byte{long(8_000_000), long(7_000_000), long(7_900_000), []byte("2")}))
	all := encodeCells(t, e)
	assert.JSONEq(t, `{"A":null,"B":"b","C":"","Id":"1"}`, string(all[0].Record.Data))
	assert.Equal(t, []map[string]string{{"field": "A", "change": "NULLED", "reason": "SOURCE_FIELD_SIZE_LIMITATION"}}, all[0].Record.Meta.Changes)
	var second map[string]*string
	require.NoError(t, json.Unmarshal(all[1].Record.Data, &second))
	assert.Nil(t, second["A"])
	assert.Len(t, *second["B"], 7_000_000)
	assert.Len(t, *second["C"], 7_900_000)
	assert.Equal(t, "2", *second["Id"])
	assert.Equal(t, []map[string]string{{"field": "A", "change": "NULLED", "reason": "SOURCE_RECORD_SIZE_LIMITATION"}}, all[1].Record.Meta.Changes)
	assert.Len(t, stats.Nulled(), 2)
}

func TestCellsAreEncodedWithoutAllocations(t *testing.T) {
	e := record.NewCellEncoder(cellStream(map[string]protocol.Property{"Amount": cellNumber(), "Name": cellText()}), entityfile.Conversion{}, &record.ColumnStats{})
	e.Begin(nil, nil)
	cells := [][]byte{[]byte("1.2500"), []byte("Contoso")}
	for range 1000 {
		require.NoError(t, e.Row(cells))
	}
	e.Records()
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = e.Row(cells) }))
}
