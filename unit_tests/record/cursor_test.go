package record_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

func TestACursorIsInUTCWithSixDigits(t *testing.T) {
	east := time.FixedZone("east", 2*60*60)
	assert.Equal(t, record.Cursor("2026-04-01T10:00:00.123456Z"), record.CursorAt(time.Date(2026, 4, 1, 12, 0, 0, 123456789, east)))
	assert.Equal(t, record.Cursor("2026-04-01T12:00:00.000000Z"), record.CursorAt(answered()))
}

func TestTheNextCursorIsAMicrosecondLater(t *testing.T) {
	cases := map[string]struct{ cursor, next record.Cursor }{
		"within a second":    {"2026-04-01T12:00:00.000000Z", "2026-04-01T12:00:00.000001Z"},
		"over a year's end":  {"2025-12-31T23:59:59.999999Z", "2026-01-01T00:00:00.000000Z"},
		"at the end of time": {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
		"of none":            {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.next, c.cursor.Next())
		})
	}
}

func TestAValidCursorIsOneThatThisProgramWrites(t *testing.T) {
	for _, valid := range []record.Cursor{"", "2026-04-01T12:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000000Z"} {
		assert.True(t, valid.Valid(), string(valid))
	}
	for _, invalid := range []record.Cursor{
		"2026-04-01T12:00:00Z", "2026-04-01T12:00:00.0000000Z", "2026-04-01T12:00:00.000000", "2026-04-01T12:00:00.000000+00:00",
		"2026-13-01T12:00:00.000000Z", "2026-02-30T12:00:00.000000Z", "2026-04-01 12:00:00.000000Z", "yesterday", " ",
	} {
		assert.False(t, invalid.Valid(), string(invalid))
	}
}

func TestTheCursorOfAFirstReadingIsModifiedon(t *testing.T) {
	cases := map[string]struct{ modified, cursor string }{
		"whole seconds":                  {`"2023-04-07T21:59:01Z"`, "2023-04-07T21:59:01.000000Z"},
		"milliseconds":                   {`"2023-04-07T21:59:01.125Z"`, "2023-04-07T21:59:01.125000Z"},
		"microseconds":                   {`"2023-04-07T21:59:01.123456Z"`, "2023-04-07T21:59:01.123456Z"},
		"ticks":                          {`"2023-04-07T21:59:01.1234567Z"`, "2023-04-07T21:59:01.123456Z"},
		"an offset":                      {`"2023-04-07T21:59:01+02:00"`, "2023-04-07T19:59:01.000000Z"},
		"the far future":                 {`"9989-12-31T23:59:59Z"`, "9989-12-31T23:59:59.000000Z"},
		"the end of time":                {`"9999-12-31T23:59:59.999999Z"`, answeredCursor},
		"the far past":                   {`"1753-01-01T00:00:00Z"`, "1753-01-01T00:00:00.000000Z"},
		"a null":                         {`null`, answeredCursor},
		"a number":                       {`1680904741`, answeredCursor},
		"an empty text":                  {`""`, answeredCursor},
		"a day":                          {`"2023-04-07"`, answeredCursor},
		"no zone":                        {`"2023-04-07T21:59:01"`, answeredCursor},
		"letters where digits belong":    {`"abcd-ef-ghTij:kl:mnZ"`, answeredCursor},
		"a month that is none":           {`"2023-13-07T21:59:01Z"`, answeredCursor},
		"a day that is none":             {`"2023-02-30T21:59:01Z"`, answeredCursor},
		"an escape in its fraction":      {`"2023-04-07T21:59:01.12345\"Z"`, answeredCursor},
		"a time before the year 0":       {`"0000-01-01T00:00:00+01:00"`, answeredCursor},
		"a time after the year 9999":     {`"9999-12-31T23:59:59-01:00"`, answeredCursor},
		"a long text that is not a time": {`"it was modified a very long time ago, in Z"`, answeredCursor},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "_ab_cdc_updated_at")
			want := line("account", `"accountid":"a1","_ab_cdc_updated_at":"`+c.cursor+`"`)
			assert.Equal(t, want, lines(t, e, answered(), `[{"accountid":"a1","modifiedon":`+c.modified+`}]`))
			assert.Equal(t, record.Cursor(c.cursor), e.MaxCursor())
			assert.True(t, e.MaxCursor().Valid(), "the state keeps it")
		})
	}
}

func TestATableWithoutModifiedonHasTheTimeOfTheAnswer(t *testing.T) {
	table := account()
	table.Columns = []dataverse.Column{table.Columns[0]}
	e := encoderOf(t, table, "accountid", "_ab_cdc_updated_at")
	want := line("account", `"accountid":"a1","_ab_cdc_updated_at":"`+answeredCursor+`"`)
	assert.Equal(t, want, lines(t, e, answered(), `[{"accountid":"a1"}]`))
}

func TestModifiedonMakesTheCursorWithoutBeingSelected(t *testing.T) {
	plan := compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at"))
	assert.Equal(t, []string{"accountid", "modifiedon"}, plan.Select())
	e := newEncoder(plan, record.Options{})
	want := line("account", `"accountid":"a1","_ab_cdc_updated_at":"2023-04-07T21:59:01.000000Z"`)
	assert.Equal(t, want, lines(t, e, answered(), `[{"modifiedon":"2023-04-07T21:59:01Z","accountid":"a1"}]`))
}

func TestTheCursorsOfChangesAreGreaterThanAllBefore(t *testing.T) {
	cases := map[string]struct {
		before   record.Cursor
		modified string
		want     record.Cursor
	}{
		"the answer's time, where modifiedon lies before it": {"2026-03-01T00:00:00.000000Z", `"2026-03-31T00:00:00Z"`, answeredCursor},
		"modifiedon, where it lies ahead":                    {"2026-03-01T00:00:00.000000Z", `"2027-01-01T00:00:00Z"`, "2027-01-01T00:00:00.000000Z"},
		"just over what was sent, where that lies ahead":     {"2028-01-01T00:00:00.000000Z", `"2027-01-01T00:00:00Z"`, "2028-01-01T00:00:00.000001Z"},
		"just over what was sent within the same second":     {answeredCursor, `null`, "2026-04-01T12:00:00.000001Z"},
		"the answer's time, where nothing was sent":          {"", `"1753-01-01T00:00:00Z"`, answeredCursor},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			plan := compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at"))
			e := newEncoder(plan, record.Options{Rising: true, MaxCursor: c.before})
			want := line("account", `"accountid":"a1","_ab_cdc_updated_at":"`+string(c.want)+`"`)
			assert.Equal(t, want, lines(t, e, answered(), `[{"accountid":"a1","modifiedon":`+c.modified+`}]`))
			assert.Equal(t, c.want, e.MaxCursor())
		})
	}
}

func TestTheCursorOfARowNeverFallsFromPageToPage(t *testing.T) {
	modified := []string{
		"2026-03-01T00:00:00Z", "2099-12-31T23:59:59Z", "1753-01-01T00:00:00Z", "2026-04-01T12:00:00Z",
		"2099-12-31T23:59:59.9999999Z", "2026-04-01T12:00:00Z", "1990-01-01T00:00:00Z",
	}
	clocks := []time.Duration{0, 0, time.Second, -time.Hour, 0, 24 * time.Hour, 0}
	plan := compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at", "_ab_cdc_deleted_at"))
	e := newEncoder(plan, record.Options{Rising: true})
	var last record.Cursor
	for i, m := range modified {
		require.NoError(t, begin(e, answered().Add(clocks[i]), `[{"accountid":"a1","modifiedon":"`+m+`"}]`))
		taken(t, e)
		require.Greater(t, e.MaxCursor(), last, "version %d", i)
		last = e.MaxCursor()

		require.NoError(t, begin(e, answered().Add(clocks[i]), "["+deletion("a1")+"]"))
		e.Delete("a1")
		got := taken(t, e)
		require.Greater(t, e.MaxCursor(), last, "the deletion of version %d", i)
		last = e.MaxCursor()
		require.Contains(t, got, fmt.Sprintf(`"_ab_cdc_updated_at":%q`, last))
	}
}

func TestAFirstReadingRemembersTheGreatestCursorItSent(t *testing.T) {
	plan := compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at"))
	e := newEncoder(plan, record.Options{MaxCursor: "2026-02-01T00:00:00.000000Z"})
	lines(t, e, answered(), `[{"accountid":"a1","modifiedon":"2026-01-01T00:00:00Z"}]`)
	assert.Equal(t, record.Cursor("2026-02-01T00:00:00.000000Z"), e.MaxCursor())
	lines(t, e, answered(), `[{"accountid":"a2","modifiedon":"2026-03-01T00:00:00Z"},{"accountid":"a3","modifiedon":"2025-01-01T00:00:00Z"}]`)
	assert.Equal(t, record.Cursor("2026-03-01T00:00:00.000000Z"), e.MaxCursor())
}

func TestAStreamWithoutTheCursorColumnSendsNoCursor(t *testing.T) {
	e := encoderOf(t, account(), "accountid")
	assert.Equal(t, line("account", `"accountid":"a1"`), lines(t, e, answered(), `[{"accountid":"a1","modifiedon":"2026-01-01T00:00:00Z"}]`))
	assert.Empty(t, e.MaxCursor())
}

func TestARowThatAPageRepeatsNeverFalls(t *testing.T) {
	const page = `[{"accountid":"a1","modifiedon":"%s"}]`
	e := encoderOf(t, account(), "accountid", catalog.UpdatedAt)
	for _, c := range []struct{ modified, cursor string }{
		{"2023-04-07T21:59:01Z", "2023-04-07T21:59:01.000000Z"},
		{"2022-01-01T00:00:00Z", answeredCursor},
		{"2021-01-01T00:00:00Z", "2026-04-01T12:00:00.000001Z"},
	} {
		assert.Contains(t, lines(t, e, answered(), fmt.Sprintf(page, c.modified)), `"_ab_cdc_updated_at":"`+c.cursor+`"`)
	}
	assert.Empty(t, lines(t, e, answered(), `[]`))
	assert.Contains(t, lines(t, e, answered(), fmt.Sprintf(page, "2020-01-01T00:00:00Z")), `"2020-01-01T00:00:00.000000Z"`,
		"only the page before is remembered: memory does not grow with the table")
}

func TestARowOfTheEndOfTimeIsNotTheLastOfItsVersions(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "_ab_cdc_updated_at")
	lines(t, e, answered(), `[{"accountid":"a1","modifiedon":"9999-12-31T23:59:59.999999Z"}]`)
	before := e.MaxCursor()
	later := newEncoder(compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at")), record.Options{Rising: true, MaxCursor: before})
	lines(t, later, answered(), `[{"accountid":"a1","modifiedon":"9999-12-31T23:59:59.999999Z"}]`)
	assert.Greater(t, later.MaxCursor(), before)
}
