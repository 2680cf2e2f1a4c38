package protocol

import (
	"encoding/json"

	"github.com/bitstrapped/airbyte"
)

// Catalog is what discover answers: every stream the source can read. Streams keep the order they are given in.
type Catalog struct {
	Streams []Stream `json:"streams"`
}

// Stream describes one stream as AirbyteStream does in
// https://github.com/airbytehq/airbyte-protocol/blob/main/protocol-models/src/main/resources/airbyte_protocol/v0/airbyte_protocol.yaml.
// It has no namespace: to the platform an empty one and an absent one differ, and a source has to stay with one of them.
type Stream struct {
	Name                    string             `json:"name"`
	JSONSchema              Schema             `json:"json_schema"`
	SupportedSyncModes      []airbyte.SyncMode `json:"supported_sync_modes"`
	SourceDefinedCursor     bool               `json:"source_defined_cursor"`
	DefaultCursorField      []string           `json:"default_cursor_field,omitempty"`
	SourceDefinedPrimaryKey [][]string         `json:"source_defined_primary_key,omitempty"`
	IsResumable             bool               `json:"is_resumable"`
}

// Schema is a stream's JSON schema, an object whose columns are Properties.
type Schema struct {
	Properties map[string]Property
}

// MarshalJSON writes a draft-07 object schema. Properties are sorted by name, for the platform compares catalogs.
func (s Schema) MarshalJSON() ([]byte, error) {
	properties := s.Properties
	if properties == nil {
		properties = map[string]Property{}
	}
	return json.Marshal(struct {
		Schema               string              `json:"$schema"`
		Type                 string              `json:"type"`
		AdditionalProperties bool                `json:"additionalProperties"`
		Properties           map[string]Property `json:"properties"`
	}{"http://json-schema.org/draft-07/schema#", "object", true, properties})
}

// Property is a column's type in the words of https://docs.airbyte.com/platform/understanding-airbyte/supported-data-types.
type Property struct {
	Type        []string `json:"type,omitempty"`
	Format      string   `json:"format,omitempty"`
	AirbyteType string   `json:"airbyte_type,omitempty"`
}
