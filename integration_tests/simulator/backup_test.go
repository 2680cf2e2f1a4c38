package simulator_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestARestoredBackupHasItsOwnRowsAndVersions(t *testing.T) {
	e, err := simulator.New(simulator.Options{Seed: 1, Rows: map[string]int{"task": 5}})
	require.NoError(t, err)
	created, err := e.Create("task", simulator.Row{"subject": "before"})
	require.NoError(t, err)
	before, version := maps.Collect(e.Rows("task")), e.Version()
	backup := e.Backup()

	require.NoError(t, e.Update("task", created, simulator.Row{"subject": "after"}))
	require.NoError(t, e.Delete("task", created))
	_, err = e.Create("task", nil)
	require.NoError(t, err)

	e.Restore(backup, 0)
	assert.Equal(t, before, maps.Collect(e.Rows("task")))
	assert.Equal(t, version, e.Version())
	e.Restore(backup, 100)
	assert.Equal(t, before, maps.Collect(e.Rows("task")))
	assert.Equal(t, version+100, e.Version())
}
