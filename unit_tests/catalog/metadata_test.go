package catalog_test

import (
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
)

func TestStreamsOfMetadataHaveTheirKeysAndNoCursor(t *testing.T) {
	keys := map[string][][]string{
		"_metadata_tables":        {{"table_name"}},
		"_metadata_columns":       {{"table_name"}, {"column_name"}},
		"_metadata_choices":       {{"table_name"}, {"column_name"}, {"value"}, {"language_code"}},
		"_metadata_relationships": {{"schema_name"}},
	}
	for _, s := range catalog.MetadataStreams() {
		assert.Equal(t, keys[s.Name], s.SourceDefinedPrimaryKey, s.Name)
		assert.Equal(t, []airbyte.SyncMode{airbyte.SyncModeFullRefresh}, s.SupportedSyncModes)
		assert.True(t, s.IsResumable)
		for i, p := range s.JSONSchema.Properties {
			assert.True(t, i == 0 || s.JSONSchema.Properties[i-1].Name < p.Name, "%s: properties are sorted", s.Name)
		}
		delete(keys, s.Name)
	}
	assert.Empty(t, keys)
}

func TestStreamsOfMetadataAreRecognizedByName(t *testing.T) {
	kind, rows, found := catalog.Metadata("_metadata_columns")
	assert.True(t, found)
	assert.Equal(t, dataverse.ColumnMetadata, kind)
	assert.Equal(t, "_metadata_columns", rows.LogicalName)
	for _, other := range []string{"account", "_metadata_", "_metadata", "metadata_columns", ""} {
		assert.False(t, catalog.IsMetadata(other), other)
	}
}

func TestOnlyPatternsWithAnUnderscoreSelectMetadata(t *testing.T) {
	names := func(patterns ...string) (names, others []string) {
		streams, others, err := catalog.SelectMetadata(patterns)
		require.NoError(t, err)
		for _, s := range streams {
			names = append(names, s.Name)
		}
		return names, others
	}
	found, others := names("*", "account", "_metadata_c*")
	assert.Equal(t, []string{"_metadata_columns", "_metadata_choices"}, found)
	assert.Equal(t, []string{"*", "account"}, others)
	found, others = names("_metadata_*", "_metadata_tables")
	assert.Len(t, found, 4, "each once")
	assert.Empty(t, others)

	var wrong *catalog.PatternError
	_, _, err := catalog.SelectMetadata([]string{"_metadata_rows", "account"})
	require.ErrorAs(t, err, &wrong)
	assert.Contains(t, err.Error(), `"_metadata_rows" matches no stream of metadata. These are _metadata_tables, `)
}
