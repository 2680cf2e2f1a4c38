package record_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// wideEncoder encodes the rows of widePage, as a tracked stream with all columns selected.
func wideEncoder(tb testing.TB) *record.Encoder {
	tb.Helper()
	return choiceEncoder(tb, wideChoices, catalog.Options{})
}

// wideChoices is the number of choice columns of a wide row.
const wideChoices = 14

// choiceEncoder does the same for rows with a number of choice columns, with or without labels.
func choiceEncoder(tb testing.TB, choices int, o catalog.Options) *record.Encoder {
	tb.Helper()
	table := dataverse.Table{LogicalName: "account", EntitySet: "accounts", PrimaryID: "accountid", Tracked: true}
	for _, name := range wideColumns(choices) {
		table.Columns = append(table.Columns, dataverse.Column{Property: name, Type: wideType(name)})
	}
	columns := map[string]protocol.Property{}
	for _, p := range o.Stream(table).JSONSchema.Properties {
		columns[p.Name] = p.Property
	}
	labels := map[string]*record.Labels{}
	for _, c := range table.Columns {
		if c.Type.IsChoice() {
			labels[c.Property] = record.NewLabels([]record.Label{
				{Code: 100000000, Text: "Preferred customer"}, {Code: 100000001, Text: "Standard"}, {Code: 100000002, Text: "Competitor"}, {Code: 100000003, Text: "Other"},
			})
		}
	}
	plan, err := record.Compile(table, protocol.ConfiguredStream{Name: "account", Columns: columns}, labels)
	require.NoError(tb, err)
	return record.NewEncoder(plan, record.Options{
		Pool: record.NewPool(1),
	})
}

// wideType is the type of a column of widePage.
func wideType(name string) dataverse.ColumnType {
	switch {
	case name == "versionnumber":
		return dataverse.BigInt
	case strings.HasPrefix(name, "revenue"):
		return dataverse.Money
	case strings.HasPrefix(name, "contoso_choice"):
		return dataverse.Picklist
	default:
		return dataverse.String
	}
}

func wideColumns(choices int) []string {
	names := []string{"accountid", "name", "description", "websiteurl", "versionnumber", "modifiedon", "createdon", "revenue", "revenue_base"}
	for i := range 9 {
		names = append(names, fmt.Sprintf("_contoso_related%02d_value", i))
	}
	for i := range choices {
		names = append(names, fmt.Sprintf("contoso_choice%02d", i))
	}
	for i := range 60 {
		names = append(names, fmt.Sprintf("contoso_spare%02d", i))
	}
	return names
}

// widePage is an array of rows as the service prints them: filled columns first, then the empty ones; about 2.8 kB each,
// of which gzip leaves less than a tenth.
func widePage(rows int) []byte { return choicePage(rows, wideChoices) }

// choicePage is the same with a number of choice columns.
func choicePage(rows, choices int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	guid := func(of uint64) string {
		r := rand.New(rand.NewPCG(of, 3))
		return fmt.Sprintf("%08x-0d4e-e811-a961-%012x", r.Uint32(), r.Uint64N(1<<48))
	}
	words := strings.Fields("order contract visit – the customer \\\"wants\\\" two weeks later call back offer sent price about Müller & Söhne")
	var page bytes.Buffer
	page.WriteByte('[')
	for i := range rows {
		if i > 0 {
			page.WriteByte(',')
		}
		fmt.Fprintf(&page, `{"@odata.etag":"W/\"%d\"","accountid":%q,"name":"Company %d"`, 3001136+i, guid(uint64(i)), random.IntN(100000))
		page.WriteString(`,"description":"`)
		for range 24 {
			page.WriteString(words[random.IntN(len(words))] + " ")
		}
		fmt.Fprintf(&page, `","websiteurl":"https://www.contoso.example/%d"`, random.IntN(100000))
		at := time.Date(2023, 4, 7, 0, 0, random.IntN(1<<24), 0, time.UTC).Format(time.RFC3339)
		fmt.Fprintf(&page, `,"versionnumber":%d,"modifiedon":%q,"createdon":%q`, 3001136+i, at, at)
		fmt.Fprintf(&page, `,"revenue":%d.0000,"revenue_base":%d.0000000000`, i, i)
		for n := range 9 {
			fmt.Fprintf(&page, `,"_contoso_related%02d_value":%q`, n, guid(random.Uint64N(1+5000*uint64(n%5))))
		}
		for n := range choices {
			fmt.Fprintf(&page, `,"contoso_choice%02d":%d`, n, 100000000+random.IntN(4))
		}
		for n := range 60 {
			fmt.Fprintf(&page, `,"contoso_spare%02d":null`, n)
		}
		page.WriteByte('}')
	}
	page.WriteByte(']')
	return page.Bytes()
}
