package destination_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
)

// things is a catalog of one stream, deduplicated or overwritten.
func things(mode string) destination.Catalog {
	property := func(typ, format, airbyte string) destination.Property {
		return destination.Property{Type: []string{"null", typ}, Format: format, AirbyteType: airbyte}
	}
	instant := property("string", "date-time", "timestamp_with_timezone")
	s := &destination.ConfiguredStream{
		Stream: destination.Stream{Name: "thing", JSONSchema: destination.Schema{
			Type: "object", AdditionalProperties: true, Properties: map[string]destination.Property{
				"id": property("string", "", ""), "n": property("integer", "", ""), "day": property("string", "date", ""),
				"at": instant, "wall": property("string", "date-time", "timestamp_without_timezone"),
				destination.UpdatedAt: instant, destination.DeletedAt: instant,
			},
		}},
		SyncMode: destination.Incremental, DestinationSyncMode: mode,
		PrimaryKey: [][]string{{"id"}}, CursorField: []string{destination.UpdatedAt},
	}
	if mode == destination.Overwrite {
		s.SyncMode = destination.FullRefresh
	}
	return destination.Catalog{Streams: []*destination.ConfiguredStream{s}}
}

func status(s string) string {
	return `{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{"stream_descriptor":{"name":"thing"},"status":"` + s + `"}}}`
}

func state(version, records int) string {
	return fmt.Sprintf(`{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"thing"},"stream_state":{"v":%d}},"sourceStats":{"recordCount":%d.0}}}`, version, records)
}

// row is a record with the cursor at a second, and further members of its data.
func row(id string, second int, more string) string {
	return fmt.Sprintf(`{"type":"RECORD","record":{"stream":"thing","emitted_at":5,"data":{"id":"%s","_ab_cdc_updated_at":"2024-01-01T00:00:%02dZ"%s}}}`, id, second, more)
}

// changed is a record with a meta.
func changed(meta string) string {
	return strings.Replace(row("a", 1, `,"n":null`), `}}`, `},"meta":`+meta+`}`, 1)
}

// nulled is a record with a nulled column.
func nulled(column, reason string) string {
	return changed(`{"changes":[` + change(column, reason) + `]}`)
}

func change(column, reason string) string {
	return fmt.Sprintf(`{"field":%q,"change":"NULLED","reason":%q}`, column, reason)
}

func deletion(id string, second int) string {
	return row(id, second, fmt.Sprintf(`,"_ab_cdc_deleted_at":"2024-01-01T00:00:%02dZ"`, second))
}

const failure = `{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"no","failure_type":"config_error"}}}`

// goodRead puts records between the messages of a read that succeeds.
func goodRead(rows ...string) []string {
	lines := append([]string{status("STARTED"), status("RUNNING")}, rows...)
	return append(lines, state(1, len(rows)), status("COMPLETE"))
}

func apply(t *testing.T, d *destination.Destination, c destination.Catalog, code int, lines ...string) *destination.Report {
	t.Helper()
	s, err := d.Begin(c)
	require.NoError(t, err)
	for _, line := range lines {
		s.Line([]byte(line))
	}
	return s.End(code, nil)
}

func TestEachViolationIsFound(t *testing.T) {
	good := row("a", 1, "")
	for name, bad := range map[string]struct {
		lines     []string
		code      int
		violation string
	}{
		"a line of text":                {goodRead("hello"), 0, "no JSON object"},
		"two messages on a line":        {goodRead(good + good), 0, "not one JSON object"},
		"a duplicate member":            {goodRead(row("a", 1, `,"n":1,"n":2`)), 0, "not one JSON object"},
		"a line separator":              {goodRead(row("a\u2028", 1, "")), 0, "break lines"},
		"an unknown type":               {goodRead(`{"type":"NEWS"}`), 0, "NEWS"},
		"a type with another's body":    {goodRead(strings.Replace(good, "RECORD", "STATE", 1)), 0, "without its body"},
		"a record of another stream":    {goodRead(strings.Replace(good, "thing", "other", 1)), 0, "not configured"},
		"a namespace, even if null":     {goodRead(strings.Replace(good, `"emitted_at"`, `"namespace":null,"emitted_at"`, 1)), 0, "namespace"},
		"no data":                       {goodRead(`{"type":"RECORD","record":{"stream":"thing","emitted_at":5,"data":{}}}`), 0, "without data"},
		"an undeclared column":          {goodRead(row("a", 1, `,"x":1`)), 0, "x is not declared"},
		"an annotation":                 {goodRead(row("a", 1, `,"@odata.etag":"1"`)), 0, "annotation"},
		"a row without a key":           {goodRead(strings.Replace(good, `"id":"a"`, `"n":1`, 1)), 0, "id is missing or null"},
		"a key that is null":            {goodRead(strings.Replace(good, `"id":"a"`, `"id":null`, 1)), 0, "id is missing or null"},
		"a row with fewer columns":      {goodRead(row("a", 1, `,"n":1`), row("b", 1, "")), 0, "the row has the columns"},
		"an emitted_at that decreases":  {goodRead(good, strings.Replace(row("b", 1, ""), `"emitted_at":5`, `"emitted_at":4`, 1)), 0, "falls from 5 to 4"},
		"an emitted_at with a fraction": {goodRead(strings.Replace(good, `"emitted_at":5`, `"emitted_at":5.5`, 1)), 0, "no integer"},
		"a cursor that falls":           {goodRead(row("a", 2, ""), row("a", 1, "")), 0, "the cursor falls"},
		"no cursor":                     {goodRead(`{"type":"RECORD","record":{"stream":"thing","emitted_at":5,"data":{"id":"a"}}}`), 0, "has no _ab_cdc_updated_at"},
		"a deletion as old as the row":  {goodRead(row("a", 2, ""), deletion("a", 2)), 0, "deletion's cursor"},
		"a number for a text":           {goodRead(row("a", 1, `,"day":1`)), 0, "schema"},
		"a text for a number":           {goodRead(row("a", 1, `,"n":"1"`)), 0, "schema"},
		"an integer with a fraction":    {goodRead(row("a", 1, `,"n":1.0`)), 0, "1.0 is no integer"},
		"a day with a time":             {goodRead(row("a", 1, `,"day":"2024-01-01T00:00:00Z"`)), 0, "schema"},
		"an instant without a zone":     {goodRead(row("a", 1, `,"at":"2024-01-01T00:00:00"`)), 0, "schema"},
		"an instant that is a day":      {goodRead(row("a", 1, `,"at":"2024-01-01"`)), 0, "no date-time"},
		"a meta without changes":        {goodRead(changed(`{"changes":[]}`)), 0, "a meta without changes"},
		"a meta with another member":    {goodRead(changed(`{"changes":[],"more":1}`)), 0, "not of the protocol"},
		"a change with another member":  {goodRead(changed(`{"changes":[{"field":"n","change":"NULLED","reason":"SOURCE_RETRIEVAL_ERROR","x":1}]}`)), 0, "not of the protocol"},
		"a change of another column":    {goodRead(nulled("wall", "SOURCE_RETRIEVAL_ERROR")), 0, `a change of "wall"`},
		"two changes of a column":       {goodRead(changed(`{"changes":[` + change("n", "SOURCE_RETRIEVAL_ERROR") + `,` + change("n", "SOURCE_RETRIEVAL_ERROR") + `]}`)), 0, "two changes of n"},
		"a value that is not null":      {goodRead(strings.Replace(nulled("n", "SOURCE_RETRIEVAL_ERROR"), `"n":null`, `"n":1`, 1)), 0, "n is said to be nulled"},
		"a value that is truncated":     {goodRead(strings.Replace(nulled("n", "SOURCE_RETRIEVAL_ERROR"), "NULLED", "TRUNCATED", 1)), 0, `is "TRUNCATED"`},
		"a reason of a destination":     {goodRead(nulled("n", "DESTINATION_FIELD_SIZE_LIMITATION")), 0, "DESTINATION_FIELD"},
		"a change without a reason":     {goodRead(nulled("n", "")), 0, `is ""`},
		"a deletion with changes":       {goodRead(strings.Replace(strings.Replace(deletion("a", 2), `"data":{`, `"data":{"n":null,`, 1), "}}", `},"meta":{"changes":[`+change("n", "SOURCE_RETRIEVAL_ERROR")+`]}}`, 1)), 0, "a deletion with changes"},
		"a local time with a zone":      {goodRead(row("a", 1, `,"wall":"2024-01-01T00:00:00Z"`)), 0, "no date-time"},
		"a state without a type":        {goodRead(strings.Replace(state(2, 0), `"type":"STREAM",`, "", 1)), 0, `type ""`},
		"a state with an id":            {goodRead(strings.Replace(state(2, 0), `{"type":"STREAM"`, `{"id":1,"type":"STREAM"`, 1)), 0, "not of the protocol"},
		"a count that is an integer":    {goodRead(strings.Replace(state(2, 0), "0.0", "0", 1)), 0, "as a decimal"},
		"a wrong count":                 {goodRead(state(2, 7)), 0, "after 0 records"},
		"a state without a count":       {goodRead(strings.Replace(state(2, 0), `,"sourceStats":{"recordCount":0.0}`, "", 1)), 0, "without sourceStats"},
		"the same state twice":          {goodRead(state(3, 0), state(3, 0)), 0, "same as the one before"},
		"no STARTED":                    {goodRead(good)[1:], 0, "RUNNING is status number 1"},
		"a record before RUNNING":       {[]string{status("STARTED"), good}, 1, "before RUNNING"},
		"a record after the last state": {[]string{status("STARTED"), status("RUNNING"), state(1, 0), good, status("COMPLETE")}, 0, "no STATE covers"},
		"no state":                      {[]string{status("STARTED"), status("RUNNING"), status("COMPLETE")}, 0, "without a STATE"},
		"a record after COMPLETE":       {append(goodRead(), good), 0, "record after COMPLETE"},
		"a state after COMPLETE":        {append(goodRead(), state(9, 0)), 0, "state after COMPLETE"},
		"a second last status":          {append(goodRead(), status("INCOMPLETE")), 0, "INCOMPLETE after COMPLETE"},
		"exit code 0 without COMPLETE":  {goodRead()[:3], 0, "the exit code is 0"},
		"exit code 0 and an error":      {append(goodRead(), failure), 0, "although the read reported an error"},
		"exit code 1 without an error":  {goodRead(), 1, "the read reported no error"},
		"a log of an unknown level":     {goodRead(`{"type":"LOG","log":{"level":"LOUD","message":"x"}}`), 0, "LOUD"},
	} {
		t.Run(name, func(t *testing.T) {
			report := apply(t, destination.New(), things(destination.AppendDedup), bad.code, bad.lines...)
			assert.Contains(t, fmt.Sprint(report.Violations), bad.violation)
		})
	}
}

func TestAGoodReadViolatesNothing(t *testing.T) {
	d := destination.New()
	report := apply(t, d, things(destination.AppendDedup), 0, goodRead(row("a", 1, `,"n":1`), row("b", 1, `,"n":-2`), row("a", 1, `,"n":3`), deletion("b", 2))...)
	assert.Empty(t, report.Violations)
	assert.Equal(t, 4, report.Records())
	assert.Equal(t, 1, report.Streams["thing"].Deletions)
	require.Len(t, d.Rows("thing"), 1)
	assert.Equal(t, "3", string(d.Rows("thing")["a"]["n"]), "of equal cursors the later arrival wins")
}

func TestEachReasonForANulledValueIsAccepted(t *testing.T) {
	for _, reason := range []string{"SOURCE_FIELD_SIZE_LIMITATION", "SOURCE_RECORD_SIZE_LIMITATION", "SOURCE_SERIALIZATION_ERROR", "SOURCE_RETRIEVAL_ERROR"} {
		assert.Empty(t, apply(t, destination.New(), things(destination.AppendDedup), 0, goodRead(nulled("n", reason))...).Violations)
	}
	keyless := strings.Replace(nulled("id", "SOURCE_RETRIEVAL_ERROR"), `"id":"a"`, `"id":null`, 1)
	report := apply(t, destination.New(), things(destination.AppendDedup), 0, goodRead(keyless)...)
	assert.Contains(t, fmt.Sprint(report.Violations), "by which the destination identifies")
}

func TestDeduplicationKeepsTheNewest(t *testing.T) {
	c := things(destination.AppendDedup)
	for name, sync := range map[string]struct {
		second []string
		n      string // of the row afterwards, "" if it is gone
	}{
		"a newer version replaces":                     {[]string{row("a", 6, `,"n":2`)}, "2"},
		"an equal version replaces":                    {[]string{row("a", 5, `,"n":2`)}, "2"},
		"an older version does not":                    {[]string{row("a", 4, `,"n":2`)}, "1"},
		"a newer deletion deletes":                     {[]string{deletion("a", 6)}, ""},
		"an equal deletion does not":                   {[]string{deletion("a", 5)}, "1"},
		"a deletion of an unknown row changes nothing": {[]string{deletion("b", 6)}, "1"},
		"a version newer than its deletion":            {[]string{deletion("a", 6), row("a", 7, `,"n":3`)}, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			d := destination.New()
			apply(t, d, c, 0, goodRead(row("a", 5, `,"n":1`))...)
			apply(t, d, c, 0, goodRead(sync.second...)...)
			assert.Equal(t, sync.n, string(d.Rows("thing")["a"]["n"]))
			assert.NotContains(t, d.Rows("thing"), "b")
		})
	}
}

func TestAnOverwriteNeedsItsEnd(t *testing.T) {
	c := things(destination.Overwrite)
	d := destination.New()
	apply(t, d, c, 0, goodRead(row("a", 1, ""))...)
	apply(t, d, c, 1, append(goodRead(row("b", 1, "")), failure)...)
	assert.Contains(t, d.Rows("thing"), "a", "the read failed")
	c.Overwrite(2)
	apply(t, d, c, 0, goodRead(row("c", 1, ""), row("c", 2, ""))...)
	assert.Len(t, d.Rows("thing"), 1)
	assert.Contains(t, d.Rows("thing"), "c")
	assert.Equal(t, 1, d.Duplicates("thing"))
}
