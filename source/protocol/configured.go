package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/bitstrapped/airbyte"
)

// ConfiguredCatalog is the streams to read, in the catalog's order.
type ConfiguredCatalog struct {
	Streams []ConfiguredStream
}

// ConfiguredStream is one stream as the user configured it.
type ConfiguredStream struct {
	Name     string
	SyncMode airbyte.SyncMode
	// CursorField is the path of the cursor's column, empty if the user chose none.
	CursorField []string
	PrimaryKey  [][]string
	// SupportedSyncModes are the modes that the source offered when the catalog was discovered.
	SupportedSyncModes []airbyte.SyncMode
	// Columns are the selected columns: the platform removes the others from json_schema.properties.
	Columns map[string]Property
	// GenerationID rises with each refresh and clear of the stream. The destination removes rows of generations below
	// MinimumGenerationID once the stream is complete. Both are nil if the platform does not support refreshes
	// (airbyte-protocol, ConfiguredAirbyteStream).
	GenerationID, MinimumGenerationID *int64
}

// Offers reports whether the source offered the mode when the catalog was discovered. PyAirbyte requests incremental for
// every stream, including those that do not offer it.
func (s ConfiguredStream) Offers(mode airbyte.SyncMode) bool {
	return slices.Contains(s.SupportedSyncModes, mode)
}

// ReadConfiguredCatalog reads the file of --catalog. It ignores members that it does not need. The error is an *InputError,
// which also names the stream if one is invalid.
func ReadConfiguredCatalog(path string) (ConfiguredCatalog, error) {
	data, err := ReadInput(path)
	if err != nil {
		message := fmt.Sprintf("The configured catalog %s cannot be read: %v. Check the path given with --catalog.", path, err)
		return ConfiguredCatalog{}, &InputError{message, err}
	}
	var document struct {
		Streams []json.RawMessage `json:"streams"`
	}
	err = Decode(data, &document)
	if err != nil || len(document.Streams) == 0 || !isConfigured(document.Streams[0]) {
		if swapped := Swapped(path, "--catalog", data, SelectedCatalog); swapped != "" {
			return ConfiguredCatalog{}, invalidInput("%s", swapped)
		}
	}
	if err != nil {
		return ConfiguredCatalog{}, invalidInput("The configured catalog %s %v.", path, err)
	}
	if document.Streams == nil {
		return ConfiguredCatalog{}, invalidInput(`The configured catalog %s has no member "streams". %s`, path, DiscoveredCatalog.instead())
	}
	if len(document.Streams) == 0 {
		return ConfiguredCatalog{}, invalidInput("The configured catalog selects no stream. Select at least one stream in the connection.")
	}
	return configuredStreams(path, document.Streams)
}

// configuredStreams reads the entries of the catalog that a file holds.
func configuredStreams(path string, entries []json.RawMessage) (ConfiguredCatalog, error) {
	catalog := ConfiguredCatalog{Streams: make([]ConfiguredStream, 0, len(entries))}
	seen := make(map[string]bool, len(entries))
	for i, entry := range entries {
		stream, err := parseConfigured(entry)
		if err != nil {
			return ConfiguredCatalog{}, invalidInput("Entry %d of the configured catalog %s is invalid: %v.", i+1, path, err)
		}
		if seen[stream.Name] {
			return ConfiguredCatalog{}, invalidInput("The configured catalog %s has the stream %q twice.", path, stream.Name)
		}
		seen[stream.Name] = true
		catalog.Streams = append(catalog.Streams, stream)
	}
	return catalog, nil
}

// isConfigured reports whether an entry of a catalog is a configured stream, not a stream as discover prints it.
func isConfigured(entry json.RawMessage) bool {
	var stream shapeOfStream
	return json.Unmarshal(entry, &stream) == nil && stream.Stream != nil
}

// configuredEntry has the members of the protocol's ConfiguredAirbyteStream that a source needs.
type configuredEntry struct {
	Stream struct {
		Name       string `json:"name"`
		Namespace  string `json:"namespace"`
		JSONSchema struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"json_schema"`
		SupportedSyncModes []airbyte.SyncMode `json:"supported_sync_modes"`
	} `json:"stream"`
	SyncMode    airbyte.SyncMode `json:"sync_mode"`
	CursorField []string         `json:"cursor_field"`
	PrimaryKey  [][]string       `json:"primary_key"`

	GenerationID        *int64 `json:"generation_id"`
	MinimumGenerationID *int64 `json:"minimum_generation_id"`
}

func parseConfigured(data json.RawMessage) (ConfiguredStream, error) {
	var e configuredEntry
	err := Decode(data, &e)
	name := e.Stream.Name
	if err != nil {
		return ConfiguredStream{}, fmt.Errorf("stream %q %w", name, err)
	}
	if name == "" {
		return ConfiguredStream{}, errors.New("the stream has no name")
	}
	if e.Stream.Namespace != "" {
		return ConfiguredStream{}, fmt.Errorf("stream %q has the namespace %q, but this source has no namespaces; refresh the source schema", name, e.Stream.Namespace)
	}
	if e.SyncMode != airbyte.SyncModeFullRefresh && e.SyncMode != airbyte.SyncModeIncremental {
		return ConfiguredStream{}, fmt.Errorf("stream %q has the sync_mode %q, which is neither %s nor %s",
			name, e.SyncMode, airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental)
	}
	if e.Stream.JSONSchema.Properties == nil {
		return ConfiguredStream{}, fmt.Errorf("stream %q has no json_schema.properties and so no columns to read; refresh the source schema", name)
	}
	columns := make(map[string]Property, len(e.Stream.JSONSchema.Properties))
	for column, schema := range e.Stream.JSONSchema.Properties {
		columns[column] = lenientProperty(schema)
	}
	return ConfiguredStream{
		Name:               name,
		SyncMode:           e.SyncMode,
		CursorField:        e.CursorField,
		PrimaryKey:         e.PrimaryKey,
		SupportedSyncModes: e.Stream.SupportedSyncModes,
		Columns:            columns,

		GenerationID:        e.GenerationID,
		MinimumGenerationID: e.MinimumGenerationID,
	}, nil
}

// lenientProperty returns what it understands of a column's schema, which may be any JSON value: true and {} are schemas.
func lenientProperty(schema json.RawMessage) Property {
	var members map[string]json.RawMessage
	if json.Unmarshal(schema, &members) != nil {
		return Property{}
	}
	return Property{Type: texts(members["type"]), Format: text(members["format"]), AirbyteType: text(members["airbyte_type"])}
}

// texts returns the strings of a JSON array, or a single string as an array of one; nil for anything else.
func texts(value json.RawMessage) []string {
	if one := text(value); one != "" {
		return []string{one}
	}
	var all []string
	if len(value) == 0 || json.Unmarshal(value, &all) != nil {
		return nil
	}
	return all
}

// text returns the value of a JSON string, "" for any other value.
func text(value json.RawMessage) string {
	var s string
	if len(value) == 0 || json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}
