package record_test

import (
	"encoding/json"
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

// longTable is a tracked table with long texts.
func longTable(columns ...string) dataverse.Table {
	table := dataverse.Table{
		LogicalName: "note", EntitySet: "notes", PrimaryID: "noteid", Tracked: true,
		Columns: []dataverse.Column{{Property: "noteid", Type: dataverse.UniqueIdentifier}},
	}
	for _, name := range columns {
		table.Columns = append(table.Columns, dataverse.Column{Property: name, Type: dataverse.Memo})
	}
	return table
}

// rowOf is a row with texts of these lengths, in megabytes, in the columns a, b, c and so on.
func rowOf(megabytes ...int) string {
	var text strings.Builder
	text.WriteString(`{"noteid":"n1"`)
	for i, n := range megabytes {
		fmt.Fprintf(&text, `,"%c":"%s"`, 'a'+i, strings.Repeat("x", n*1_000_000))
	}
	return text.String() + "}"
}

// sent is a record as a destination reads it. lengths has those of the texts, in megabytes, of columns that are not null.
type sent struct {
	length  int
	lengths map[string]int
	changes []string
	data    map[string]*string
}

func parseSent(t *testing.T, line string) sent {
	t.Helper()
	var m struct {
		Record struct {
			Data map[string]*string
			Meta struct {
				Changes []struct{ Field, Change, Reason string }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(line), &m))
	s := sent{length: len(line), lengths: map[string]int{}, data: m.Record.Data}
	for name, value := range m.Record.Data {
		if value != nil && len(*value) >= 1_000_000 {
			s.lengths[name] = len(*value) / 1_000_000
		}
	}
	for _, c := range m.Record.Meta.Changes {
		s.changes = append(s.changes, c.Field+" "+c.Change+" "+c.Reason)
	}
	return s
}

func TestAValueOverTheLimitBecomesNull(t *testing.T) {
	longest := strings.Repeat("x", record.MaxValue)
	for name, c := range map[string]struct {
		value  string
		nulled bool
	}{
		"one that is just not too long": {`"` + longest + `"`, false},
		"one that is one byte longer":   {`"` + longest + `x"`, true},
		"one of another type as well":   {`{"x":"` + longest + `"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			stats := &record.ColumnStats{}
			table := longTable("a", "b")
			e := newEncoder(compile(t, table, configured(table, "noteid", "a", "b")), record.Options{Stats: stats})
			got := parseSent(t, lines(t, e, pageTime(), `[{"a":`+c.value+`,"noteid":"n1","b":"kept"}]`))
			assert.Equal(t, "kept", *got.data["b"])
			assert.Equal(t, "n1", *got.data["noteid"])
			if !c.nulled {
				assert.Len(t, *got.data["a"], record.MaxValue)
				assert.Empty(t, got.changes)
				return
			}
			assert.Contains(t, got.data, "a")
			assert.Nil(t, got.data["a"])
			assert.Equal(t, []string{"a NULLED SOURCE_FIELD_SIZE_LIMITATION"}, got.changes)
			assert.Equal(t, []record.NulledColumn{{Name: "a", Reason: protocol.SourceFieldSizeLimitation, Count: 1}}, stats.Nulled())
		})
	}
}

func TestALongRecordLosesItsLargestValues(t *testing.T) {
	for name, c := range map[string]struct {
		megabytes []int
		kept      map[string]int
		changes   []string
	}{
		"none if it is short enough":            {[]int{6, 6, 7}, map[string]int{"a": 6, "b": 6, "c": 7}, nil},
		"the largest one":                       {[]int{6, 8, 7}, map[string]int{"a": 6, "c": 7}, []string{"b"}},
		"the largest ones, whatever came first": {[]int{7, 7, 1, 8, 8}, map[string]int{"a": 7, "b": 7, "c": 1}, []string{"d", "e"}},
		"those of several rounds":               {[]int{8, 8, 8, 8, 5, 4, 2}, map[string]int{"d": 8, "e": 5, "f": 4, "g": 2}, []string{"a", "b", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			stats := &record.ColumnStats{}
			names := []string{"a", "b", "c", "d", "e", "f", "g"}[:len(c.megabytes)]
			table := longTable(names...)
			columns := append([]string{"noteid", catalog.UpdatedAt, catalog.DeletedAt}, names...)
			e := newEncoder(compile(t, table, followed(table, columns...)), record.Options{Stats: stats})
			got := parseSent(t, lines(t, e, pageTime(), "["+rowOf(c.megabytes...)+"]"))
			assert.LessOrEqual(t, got.length, 20_000_000)
			assert.Equal(t, c.kept, got.lengths)
			assert.Equal(t, "n1", *got.data["noteid"])
			assert.Equal(t, pageCursor, *got.data[catalog.UpdatedAt])
			assert.Len(t, got.data, len(columns), "it has all columns")
			var want []string
			for _, name := range c.changes {
				want = append(want, name+" NULLED SOURCE_RECORD_SIZE_LIMITATION")
			}
			assert.ElementsMatch(t, want, got.changes)
			assert.Len(t, stats.Nulled(), len(c.changes))
		})
	}
}

func TestEscapesCountForTheLengthOfARecord(t *testing.T) {
	table := longTable("a", "b")
	e := encoderOf(t, table, "noteid", "a", "b")
	separators := strings.Repeat("\u0085", 4<<20) // two bytes each, and six in a record
	got := parseSent(t, lines(t, e, pageTime(), `[{"noteid":"n1","a":"`+separators+`","b":"kept"}]`))
	assert.Equal(t, []string{"a NULLED SOURCE_RECORD_SIZE_LIMITATION"}, got.changes)
	assert.Equal(t, "kept", *got.data["b"])
}

func TestTheCursorIsNeverNulled(t *testing.T) {
	table := longTable("a", "b", "c")
	s := configured(table, "noteid", "a", "b", "c")
	s.CursorField = []string{"b"}
	e := newEncoder(compile(t, table, s), record.Options{})
	t.Run("when it is too long", func(t *testing.T) {
		got := parseSent(t, lines(t, e, pageTime(), "["+rowOf(1, 9, 1)+"]"))
		assert.Equal(t, map[string]int{"a": 1, "b": 9, "c": 1}, got.lengths)
	})
	t.Run("when the record is", func(t *testing.T) {
		got := parseSent(t, lines(t, e, pageTime(), "["+rowOf(6, 12, 5)+"]"))
		assert.Equal(t, map[string]int{"b": 12, "c": 5}, got.lengths)
		assert.Equal(t, []string{"a NULLED SOURCE_RECORD_SIZE_LIMITATION"}, got.changes)
	})
}

func TestARowAfterALongOneHasItsOwnChanges(t *testing.T) {
	table := longTable("a", "b", "c")
	e := encoderOf(t, table, "noteid", "a", "b", "c")
	page := strings.Split(lines(t, e, pageTime(), "["+rowOf(9, 1, 1)+`,{"noteid":"n2","a":"x"}]`), "\n")
	assert.Equal(t, []string{"a NULLED SOURCE_FIELD_SIZE_LIMITATION"}, parseSent(t, page[0]).changes)
	assert.Empty(t, parseSent(t, page[1]).changes)
}
