package listing_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/listing"
)

func rows(n int64) *int64 { return &n }

func someTables() []listing.Table {
	return []listing.Table{
		{Name: "account", DisplayName: "Account", EntitySet: "accounts", Rows: rows(1234567), Incremental: true, Readable: listing.Yes, Selected: true},
		{Name: "contoso_order", DisplayName: "注文書", EntitySet: "contoso_orders", Rows: rows(0), IncrementalReason: "tracking is off", Readable: listing.Unknown, Selected: true},
		{Name: "plugintracelog", DisplayName: "Plug-in Trace Log", Rows: nil, IncrementalReason: "not trackable", Readable: listing.No, ReadableReason: "prvReadPluginTraceLog is missing", Selected: true},
	}
}

func TestColumnsAreAlignedByTerminalCells(t *testing.T) {
	assert.Equal(t, strings.Join([]string{
		`TABLE           DISPLAY NAME            ROWS  INCREMENTAL           READABLE`,
		`account         Account            1,234,567  yes                   yes`,
		`contoso_order   注文書                     0  no (tracking is off)  unknown`,
		`plugintracelog  Plug-in Trace Log          -  no (not trackable)    no (prvReadPluginTraceLog is missing)`,
		``,
		`3 tables: 1 incremental, 1 not readable. Dataverse counts rows once a day.`,
		``,
	}, "\n"), listing.Text(someTables(), listing.NoLimit))
}

func TestATerminalIsNeverExceeded(t *testing.T) {
	tables := someTables()
	tables[1].DisplayName = strings.Repeat("注文書", 20)
	for _, width := range []int{200, 120, 100, 80} {
		text := listing.Text(tables, width)
		for line := range strings.Lines(text) {
			assert.LessOrEqual(t, runewidth.StringWidth(strings.TrimSuffix(line, "\n")), width, line)
		}
		assert.Contains(t, text, "\nplugintracelog  ", "names remain complete")
		assert.Contains(t, text, "…  ")
	}
}

func TestANarrowTerminalShowsEachTableOnAFewLines(t *testing.T) {
	assert.Equal(t, strings.Join([]string{
		"account", "  Account", "  rows 1,234,567, incremental yes, readable yes",
		"contoso_order", "  注文書", "  rows 0, incremental no (tracking is off), readable unknown",
		"plugintracelog", "  Plug-in Trace Log", "  rows -, incremental no (not trackable), readable no (prvReadPluginTraceLog is missing)",
		"", "3 tables: 1 incremental, 1 not readable. Dataverse counts rows once a day.", "",
	}, "\n"), listing.Text(someTables(), 40))
}

func TestDisplayNamesCannotMoveTheCursor(t *testing.T) {
	for name, want := range map[string]string{
		"a\x1b[2Jb": "a [2Jb", "two\nlines": "two lines", "\u202eright to left": "right to left", "  ": "-", "": "-",
		"é": "é", "👩\u200d💻": "👩\u200d💻",
	} {
		t.Run(want, func(t *testing.T) {
			text := listing.Text([]listing.Table{{Name: "x", DisplayName: name, Readable: listing.Yes, Selected: true}}, listing.NoLimit)
			assert.Contains(t, text, "\nx      "+want+" ")
			assert.Contains(t, text, "\n1 table: 0 incremental, 0 not readable.")
		})
	}
}

func TestTablesThatAreNotSelectedAreCountedApart(t *testing.T) {
	tables := someTables()
	tables[2].Selected = false
	text := listing.Text(tables, listing.NoLimit)
	assert.Contains(t, text, "  no (not trackable)    not selected\n")
	assert.Contains(t, text, "\n3 tables, 1 of them not selected by the configuration. Of the others, 1 incremental, 0 not readable. ")
	tables[0].Selected, tables[1].Selected = false, false
	assert.Contains(t, listing.Text(tables, listing.NoLimit), "\n3 tables, none selected by the configuration. ")
}

func TestProgramsGetATableALine(t *testing.T) {
	text, err := listing.JSON(someTables())
	require.NoError(t, err)
	var decoded []map[string]any
	require.NoError(t, json.Unmarshal(text, &decoded))
	require.Len(t, decoded, 3)
	assert.Equal(t, map[string]any{
		"name": "plugintracelog", "display_name": "Plug-in Trace Log", "entity_set": "", "rows": nil,
		"incremental": false, "incremental_reason": "not trackable",
		"readable": "no", "readable_reason": "prvReadPluginTraceLog is missing", "selected": true,
	}, decoded[2])
	assert.Len(t, strings.Split(string(text), "\n"), 3+3, "brackets, tables and the end")

	none, err := listing.JSON(nil)
	require.NoError(t, err)
	assert.JSONEq(t, "[]", string(none))
}
