package protocol

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/bitstrapped/airbyte"
	"github.com/go-json-experiment/json/jsontext"
)

// Catalog is what discover answers: every stream the source can read. It keeps them as they will be written, for of
// environments with thousands of tables anything else is many times as large. The zero value has no streams.
type Catalog struct {
	streams []writtenStream
	text    []byte // of the last one, before it is kept
}

type writtenStream struct {
	name string
	text []byte
}

// Add puts a stream into the catalog. Streams may come in any order; each has a name of its own.
func (c *Catalog) Add(s Stream) {
	c.text = s.append(c.text[:0])
	c.streams = append(c.streams, writtenStream{s.Name, bytes.Clone(escapeSeparators(c.text))})
}

// sorted returns the streams in the order of their names, in which they are written: the platform compares catalogs.
func (c *Catalog) sorted() []writtenStream {
	slices.SortFunc(c.streams, func(a, b writtenStream) int { return strings.Compare(a.name, b.name) })
	return c.streams
}

// Stream describes one stream as AirbyteStream does in
// https://github.com/airbytehq/airbyte-protocol/blob/main/protocol-models/src/main/resources/airbyte_protocol/v0/airbyte_protocol.yaml.
// It has no namespace: to the platform an empty one and an absent one differ, and a source has to stay with one of them.
type Stream struct {
	Name                    string
	JSONSchema              Schema
	SupportedSyncModes      []airbyte.SyncMode
	SourceDefinedCursor     bool
	DefaultCursorField      []string   // left out if empty
	SourceDefinedPrimaryKey [][]string // left out if empty
	IsResumable             bool
}

// Schema is a stream's JSON schema of draft 7, an object whose columns are Properties, each of them once and in the order
// of their names.
type Schema struct{ Properties []NamedProperty }

// NamedProperty is a column with its name in records.
type NamedProperty struct {
	Name string
	Property
}

// Property is a column's type in the words of https://docs.airbyte.com/platform/understanding-airbyte/supported-data-types.
type Property struct {
	Type        []string
	Format      string // left out if empty
	AirbyteType string // left out if empty
}

// append writes the stream, its members always in the same order.
func (s Stream) append(dst []byte) []byte {
	dst = appendText(append(dst, `{"name":`...), s.Name)
	dst = append(dst, `,"json_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object",`...)
	dst = append(dst, `"additionalProperties":true,"properties":{`...)
	for i, p := range s.JSONSchema.Properties {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, p.Name), ':')
		dst = p.append(dst)
	}
	dst = appendTexts(append(dst, `}},"supported_sync_modes":`...), s.SupportedSyncModes)
	dst = strconv.AppendBool(append(dst, `,"source_defined_cursor":`...), s.SourceDefinedCursor)
	if len(s.DefaultCursorField) > 0 {
		dst = appendTexts(append(dst, `,"default_cursor_field":`...), s.DefaultCursorField)
	}
	if len(s.SourceDefinedPrimaryKey) > 0 {
		dst = append(dst, `,"source_defined_primary_key":[`...)
		for i, path := range s.SourceDefinedPrimaryKey {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendTexts(dst, path)
		}
		dst = append(dst, ']')
	}
	dst = strconv.AppendBool(append(dst, `,"is_resumable":`...), s.IsResumable)
	return append(dst, '}')
}

func (p Property) append(dst []byte) []byte {
	dst = append(dst, '{')
	if len(p.Type) > 0 {
		dst = appendTexts(append(dst, `"type":`...), p.Type)
	}
	for _, member := range []struct{ name, text string }{{`"format":`, p.Format}, {`"airbyte_type":`, p.AirbyteType}} {
		if member.text == "" {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = appendText(append(dst, member.name...), member.text)
	}
	return append(dst, '}')
}

func appendTexts[T ~string](dst []byte, texts []T) []byte {
	dst = append(dst, '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, string(text))
	}
	return append(dst, ']')
}

// appendText writes a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendText(dst []byte, text string) []byte {
	if !isPlain(text) {
		dst, _ = jsontext.AppendQuote(dst, text) // complains of invalid UTF-8 alone, and mends it
		return dst
	}
	return append(append(append(dst, '"'), text...), '"')
}

// isPlain says whether a text stands in JSON as it is, as nearly all names do.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
