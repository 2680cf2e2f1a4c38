package record_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/record"
)

func TestACursorIsInUTCWithSixDigits(t *testing.T) {
	east := time.FixedZone("east", 2*60*60)
	assert.Equal(t, record.Cursor("2026-04-01T10:00:00.123456Z"), record.CursorAt(time.Date(2026, 4, 1, 12, 0, 0, 123456789, east)))
	assert.Equal(t, record.Cursor("2026-04-01T12:00:00.000000Z"), record.CursorAt(pageTime()))
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

func TestACursorIsValidInTheWrittenFormOnly(t *testing.T) {
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

func TestTheCursorIsTheTimeOfThePageOrJustAboveTheLast(t *testing.T) {
	cases := map[string]struct{ before, want record.Cursor }{
		"the time of the page, where nothing was sent":          {"", pageCursor},
		"the time of the page, where it is later":               {"2026-03-01T00:00:00.000000Z", pageCursor},
		"just above what was sent, where that is later":         {"2028-01-01T00:00:00.000000Z", "2028-01-01T00:00:00.000001Z"},
		"just above what was sent within the same second":       {pageCursor, "2026-04-01T12:00:00.000001Z"},
		"just above what was sent within the same microsecond":  {"2026-04-01T12:00:00.000001Z", "2026-04-01T12:00:00.000002Z"},
		"the time of the page, a microsecond after what was so": {"2026-04-01T11:59:59.999999Z", pageCursor},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := newEncoder(compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at")), record.Options{MaxCursor: c.before})
			want := line("account", `"accountid":"a1","_ab_cdc_updated_at":"`+string(c.want)+`"`) +
				line("account", `"accountid":"a2","_ab_cdc_updated_at":"`+string(c.want)+`"`)
			assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a1"},{"accountid":"a2"}]`))
			assert.Equal(t, c.want, e.MaxCursor())
			assert.True(t, e.MaxCursor().Valid(), "the state keeps it")
		})
	}
}

func TestModifiedonDoesNotAffectTheCursor(t *testing.T) {
	for _, modified := range []string{`"1753-01-01T00:00:00Z"`, `"2026-04-01T11:59:59Z"`, `"2099-12-31T23:59:59.9999999Z"`, `"9999-12-31T23:59:59Z"`, `null`} {
		e := encoderOf(t, account(), "accountid", "modifiedon", "_ab_cdc_updated_at")
		want := line("account", `"accountid":"a1","modifiedon":`+modified+`,"_ab_cdc_updated_at":"`+pageCursor+`"`)
		assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a1","modifiedon":`+modified+`}]`))
		assert.Equal(t, record.Cursor(pageCursor), e.MaxCursor())
	}
}

func TestTheCursorOfARowNeverFallsFromPageToPage(t *testing.T) {
	clocks := []time.Duration{0, 0, time.Second, -time.Hour, 0, 24 * time.Hour, 0}
	plan := compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at", "_ab_cdc_deleted_at"))
	e := newEncoder(plan, record.Options{})
	var last record.Cursor
	for i, clock := range clocks {
		require.NoError(t, begin(e, pageTime().Add(clock), `[{"accountid":"a1"}]`))
		got := taken(t, e)
		require.Greater(t, e.MaxCursor(), last, "version %d", i)
		last = e.MaxCursor()
		require.Contains(t, got, fmt.Sprintf(`"_ab_cdc_updated_at":%q`, last))

		require.NoError(t, begin(e, pageTime().Add(clock), "["+deletion("a1")+"]"))
		e.Delete("a1")
		got = taken(t, e)
		require.Greater(t, e.MaxCursor(), last, "the deletion of version %d", i)
		last = e.MaxCursor()
		require.Contains(t, got, fmt.Sprintf(`"_ab_cdc_updated_at":%q`, last))
	}
}

func TestAPageWithoutRowsRaisesNoCursor(t *testing.T) {
	e := newEncoder(compile(t, account(), configured(account(), "accountid", "_ab_cdc_updated_at")), record.Options{MaxCursor: "2026-02-01T00:00:00.000000Z"})
	assert.Empty(t, lines(t, e, pageTime(), `[]`))
	assert.Empty(t, lines(t, e, pageTime(), "["+deletion("d1")+"]"))
	assert.Equal(t, record.Cursor("2026-02-01T00:00:00.000000Z"), e.MaxCursor())
}

func TestAStreamWithoutTheCursorColumnSendsNoCursor(t *testing.T) {
	e := encoderOf(t, account(), "accountid")
	assert.Equal(t, line("account", `"accountid":"a1"`), lines(t, e, pageTime(), `[{"accountid":"a1","modifiedon":"2026-01-01T00:00:00Z"}]`))
	assert.Empty(t, e.MaxCursor())
}

func TestARowThatAPageRepeatsNeverFalls(t *testing.T) {
	e := encoderOf(t, account(), "accountid", catalog.UpdatedAt)
	for _, cursor := range []string{pageCursor, "2026-04-01T12:00:00.000001Z", "2026-04-01T12:00:00.000002Z"} {
		assert.Contains(t, lines(t, e, pageTime(), `[{"accountid":"a1"}]`), `"_ab_cdc_updated_at":"`+cursor+`"`)
	}
}
