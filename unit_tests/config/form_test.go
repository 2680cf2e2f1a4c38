package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/config"
)

func TestANumberMayBeAText(t *testing.T) {
	for text, want := range map[string]int{"500": 500, " 500 ": 500, "500.0": 500, "5e2": 500, "": 5000, " ": 5000} {
		c, err := load(t, settings(map[string]any{"odata_maxpagesize": text}))
		require.NoError(t, err, text)
		assert.Equal(t, want, c.PageSize, text)
		assert.Empty(t, c.Warnings, text)
	}
}

func TestAnEmptyChoiceIsTheDefault(t *testing.T) {
	c, err := load(t, settings(map[string]any{"on_expired_token": ""}))
	require.NoError(t, err)
	assert.False(t, c.FailOnExpiredToken)
}

func TestAnUnknownSettingBringsAWarning(t *testing.T) {
	for name, test := range map[string]struct {
		setting string
		want    []string
	}{
		"one letter is missing": {"include_table", []string{`The setting "include_table" is unknown and ignored. Did you mean include_tables?`}},
		"another spelling":      {"maxConcurrentRequests", []string{`The setting "maxConcurrentRequests" is unknown and ignored. Did you mean max_concurrent_requests?`}},
		"a part of a name":      {"page_size", []string{`The setting "page_size" is unknown and ignored. Did you mean odata_maxpagesize?`}},
		"no setting is near":    {"start_date", []string{`The setting "start_date" is unknown and ignored. Correct its name, or remove it.`}},
		"one of Airbyte's API":  {"sourceType", nil},
		"one of the platform":   {"__injected_declarative_manifest", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, settings(map[string]any{test.setting: "x"}))
			require.NoError(t, err)
			assert.Equal(t, test.want, c.Warnings)
		})
	}
}

func TestAMissingSettingMayHaveAnotherName(t *testing.T) {
	_, err := load(t, settings(map[string]any{"client_id": absent{}, "clientId": client, "include_table": "x"}))
	var faults *config.Error
	require.ErrorAs(t, err, &faults)
	assert.Equal(t, []string{`client_id is missing. The setting "clientId" is unknown: rename it to client_id.`}, faults.Problems)
	assert.Equal(t, []string{`The setting "include_table" is unknown and ignored. Did you mean include_tables?`}, faults.Warnings)
}
