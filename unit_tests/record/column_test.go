package record_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestARecordHoldsExactlyTheConfiguredColumns(t *testing.T) {
	cases := map[string]struct{ row, data string }{
		"in the order in which they came": {
			`{"name":"n","accountid":"a1"}`, `"name":"n","accountid":"a1"`,
		},
		"a missing one is null": {
			`{"accountid":"a1"}`, `"accountid":"a1","name":null`,
		},
		"columns that are not selected go": {
			`{"accountid":"a1","anything":{"accountid":"b"},"name":"n","wallclock":"2023-04-07T21:59:01Z"}`, `"accountid":"a1","name":"n"`,
		},
		"columns that discover never saw go": {
			`{"new":{"name":1},"newer":["name",[]],"accountid":"a1","name":"n","newest":"\u0000"}`, `"accountid":"a1","name":"n"`,
		},
		"members of the protocol and annotations go": {
			`{"@odata.etag":"W/\"1\"","@odata.context":"x#accounts/$entity","name@OData.Community.Display.V1.FormattedValue":"N",` +
				`"name":"n","accountid":"a1","@odata.editLink":"accounts(a1)"}`,
			`"name":"n","accountid":"a1"`,
		},
		"a member counts once": {
			`{"accountid":"a1","name":"first","name":"second"}`, `"accountid":"a1","name":"first"`,
		},
		"an escaped name is the same name": {
			`{"accountid":"a1","n\u0061me":"n"}`, `"accountid":"a1","name":"n"`,
		},
		"an id and a reason do not make a row a deletion": {
			`{"accountid":"a1","name":"n","id":"x","reason":"deleted"}`, `"accountid":"a1","name":"n"`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "name")
			assert.Equal(t, line("account", c.data), lines(t, e, pageTime(), "["+c.row+"]"))
			assert.Empty(t, e.Deleted())
		})
	}
}

func TestMembersMayComeInAnyOrder(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "name", "anything")
	page := `[{"accountid":"a1","name":"n1","anything":1},{"anything":2,"accountid":"a2","name":"n2"},{"name":"n3","accountid":"a3"},` +
		`{"unknown":0,"anything":4,"unknown2":0,"accountid":"a4","name":"n4"},{"accountid":"a5","name":"n5","anything":5}]`
	want := line("account", `"accountid":"a1","name":"n1","anything":1`) +
		line("account", `"anything":2,"accountid":"a2","name":"n2"`) +
		line("account", `"name":"n3","accountid":"a3","anything":null`) +
		line("account", `"anything":4,"accountid":"a4","name":"n4"`) +
		line("account", `"accountid":"a5","name":"n5","anything":5`)
	assert.Equal(t, want, lines(t, e, pageTime(), page))
}

func TestAStreamWithoutItsKeyStillMergesVersions(t *testing.T) {
	e := encoderOf(t, account(), "name")
	page := `[{"accountid":"a1","name":"old"},{"accountid":"a2","name":"n2"},{"accountid":"a1","name":"new"}]`
	want := line("account", `"name":"n2"`) + line("account", `"name":"new"`)
	assert.Equal(t, want, lines(t, e, pageTime(), page))
}

func TestTheNullPartitionOfAKeyIsAnEmptyText(t *testing.T) {
	cases := map[string]struct{ row, data string }{
		"a partition": {`{"sensorid":"s1","partitionid":"Device-1"}`, `"sensorid":"s1","partitionid":"Device-1"`},
		"a null":      {`{"sensorid":"s1","partitionid":null}`, `"sensorid":"s1","partitionid":""`},
		"none":        {`{"sensorid":"s1"}`, `"sensorid":"s1","partitionid":""`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, sensor(), "sensorid", "partitionid")
			assert.Equal(t, line("sensor", c.data), lines(t, e, pageTime(), "["+c.row+"]"))
		})
	}
}

func TestAPageSendsTheLastRowOfEachKey(t *testing.T) {
	t.Run("whatever stands between", func(t *testing.T) {
		e := encoderOf(t, account(), "accountid", "name")
		page := `[{"accountid":"a1","name":"1"},{"accountid":"a2","name":"2"},{"accountid":"a1","name":"3"},` +
			`{"accountid":"a3","name":"4"},{"accountid":"a1","name":"5"}]`
		want := line("account", `"accountid":"a2","name":"2"`) + line("account", `"accountid":"a3","name":"4"`) +
			line("account", `"accountid":"a1","name":"5"`)
		assert.Equal(t, want, lines(t, e, pageTime(), page))
	})
	t.Run("another page starts empty", func(t *testing.T) {
		e := encoderOf(t, account(), "accountid", "name")
		lines(t, e, pageTime(), `[{"accountid":"a1","name":"1"}]`)
		want := line("account", `"accountid":"a1","name":"2"`)
		assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a1","name":"2"}]`))
	})
	t.Run("rows of two partitions are two rows", func(t *testing.T) {
		e := encoderOf(t, sensor(), "sensorid", "partitionid")
		page := `[{"sensorid":"s1","partitionid":"p1"},{"partitionid":"p2","sensorid":"s1"},{"sensorid":"s1","partitionid":null},` +
			`{"sensorid":"s1","partitionid":"p1"},{"sensorid":"s1"}]`
		want := line("sensor", `"partitionid":"p2","sensorid":"s1"`) + line("sensor", `"sensorid":"s1","partitionid":"p1"`) +
			line("sensor", `"sensorid":"s1","partitionid":""`)
		assert.Equal(t, want, lines(t, e, pageTime(), page))
	})
}

func TestAnEmptyPageHasNoLines(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "name")
	assert.Empty(t, lines(t, e, pageTime(), `[]`))
}

func TestAPageThatIsReadAgainCountsOnce(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "modifiedon", "_ab_cdc_updated_at")
	row := `{"accountid":"a1","modifiedon":"2031-01-01T00:00:00Z"}`
	assert.Error(t, begin(e, pageTime().Add(time.Hour), `[`+row+`,`+deletion("d1")+`,{"accountid":`))
	want := line("account", `"accountid":"a2","modifiedon":"2026-01-01T00:00:00Z","_ab_cdc_updated_at":"`+pageCursor+`"`)
	assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a2","modifiedon":"2026-01-01T00:00:00Z"}]`))
	assert.Empty(t, e.Deleted())
	assert.Equal(t, pageCursor, string(e.MaxCursor()), "a cursor that was not sent is not counted")
}

func TestABrokenRowLeavesNoRecord(t *testing.T) {
	good := `{"accountid":"a1","name":"n"}`
	pages := map[string]struct{ page, says string }{
		"a cut row":               {`[` + good + `,{"accountid":"a2","na`, "EOF"},
		"a cut value":             {`[` + good + `,{"accountid":"a2","name":"n`, "EOF"},
		"a cut page":              {`[` + good, "EOF"},
		"a missing comma":         {`[` + good + `,{"accountid":"a2" "name":"n"}]`, "after object value"},
		"a missing value":         {`[` + good + `,{"accountid":"a2","name":}]`, "invalid character '}'"},
		"a member without a name": {`[` + good + `,{"accountid":"a2",5:6}]`, "object member name must be a string"},
		"a bare line feed":        {`[` + good + `,{"accountid":"a2","name":"` + "\n" + `"}]`, "invalid character"},
		"a null":                  {`[` + good + `,null]`, "it has a null among its rows"},
		"a text":                  {`[` + good + `,"a2"]`, "it has a string among its rows"},
		"an array":                {`[` + good + `,[{"accountid":"a2"}]]`, "it has a [ among its rows"},
		"a row without its key":   {`[` + good + `,{"name":"n"}]`, "it has a row without its key accountid"},
		"a row with a null key":   {`[` + good + `,{"accountid":null,"name":"n"}]`, "it has a row without its key accountid"},
		"a row with an empty key": {`[` + good + `,{"accountid":"","name":"n"}]`, "it has a row without its key accountid"},
		"a deletion without id":   {`[` + good + `,{"@odata.context":"x#accounts/$deletedEntity","reason":"deleted"}]`, "without its key"},
		"a deletion with id null": {`[` + good + `,` + strings.Replace(deletion("d1"), `"d1"`, `null`, 1) + `]`, "without its key"},
	}
	for name, c := range pages {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "name")
			assert.ErrorContains(t, begin(e, pageTime(), c.page), c.says)
			assert.Equal(t, line("account", `"accountid":"a1","name":"n"`), taken(t, e), "whole rows before it stand")
		})
	}
}
