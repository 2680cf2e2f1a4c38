package record_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

const benchmarkRows = 5000

// BenchmarkRow measures the way from a decoded body to RECORD lines on one core: scanning, checking and encoding.
func BenchmarkRow(b *testing.B) {
	page := widePage(benchmarkRows)
	e := wideEncoder(b)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		d := jsontext.NewDecoder(bytes.NewReader(page), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if err := encodePage(e, d); err != nil {
			b.Fatal(err)
		}
	}
}

// encodePage reads an array of rows as one page.
func encodePage(e *record.Encoder, d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if err := e.Begin(context.Background(), time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := e.Row(d); err != nil {
			return err
		}
	}
	e.Records().Release()
	return nil
}

// wideEncoder encodes the rows of widePage, as a tracked stream with all columns selected.
func wideEncoder(tb testing.TB) *record.Encoder {
	tb.Helper()
	table := dataverse.Table{LogicalName: "account", EntitySet: "accounts", PrimaryID: "accountid", Tracked: true}
	for _, name := range wideColumns() {
		table.Columns = append(table.Columns, dataverse.Column{LogicalName: name, Property: name, Type: dataverse.String})
	}
	columns := map[string]protocol.Property{}
	for name, property := range catalog.Stream(table).JSONSchema.Properties {
		columns[name] = property
	}
	plan, err := record.Compile(table, protocol.ConfiguredStream{Name: "account", Columns: columns})
	require.NoError(tb, err)
	return record.NewEncoder(plan, record.Options{
		Rising: true, Pool: record.NewPool(1), EmittedAt: func() int64 { return 1_775_000_000_000 },
	})
}

func wideColumns() []string {
	names := []string{"accountid", "name", "description", "websiteurl", "versionnumber", "modifiedon", "createdon", "revenue", "revenue_base"}
	for i := range 9 {
		names = append(names, fmt.Sprintf("_contoso_related%02d_value", i))
	}
	for i := range 14 {
		names = append(names, fmt.Sprintf("contoso_choice%02d", i))
	}
	for i := range 60 {
		names = append(names, fmt.Sprintf("contoso_spare%02d", i))
	}
	return names
}

// widePage is an array of rows as the service prints them: filled columns first, then the empty ones; about 2.7 kB each.
func widePage(rows int) []byte {
	var page bytes.Buffer
	page.WriteByte('[')
	for i := range rows {
		if i > 0 {
			page.WriteByte(',')
		}
		fmt.Fprintf(&page, `{"@odata.etag":"W/\"%d\"","accountid":"3dd65528-0d4e-e811-a961-%012x","name":"Company %d"`, 3001136+i, i, i)
		fmt.Fprintf(&page, `,"description":"It said \"all of %d\" – %s","websiteurl":"https://www.contoso.example/%d"`,
			i, strings.Repeat("and much more, ", 8), i)
		at := time.Date(2023, 4, 7, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second).Format(time.RFC3339)
		fmt.Fprintf(&page, `,"versionnumber":%d,"modifiedon":%q,"createdon":%q`, 3001136+i, at, at)
		fmt.Fprintf(&page, `,"revenue":%d.0000,"revenue_base":%d.0000000000`, i, i)
		for n := range 9 {
			fmt.Fprintf(&page, `,"_contoso_related%02d_value":"ea02a959-0895-469f-ac88-%012x"`, n, n)
		}
		for n := range 14 {
			fmt.Fprintf(&page, `,"contoso_choice%02d":%d`, n, 100000000+n)
		}
		for n := range 60 {
			fmt.Fprintf(&page, `,"contoso_spare%02d":null`, n)
		}
		page.WriteByte('}')
	}
	page.WriteByte(']')
	return page.Bytes()
}
