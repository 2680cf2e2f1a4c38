package rows

import (
	"encoding/base64"
	"encoding/binary"
	"mime"
	"path"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Content is what a file or image column of a row holds.
type Content struct {
	Name string
	Size int
	kept []byte // nil: generated
	salt uint64
}

// MIMEType returns the media type by the extension of the name.
func (c Content) MIMEType() string {
	if kind := mime.TypeByExtension(path.Ext(c.Name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// Bytes returns the bytes from one position up to another.
func (c Content) Bytes(from, to int) []byte {
	if c.kept != nil {
		return c.kept[from:to]
	}
	part := make([]byte, 0, to-from+16)
	for at := from &^ 7; at < to; at += 8 {
		part = binary.BigEndian.AppendUint64(part, Draw(c.salt, Word(at)))
	}
	return part[from&7 : to-from&^7]
}

// NewContent returns a content that was uploaded.
func NewContent(name string, data []byte) Content {
	return Content{Name: name, Size: len(data), kept: append([]byte{}, data...)}
}

// generatedContent returns the content of a generated file. Most files are small; some are larger than the 4 MiB that are
// downloaded at once, and a few larger than 8 MiB.
func generatedContent(name, id string) Content {
	const mebibyte = 1 << 20
	salt := HashString(id)
	size := 1 + int(below(Draw(salt, 1), 20_000))
	switch Draw(salt, 2) % 256 {
	case 0:
		size += 9 * mebibyte
	case 1, 2, 3:
		size += 4 * mebibyte
	}
	return Content{Name: name, Size: size, salt: salt}
}

// body returns the column with the file that a column of a note or an attachment describes: its size, or whether there is one.
func (b binder) body(c *schema.Column) *schema.Column {
	t := b.store.Table
	if c.LogicalName != "filesize" && c.LogicalName != "isdocument" || t.LogicalName == "annotation" && !b.env.contents {
		return nil
	}
	return BodyColumn(t)
}

// BodyColumn returns the column that holds a file as base64 text; nil if the table has none.
func BodyColumn(t *schema.Table) *schema.Column {
	name := map[string]string{"annotation": "documentbody", "activitymimeattachment": "body"}[t.LogicalName]
	return t.Column(name)
}

// described writes the size of the file in a row's body, or whether there is one.
func (b binder) described(c, body *schema.Column) Filler {
	fill := b.sparse(body, b.filler(body))
	return func(dst []byte, row uint64) []byte { return append(dst, Described(c, fill(nil, row))...) }
}

// Described returns the size of the file in a body as JSON, nothing if there is none, or for a flag whether there is one.
func Described(c *schema.Column, body []byte) []byte {
	size, text := 0, odata.Plain(body)
	if len(text) > 0 {
		size = base64.StdEncoding.DecodedLen(len(text)) - strings.Count(text[max(0, len(text)-2):], "=")
	}
	switch {
	case c.Type == schema.Boolean:
		return strconv.AppendBool(nil, size > 0)
	case size == 0:
		return nil
	default:
		return strconv.AppendInt(nil, int64(size), 10)
	}
}

// File returns the content of a file column, and whether the row has one. The caller holds the lock.
func (db *Database) File(s *Store, r Ref, c *schema.Column) (Content, bool) {
	id := odata.Plain(s.AppendValue(nil, r, s.CellOf(c.LogicalName)))
	if id == "" {
		return Content{}, false
	}
	name := ""
	if cell := s.CellOf(c.LogicalName + "_name"); cell != nil {
		name = odata.Plain(s.AppendValue(nil, r, cell))
	}
	if data, kept := db.Files[id]; kept {
		return Content{Name: name, Size: len(data), kept: data}, true
	}
	return generatedContent(name, id), s.generatedValue(r, c)
}

// generatedValue reports whether nobody has written a column of the row.
func (s *Store) generatedValue(r Ref, c *schema.Column) bool {
	if r.Row == nil {
		return true
	}
	_, written := r.Row.Values[c.LogicalName]
	return !written && r.Index >= 0
}

// Thumbnail returns the image that a row shows, and whether it has one.
func (s *Store) Thumbnail(r Ref, c *schema.Column) (Content, bool) {
	picture, err := base64.StdEncoding.DecodeString(odata.Plain(s.AppendValue(nil, r, s.CellOf(c.LogicalName))))
	return NewContent(c.LogicalName+".png", picture), err == nil && len(picture) > 0
}

// FullImage returns an image at full size, and whether the row has it: the column stores full images.
func (s *Store) FullImage(r Ref, c *schema.Column) (Content, bool) {
	thumbnail, found := s.Thumbnail(r, c)
	if !found || !c.FullImage {
		return Content{}, false
	}
	if !s.generatedValue(r, c) {
		return thumbnail, true // as it was written, for nothing scales it down
	}
	rest := generatedContent("", string(thumbnail.kept))
	return NewContent(thumbnail.Name, append(thumbnail.kept, rest.Bytes(0, rest.Size)...)), true
}
