package record_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

func changesOf(t *testing.T, s protocol.ConfiguredStream) *record.Encoder {
	t.Helper()
	return newEncoder(compile(t, account(), s), record.Options{})
}

// withCDC selects the key, the name and the columns of change data capture.
func withCDC(columns ...string) protocol.ConfiguredStream {
	return configured(account(), append(columns, "accountid", "name", "_ab_cdc_updated_at", "_ab_cdc_deleted_at")...)
}

func TestADeletionIsListedAndNotWrittenAtOnce(t *testing.T) {
	objects := map[string]string{
		"as the service prints it": deletion("d1"),
		"in another order":         `{"reason":"deleted","id":"d1","@odata.context":"x/$metadata#accounts/$deletedEntity"}`,
		"without a context":        `{"id":"d1","reason":"deleted"}`,
		"without a reason":         `{"@odata.context":"x/$metadata#accounts/$deletedEntity","id":"d1"}`,
		"that left the result":     `{"@odata.context":"x/$metadata#accounts/$deletedEntity","id":"d1","reason":"changed"}`,
		"with an id in capitals":   deletion("D1"),
	}
	for name, object := range objects {
		t.Run(name, func(t *testing.T) {
			e := changesOf(t, withCDC())
			assert.Empty(t, lines(t, e, pageTime(), `[`+object+`]`))
			assert.Equal(t, []string{"d1"}, e.Deleted())
			lines(t, e, pageTime(), `[]`)
			assert.Empty(t, e.Deleted(), "they are those of one page")
		})
	}
}

func TestADeletionHoldsTheKeyAndItsTimes(t *testing.T) {
	e := changesOf(t, withCDC("modifiedon"))
	require.NoError(t, begin(e, pageTime(), `[{"accountid":"a1","name":"n","modifiedon":null},`+deletion("d1")+`,`+deletion("d2")+`]`))
	for _, key := range e.Deleted() {
		e.Delete(key)
	}
	want := line("account", `"accountid":"a1","name":"n","modifiedon":null,"_ab_cdc_updated_at":"`+pageCursor+`","_ab_cdc_deleted_at":null`) +
		line("account", `"accountid":"d1","_ab_cdc_updated_at":"`+pageCursor+`","_ab_cdc_deleted_at":"`+pageCursor+`"`) +
		line("account", `"accountid":"d2","_ab_cdc_updated_at":"`+pageCursor+`","_ab_cdc_deleted_at":"`+pageCursor+`"`)
	assert.Equal(t, want, taken(t, e))
}

func TestADeletionFillsTheConfiguredCursorToo(t *testing.T) {
	property := func(airbyteType string) protocol.Property {
		return protocol.Property{Type: []string{"null", "string"}, Format: "date-time", AirbyteType: airbyteType}
	}
	const times = `"_ab_cdc_updated_at":"` + pageCursor + `","`
	const deleted = `_ab_cdc_deleted_at":"` + pageCursor + `"`
	cases := map[string]struct {
		column string
		schema protocol.Property
		cursor []string
		data   string
	}{
		"with its zone":                {"modifiedon", property("timestamp_with_timezone"), []string{"modifiedon"}, times + `modifiedon":"` + pageCursor + `","` + deleted},
		"without a zone":               {"modifiedon", property("timestamp_without_timezone"), []string{"modifiedon"}, times + `modifiedon":"2026-04-01T12:00:00.000000","` + deleted},
		"of no type":                   {"modifiedon", property(""), []string{"modifiedon"}, times + `modifiedon":"` + pageCursor + `","` + deleted},
		"not twice":                    {"modifiedon", property(""), []string{"_ab_cdc_updated_at"}, times + deleted},
		"not one of two":               {"modifiedon", property(""), []string{"modifiedon", "name"}, times + deleted},
		"not one that is not selected": {"wallclock", property(""), []string{"modifiedon"}, times + deleted},
		"not one that is no time":      {"name", protocol.Property{Type: []string{"null", "string"}}, []string{"name"}, times + deleted},
		"not the time of deletion":     {"wallclock", property(""), []string{"_ab_cdc_deleted_at"}, times + deleted},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := withCDC()
			s.Columns[c.column] = c.schema
			s.CursorField = c.cursor
			e := changesOf(t, s)
			require.NoError(t, begin(e, pageTime(), `[`+deletion("d1")+`]`))
			e.Delete("d1")
			assert.Equal(t, line("account", `"accountid":"d1",`+c.data), taken(t, e))
		})
	}
}

func TestADeletionTakesThePlaceOfItsRowOnThePage(t *testing.T) {
	e := changesOf(t, withCDC())
	page := `[{"accountid":"a1","name":"n","modifiedon":"2031-01-01T00:00:00Z"},{"accountid":"a2","name":"n2"},` + deletion("a1") + `]`
	require.NoError(t, begin(e, pageTime(), page))
	e.Delete("a1")
	want := line("account", `"accountid":"a2","name":"n2","_ab_cdc_updated_at":"`+pageCursor+`","_ab_cdc_deleted_at":null`) +
		line("account", `"accountid":"a1","_ab_cdc_updated_at":"`+pageCursor+`","_ab_cdc_deleted_at":"`+pageCursor+`"`)
	assert.Equal(t, want, taken(t, e))
}

func TestADeletionThatComesTwiceIsWrittenOnce(t *testing.T) {
	e := changesOf(t, withCDC())
	require.NoError(t, begin(e, pageTime(), `[`+deletion("d1")+`,`+deletion("d2")+`,`+deletion("d1")+`]`))
	for _, key := range e.Deleted() {
		e.Delete(key)
	}
	deletion := func(id string) string {
		return line("account", `"accountid":"`+id+`","_ab_cdc_updated_at":"`+pageCursor+`","_ab_cdc_deleted_at":"`+pageCursor+`"`)
	}
	assert.Equal(t, deletion("d2")+deletion("d1"), taken(t, e))
}

func TestTheKeysOfAPageAreThoseOfItsLines(t *testing.T) {
	keys := func(e *record.Encoder) (all []string) {
		e.Keys(func(key []byte) { all = append(all, string(key)) })
		return all
	}
	e := changesOf(t, withCDC())
	require.NoError(t, begin(e, pageTime(), `[{"accountid":"a1"},`+deletion("d1")+`,{"accountid":"a2"}]`))
	assert.Equal(t, []string{"a1", "a2"}, keys(e))
	e.Delete("d1")
	assert.Equal(t, []string{"a1", "a2", "d1"}, keys(e))
	taken(t, e)
	require.NoError(t, begin(e, pageTime(), `[{"accountid":"a3"}]`))
	assert.Equal(t, []string{"a3"}, keys(e))
}

func TestDeletionsNeedTheKeyAndTheirColumn(t *testing.T) {
	cases := map[string]struct {
		columns []string
		can     bool
	}{
		"both":                {[]string{"accountid", "_ab_cdc_deleted_at"}, true},
		"no time of deletion": {[]string{"accountid", "name", "_ab_cdc_updated_at"}, false},
		"no key":              {[]string{"name", "_ab_cdc_updated_at", "_ab_cdc_deleted_at"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.can, compile(t, account(), configured(account(), c.columns...)).Deletions())
		})
	}
}
