package catalog

import (
	"slices"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// contentSuffix is what the name of the property with the content of a file adds to that of its column.
const contentSuffix = "_content"

// WithContents returns a table whose contents are columns that are retrieved apart from the rows: the bodies of notes and
// attachments, images, and beside each file column one with the content of the file. A column of the table's own with the
// name of such a column takes precedence.
func WithContents(t dataverse.Table) dataverse.Table {
	columns := slices.Clone(t.Columns)
	for i, c := range t.Columns {
		if kind := contentOf(t, c); kind != dataverse.NoContent {
			columns[i].Content = kind
		}
		if property := c.Property + contentSuffix; c.Type == dataverse.File && !t.Has(property) {
			columns = append(columns, dataverse.Column{Property: property, Type: dataverse.String, Content: dataverse.FileContent})
		}
	}
	slices.SortFunc(columns, func(a, b dataverse.Column) int { return strings.Compare(a.Property, b.Property) })
	t.Columns = columns
	return t
}

// WithoutContents returns a table without the columns whose values are contents, and the names of these.
func WithoutContents(t dataverse.Table) (without dataverse.Table, contents []string) {
	for _, c := range t.Columns {
		if contentOf(t, c) != dataverse.NoContent {
			contents = append(contents, c.Property)
		}
	}
	if len(contents) > 0 {
		t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c dataverse.Column) bool { return slices.Contains(contents, c.Property) })
	}
	return t, contents
}

// FileColumn returns the name of the file column whose content a property is, "" if it is not the content of a file.
func FileColumn(t dataverse.Table, property string) string {
	name, isContent := strings.CutSuffix(property, contentSuffix)
	if c := t.Column(name); isContent && c != nil && c.Type == dataverse.File {
		return name
	}
	return ""
}

// contentOf returns the kind of content that a column of the table's own holds. Notes and attachments have their files as
// base64 text (Microsoft, "Attachments and notes"), and some definitions show the same content as binary, too.
func contentOf(t dataverse.Table, c dataverse.Column) dataverse.ContentKind {
	bodies := map[string][]string{
		"annotation":             {"documentbody", "documentbody_binary"},
		"activitymimeattachment": {"body", "body_binary"},
		"attachment":             {"body", "body_binary"},
	}
	switch {
	case c.Type == dataverse.Image:
		return dataverse.ImageContent
	case slices.Contains(bodies[t.LogicalName], c.Property):
		return dataverse.BodyContent
	default:
		return dataverse.NoContent
	}
}
