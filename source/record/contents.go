package record

import (
	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// Content is a selected column whose values are retrieved apart from the rows. The caller puts them into the rows, before all
// other members, under the name of Property, and passes these to Encoder.RowWith.
type Content struct {
	Property string
	Kind     dataverse.ContentKind
	// Column is the column that holds the content. Rows have the id of a file in it, or the thumbnail of an image.
	Column string
	// Size is the column with the size of a body in bytes; "": rows have none.
	Size string
}

// bodySize is the column of notes and attachments with the size of their file in bytes, before it was encoded (Microsoft,
// "Attachments and notes").
const bodySize = "filesize"

// addContent adds a selected column whose values are retrieved apart from the rows. Rows are requested with what that needs.
func (p *Plan) addContent(t dataverse.Table, of dataverse.Column, configured protocol.Property) {
	c := newColumn(of, configured)
	content := Content{Property: of.Property, Kind: of.Content, Column: of.Property}
	switch of.Content {
	case dataverse.BodyContent:
		c.derived = true
		if t.Has(bodySize) {
			content.Size = bodySize
			p.sources = append(p.sources, bodySize)
		}
	case dataverse.FileContent:
		c.derived = true
		content.Column = catalog.FileColumn(t, of.Property)
		p.sources = append(p.sources, content.Column)
	case dataverse.ImageContent, dataverse.NoContent: // the thumbnail comes with the row
	}
	if c.derived {
		p.derived = append(p.derived, of.Property)
	}
	p.addColumn(c)
	p.contents = append(p.contents, content)
}

// Contents returns the selected columns whose values are retrieved apart from the rows, sorted by property.
func (p *Plan) Contents() []Content { return p.contents }
