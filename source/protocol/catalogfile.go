package protocol

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/bitstrapped/airbyte"
)

// CatalogFile is a configured catalog as a text that ReadConfiguredCatalog reads. The zero value has no streams.
type CatalogFile struct{ streams []encodedStream }

// Add adds a stream with all its columns. The mode "" is incremental if the stream offers it, else full_refresh; a stream
// gets full_refresh too where it does not offer the mode. Incremental streams are deduplicated in the destination by their
// key; full refreshes overwrite.
func (c *CatalogFile) Add(s Stream, mode airbyte.SyncMode) {
	mode = cmp.Or(mode, airbyte.SyncModeIncremental)
	destination := "append_dedup"
	if !slices.Contains(s.SupportedSyncModes, mode) || mode == airbyte.SyncModeFullRefresh {
		mode, destination = airbyte.SyncModeFullRefresh, "overwrite"
	}
	text := s.append([]byte(`{"stream":`))
	text = appendText(append(text, `,"sync_mode":`...), string(mode))
	text = appendText(append(text, `,"destination_sync_mode":`...), destination)
	if mode == airbyte.SyncModeIncremental {
		text = appendTexts(append(text, `,"cursor_field":`...), s.DefaultCursorField)
	}
	if len(s.SourceDefinedPrimaryKey) > 0 {
		text = appendPaths(append(text, `,"primary_key":`...), s.SourceDefinedPrimaryKey)
	}
	c.streams = append(c.streams, encodedStream{s.Name, append(text, '}')})
}

// JSON returns the document, one stream a line, sorted by name.
func (c *CatalogFile) JSON() []byte {
	slices.SortFunc(c.streams, func(a, b encodedStream) int { return strings.Compare(a.name, b.name) })
	texts := make([][]byte, len(c.streams))
	for i, s := range c.streams {
		texts[i] = s.text
	}
	return slices.Concat([]byte("{\"streams\":[\n"), bytes.Join(texts, []byte(",\n")), []byte("\n]}\n"))
}
