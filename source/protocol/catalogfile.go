package protocol

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/bitstrapped/airbyte"
	"github.com/go-json-experiment/json/jsontext"
)

// CatalogFile is a configured catalog as a text that ReadConfiguredCatalog reads (airbyte-protocol,
// ConfiguredAirbyteCatalog). People edit such a text: the modes of a stream come first, and each column has a line of its
// own. The zero value has no streams.
type CatalogFile struct{ streams []encodedStream }

// Add adds a stream with all its columns. The mode "" is incremental if the stream offers it, else full_refresh; a stream
// gets full_refresh too where it does not offer the mode. Incremental streams are deduplicated in the destination by their
// key; full refreshes overwrite. It returns the mode.
func (c *CatalogFile) Add(s Stream, mode airbyte.SyncMode) airbyte.SyncMode {
	mode = cmp.Or(mode, airbyte.SyncModeIncremental)
	destination := "append_dedup"
	if !slices.Contains(s.SupportedSyncModes, mode) || mode == airbyte.SyncModeFullRefresh {
		mode, destination = airbyte.SyncModeFullRefresh, "overwrite"
	}
	text := appendText([]byte(`{"sync_mode":`), string(mode))
	text = appendText(append(text, `,"destination_sync_mode":`...), destination)
	if mode == airbyte.SyncModeIncremental {
		text = appendTexts(append(text, `,"cursor_field":`...), s.DefaultCursorField)
	}
	if len(s.SourceDefinedPrimaryKey) > 0 {
		text = appendPaths(append(text, `,"primary_key":`...), s.SourceDefinedPrimaryKey)
	}
	text = append(s.append(append(text, `,"stream":`...)), '}')
	c.streams = append(c.streams, encodedStream{s.Name, appendReadable(nil, text, "    ")})
	return mode
}

// Len returns the number of streams.
func (c *CatalogFile) Len() int { return len(c.streams) }

// Streams returns the names of the streams, sorted.
func (c *CatalogFile) Streams() []string {
	names := make([]string, len(c.streams))
	for n, s := range c.streams {
		names[n] = s.name
	}
	slices.Sort(names)
	return names
}

// Keep removes all streams but those with these names.
func (c *CatalogFile) Keep(names []string) {
	c.streams = slices.DeleteFunc(c.streams, func(s encodedStream) bool { return !slices.Contains(names, s.name) })
}

// JSON returns the document, sorted by the names of the streams.
func (c *CatalogFile) JSON() []byte {
	slices.SortFunc(c.streams, func(a, b encodedStream) int { return strings.Compare(a.name, b.name) })
	text, separator := []byte("{\n  \"streams\": ["), "\n    "
	for _, s := range c.streams {
		text = append(append(text, separator...), s.text...)
		separator = ",\n    "
	}
	return append(text, "\n  ]\n}\n"...)
}

// appendReadable appends compact JSON for people to read: what is short stays on one line, and an object that is not short
// has a line for each member, after the indentation of the object and two spaces.
func appendReadable(dst []byte, value jsontext.Value, indent string) []byte {
	const short = 100
	if len(value) <= short || value.Kind() != '{' {
		return append(dst, value...)
	}
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true))
	_, err := d.ReadToken()
	dst = append(dst, '{')
	for separator := "\n"; err == nil && d.PeekKind() != '}'; separator = ",\n" {
		var member jsontext.Value
		member, err = d.ReadValue()
		dst = append(append(append(dst, separator...), indent+"  "...), member...)
		if err == nil {
			member, err = d.ReadValue()
			dst = appendReadable(append(dst, ": "...), member, indent+"  ")
		}
	}
	return append(append(append(dst, '\n'), indent...), '}')
}
