package destination

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Stream is an AirbyteStream, as discover describes it. Names and meanings here and in the types below are those of
// https://github.com/airbytehq/airbyte-protocol/blob/main/protocol-models/src/main/resources/airbyte_protocol/v0/airbyte_protocol.yaml.
type Stream struct {
	Name                    string     `json:"name"`
	JSONSchema              Schema     `json:"json_schema"`
	SupportedSyncModes      []string   `json:"supported_sync_modes"`
	SourceDefinedCursor     bool       `json:"source_defined_cursor"`
	DefaultCursorField      []string   `json:"default_cursor_field,omitempty"`
	SourceDefinedPrimaryKey [][]string `json:"source_defined_primary_key,omitempty"`
	IsResumable             bool       `json:"is_resumable"`
}

// Schema is the JSON schema of a stream's records.
type Schema struct {
	Schema               string              `json:"$schema,omitempty"`
	Type                 string              `json:"type"`
	AdditionalProperties bool                `json:"additionalProperties"`
	Properties           map[string]Property `json:"properties"`
}

// Property is the schema of a column.
type Property struct {
	Type        []string `json:"type"`
	Format      string   `json:"format,omitempty"`
	AirbyteType string   `json:"airbyte_type,omitempty"`
}

// ParseCatalog reads the catalog of discover's CATALOG message. Unknown members are an error, so
// that nothing of a catalog passes unchecked.
func ParseCatalog(raw json.RawMessage) ([]Stream, error) {
	var catalog struct {
		Streams []Stream `json:"streams"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&catalog); err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	return catalog.Streams, nil
}

// The sync modes of a source and of a destination.
const (
	FullRefresh = "full_refresh"
	Incremental = "incremental"
	Overwrite   = "overwrite"
	AppendDedup = "append_dedup"
)

// Catalog is a ConfiguredAirbyteCatalog.
type Catalog struct {
	Streams []*ConfiguredStream `json:"streams"`
}

// ConfiguredStream is a stream as the user configured it.
type ConfiguredStream struct {
	Stream              Stream     `json:"stream"`
	SyncMode            string     `json:"sync_mode"`
	DestinationSyncMode string     `json:"destination_sync_mode"`
	CursorField         []string   `json:"cursor_field"`
	PrimaryKey          [][]string `json:"primary_key"`
	GenerationID        int64      `json:"generation_id"`
	MinimumGenerationID int64      `json:"minimum_generation_id"`
	SyncID              int64      `json:"sync_id"`
}

// Configure selects streams by name as most users do: incremental with deduplication where the source offers it, else
// a full refresh that overwrites. Without names it selects all streams.
func Configure(streams []Stream, names ...string) (Catalog, error) {
	var catalog Catalog
	for _, s := range streams {
		if len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		configured := &ConfiguredStream{
			Stream: s, SyncMode: FullRefresh, DestinationSyncMode: Overwrite,
			CursorField: []string{}, PrimaryKey: s.SourceDefinedPrimaryKey, SyncID: 1,
		}
		configured.Stream.JSONSchema.Properties = maps.Clone(s.JSONSchema.Properties)
		if slices.Contains(s.SupportedSyncModes, Incremental) {
			configured.SyncMode, configured.DestinationSyncMode = Incremental, AppendDedup
			configured.CursorField = s.DefaultCursorField
		}
		catalog.Streams = append(catalog.Streams, configured)
	}
	if len(names) > 0 && len(catalog.Streams) != len(names) {
		return Catalog{}, fmt.Errorf("configure %v: the catalog has only %d of them", names, len(catalog.Streams))
	}
	return catalog, nil
}

// Overwrite makes all streams full refreshes that overwrite, in a generation that the platform raises with each job.
func (c Catalog) Overwrite(generation int64) {
	for _, s := range c.Streams {
		s.SyncMode, s.DestinationSyncMode = FullRefresh, Overwrite
		s.GenerationID, s.MinimumGenerationID = generation, generation
	}
}

// Stream returns the configured stream of that name, nil if there is none.
func (c Catalog) Stream(name string) *ConfiguredStream {
	for _, s := range c.Streams {
		if s.Stream.Name == name {
			return s
		}
	}
	return nil
}

// Deselect removes columns from the stream, as the platform does with those that the user does not select.
func (s *ConfiguredStream) Deselect(columns ...string) {
	for _, column := range columns {
		delete(s.Stream.JSONSchema.Properties, column)
	}
}

func (s *ConfiguredStream) declares(column string) bool {
	_, declared := s.Stream.JSONSchema.Properties[column]
	return declared
}
