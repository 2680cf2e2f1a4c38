package protocol

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/bitstrapped/airbyte"
	"github.com/go-json-experiment/json/jsontext"
)

// Catalog is the result of discover: every stream that the source can read. It keeps streams in their encoded form,
// because for thousands of tables any other form takes many times the memory. The zero value has no streams.
type Catalog struct {
	streams []encodedStream
	size    int    // of all texts in bytes
	buffer  []byte // reused to encode the next stream
}

type encodedStream struct {
	name string
	text []byte
}

// Add adds a stream to the catalog. Streams may come in any order. The platform rejects a catalog that has two streams of
// one name, so a stream whose name is already in the catalog must not be added.
func (c *Catalog) Add(s Stream) {
	c.buffer = s.append(c.buffer[:0])
	text := bytes.Clone(escapeSeparators(c.buffer))
	c.streams = append(c.streams, encodedStream{s.Name, text})
	c.size += len(text)
}

// Len returns the number of streams.
func (c *Catalog) Len() int { return len(c.streams) }

// Size returns the number of bytes that all streams take in a message.
func (c *Catalog) Size() int { return c.size }

// sorted returns the streams in the order in which they are written, by name: the platform compares catalogs.
func (c *Catalog) sorted() []encodedStream {
	slices.SortFunc(c.streams, func(a, b encodedStream) int { return strings.Compare(a.name, b.name) })
	return c.streams
}

// Stream describes one stream as AirbyteStream does in
// https://github.com/airbytehq/airbyte-protocol/blob/main/protocol-models/src/main/resources/airbyte_protocol/v0/airbyte_protocol.yaml.
// It has no namespace: the platform distinguishes an empty one from an absent one, and a source must not change it.
type Stream struct {
	Name                    string
	JSONSchema              Schema
	SupportedSyncModes      []airbyte.SyncMode
	SourceDefinedCursor     bool
	DefaultCursorField      []string   // omitted if empty
	SourceDefinedPrimaryKey [][]string // omitted if empty
	IsResumable             bool
}

// Schema is a stream's JSON schema of draft 7: an object with Properties, which are unique and sorted by name.
type Schema struct{ Properties []NamedProperty }

// NamedProperty is a column's type and its name in records.
type NamedProperty struct {
	Name string
	Property
}

// Property is a column's type as in https://docs.airbyte.com/platform/understanding-airbyte/supported-data-types.
type Property struct {
	Type        []string
	Format      string // omitted if empty
	AirbyteType string // omitted if empty
}

// append appends the stream as JSON. Its members always have the same order.
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
		dst = appendPaths(append(dst, `,"source_defined_primary_key":`...), s.SourceDefinedPrimaryKey)
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

func appendPaths(dst []byte, paths [][]string) []byte {
	dst = append(dst, '[')
	for i, path := range paths {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTexts(dst, path)
	}
	return append(dst, ']')
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

// appendText appends a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendText(dst []byte, text string) []byte {
	if !isPlain(text) {
		dst, _ = jsontext.AppendQuote(dst, text) // its error is invalid UTF-8, which it replaces
		return dst
	}
	return append(append(append(dst, '"'), text...), '"')
}

// isPlain reports whether a text needs no escapes in JSON, as nearly all names do.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
