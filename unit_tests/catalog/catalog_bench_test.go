package catalog_test

import (
	"fmt"
	"testing"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// BenchmarkCatalog makes a stream of a table of 200 columns and puts it into a catalog.
func BenchmarkCatalog(b *testing.B) {
	table := dataverse.Table{LogicalName: "account", PrimaryID: "column000", Tracked: true}
	types := []dataverse.ColumnType{dataverse.String, dataverse.Money, dataverse.Picklist, dataverse.DateTime}
	for i := range 200 {
		name := fmt.Sprintf("column%03d", i)
		table.Columns = append(table.Columns, dataverse.Column{Property: name, Type: types[i%len(types)]})
	}
	b.ReportAllocs()
	var c protocol.Catalog
	for b.Loop() {
		c.Add(catalog.Stream(table))
	}
}
