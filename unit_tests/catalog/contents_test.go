package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// withFiles is a table of a name with columns that hold files.
func withFiles(name string) dataverse.Table {
	return dataverse.Table{LogicalName: name, EntitySet: name + "s", PrimaryID: "id", Columns: []dataverse.Column{
		{Property: "body", Type: dataverse.Memo}, {Property: "documentbody", Type: dataverse.String}, {Property: "entityimage", Type: dataverse.Image},
		{Property: "id", Type: dataverse.UniqueIdentifier}, {Property: "paper", Type: dataverse.File}, {Property: "paper_name", Type: dataverse.String},
		{Property: "report", Type: dataverse.File}, {Property: "report_content", Type: dataverse.Integer},
	}}
}

// kinds returns the columns that hold contents.
func kinds(t dataverse.Table) map[string]dataverse.ContentKind {
	found := map[string]dataverse.ContentKind{}
	for _, c := range t.Columns {
		if c.Content != dataverse.NoContent {
			found[c.Property] = c.Content
		}
	}
	return found
}

func TestContentsAreColumnsOfTheirTables(t *testing.T) {
	for name, want := range map[string]map[string]dataverse.ContentKind{
		"annotation":             {"documentbody": dataverse.BodyContent, "entityimage": dataverse.ImageContent, "paper_content": dataverse.FileContent},
		"activitymimeattachment": {"body": dataverse.BodyContent, "entityimage": dataverse.ImageContent, "paper_content": dataverse.FileContent},
		"account":                {"entityimage": dataverse.ImageContent, "paper_content": dataverse.FileContent},
	} {
		t.Run(name, func(t *testing.T) {
			table := withFiles(name)
			got := catalog.WithContents(table)
			assert.Equal(t, want, kinds(got))
			assert.Equal(t, withFiles(name), table, "it is another table")
			assert.Equal(t, "paper", catalog.FileColumn(got, "paper_content"))
			assert.Empty(t, catalog.FileColumn(got, "body_content"))
			assert.Equal(t, dataverse.Integer, got.Column("report_content").Type, "a column of the table's own takes precedence")
			for _, property := range catalog.Stream(got).JSONSchema.Properties {
				if property.Name == "paper_content" {
					assert.Equal(t, protocol.Property{Type: []string{"null", "string"}}, property.Property)
				}
			}
			assert.Equal(t, got, catalog.WithContents(got), "once is enough")
		})
	}
}

func TestATableWithoutContentsKeepsAllElse(t *testing.T) {
	got, contents := catalog.WithoutContents(withFiles("annotation"))
	assert.Equal(t, []string{"documentbody", "entityimage"}, contents)
	var names []string
	for _, c := range got.Columns {
		names = append(names, c.Property)
	}
	assert.Equal(t, []string{"body", "id", "paper", "paper_name", "report", "report_content"}, names)
	plain := dataverse.Table{LogicalName: "task", Columns: []dataverse.Column{{Property: "body", Type: dataverse.Memo}}}
	got, contents = catalog.WithoutContents(plain)
	assert.Empty(t, contents)
	assert.Equal(t, plain, got)
}
