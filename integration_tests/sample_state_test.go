package integration_tests_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// sample reads the sample catalog with the sample state in the environment that serve offers by default, at a time, and returns
// the number of account records and the warnings.
func sample(t *testing.T, now time.Time) (records int, warnings []string) {
	t.Helper()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 1000, Clock: func() time.Time { return now }})
	delete(l.config, "odata_maxpagesize")
	result := l.run("read", "--config", l.configFile(), "--catalog", "configured_catalog.json", "--state", "sample_state.json")
	require.Equal(t, 0, result.ExitCode, "%s", result.Lines)
	for _, m := range messages(t, result) {
		if m.Record != nil && m.Record.Stream == "account" {
			records++
		}
		if m.Log != nil && m.Log.Level == "WARN" {
			warnings = append(warnings, m.Log.Message)
		}
	}
	return records, warnings
}

func TestTheSampleStateContinuesWithTheSampleCatalog(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, time.November, 28, 14, 30, 43, 0, time.UTC)
	t.Run("within the lifetime of its token", func(t *testing.T) {
		records, warnings := sample(t, issued.Add(time.Hour))
		assert.Zero(t, records, "nothing has changed since")
		assert.Empty(t, warnings)
	})
	t.Run("later", func(t *testing.T) {
		records, warnings := sample(t, issued.AddDate(0, 0, 8))
		assert.Equal(t, 1000, records, "the table is read again in full")
		require.NotEmpty(t, warnings)
		assert.Contains(t, warnings[0], "re-read in full")
	})
}
