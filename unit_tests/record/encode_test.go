package record_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bitstrapped/airbyte"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// pageTime is the service's time of most pages here.
func pageTime() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }

// pageCursor is the cursor of pageTime.
const pageCursor = "2026-04-01T12:00:00.000000Z"

// account is a tracked table with a column for each way to write a value.
func account() dataverse.Table {
	return dataverse.Table{
		LogicalName: "account", EntitySet: "accounts", PrimaryID: "accountid", Tracked: true,
		Columns: []dataverse.Column{
			{Property: "accountid", Type: dataverse.UniqueIdentifier},
			{Property: "anything", Type: dataverse.ManagedProperty},
			{Property: "modifiedon", Type: dataverse.DateTime, Behavior: dataverse.UserLocal},
			{Property: "name", Type: dataverse.String},
			{Property: "wallclock", Type: dataverse.DateTime, Behavior: dataverse.TimeZoneIndependent},
		},
	}
}

// sensor is an elastic table: the key of its rows has two columns.
func sensor() dataverse.Table {
	return dataverse.Table{
		LogicalName: "sensor", EntitySet: "sensors", PrimaryID: "sensorid", Tracked: true, Elastic: true,
		Columns: []dataverse.Column{
			{Property: "partitionid", Type: dataverse.String},
			{Property: "sensorid", Type: dataverse.UniqueIdentifier},
		},
	}
}

// configured selects columns of a table under the schema that discover gives them.
func configured(table dataverse.Table, columns ...string) protocol.ConfiguredStream {
	s := protocol.ConfiguredStream{Name: table.LogicalName, Columns: map[string]protocol.Property{}}
	for _, p := range (catalog.Options{LookupTypes: true}).Stream(table).JSONSchema.Properties {
		if slices.Contains(columns, p.Name) {
			s.Columns[p.Name] = p.Property
		}
	}
	if _, selected := s.Columns["anything"]; selected {
		s.Columns["anything"] = protocol.Property{} // a schema that allows every type
	}
	return s
}

// followed is the same as an incremental stream.
func followed(table dataverse.Table, columns ...string) protocol.ConfiguredStream {
	s := configured(table, columns...)
	s.SyncMode, s.SupportedSyncModes = airbyte.SyncModeIncremental, catalog.Stream(table).SupportedSyncModes
	return s
}

func compile(t *testing.T, table dataverse.Table, s protocol.ConfiguredStream) *record.Plan {
	t.Helper()
	plan, err := record.Compile(table, s, nil)
	require.NoError(t, err)
	return plan
}

func newEncoder(plan *record.Plan, o record.Options) *record.Encoder {
	if o.Pool == nil {
		o.Pool = record.NewPool(1)
	}
	return record.NewEncoder(plan, o)
}

// encoderOf is an encoder of the named columns for an initial snapshot.
func encoderOf(t *testing.T, table dataverse.Table, columns ...string) *record.Encoder {
	t.Helper()
	return newEncoder(compile(t, table, configured(table, columns...)), record.Options{})
}

// begin reads an array of rows as a page of a time, and leaves the page open. Rows take the fast path where they can, as
// those of the service do.
func begin(e *record.Encoder, at time.Time, page string) error {
	if err := e.Begin(context.Background(), at); err != nil {
		return err
	}
	return readRows(e, page)
}

// pageSink takes a page.
type pageSink interface {
	Begin(ctx context.Context, at time.Time) error
	FastRow(text []byte) int
	Row(d *jsontext.Decoder) error
}

// read reads an array of rows as a page into any sink.
func read(sink pageSink, page string) error {
	if err := sink.Begin(context.Background(), pageTime()); err != nil {
		return err
	}
	return readRows(sink, page)
}

func readRows(e pageSink, page string) error {
	const between = " \t\r\n,"
	for rest := strings.TrimLeft(page[1:], between); rest != "]"; {
		length := e.FastRow([]byte(rest))
		if length == 0 {
			d := jsontext.NewDecoder(strings.NewReader(rest), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
			if err := e.Row(d); err != nil {
				return err
			}
			length = int(d.InputOffset())
		}
		rest = strings.TrimLeft(rest[length:], between)
	}
	return nil
}

// lines reads a whole page and returns its lines.
func lines(t *testing.T, e *record.Encoder, at time.Time, page string) string {
	t.Helper()
	require.NoError(t, begin(e, at, page))
	return taken(t, e)
}

// taken ends the page and returns its lines. Their count must be that of the page.
func taken(t *testing.T, e *record.Encoder) string {
	t.Helper()
	var text strings.Builder
	page := e.Records()
	require.NoError(t, page.Write(func(records protocol.Records) error {
		require.Equal(t, bytes.Count(records.Lines, []byte("\n")), records.Count, "the count is that of the lines")
		text.Write(records.Lines)
		return nil
	}))
	require.Equal(t, strings.Count(text.String(), "\n"), page.Count, "the count is that of the lines")
	return text.String()
}

// line is the RECORD of a stream with the members of its data.
func line(stream, data string) string {
	return string(protocol.RecordHead(stream)) + "{" + data + "}}}\n"
}

// deletion is the object for a deleted row in a response.
func deletion(id string) string {
	return `{"@odata.context":"https://contoso.crm.dynamics.com/api/data/v9.2/$metadata#accounts/$deletedEntity","id":"` + id + `","reason":"deleted"}`
}
