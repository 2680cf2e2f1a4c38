package integration_tests_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestADeactivatedRowArrivesWithItsNewStateAndStatus(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 11, Rows: map[string]int{"account": 40}})
	d, catalog := destination.New(), l.configured("account")
	id := slices.Sorted(maps.Keys(maps.Collect(l.environment.Rows("account"))))[7]
	require.NoError(t, l.environment.Update("account", id, simulator.Row{"statecode": 0, "statuscode": 1}))
	l.sync(d, catalog)
	active := d.Rows("account")[id]
	require.JSONEq(t, "0", string(active["statecode"]))
	require.JSONEq(t, "1", string(active["statuscode"]))

	require.NoError(t, l.environment.Update("account", id, simulator.Row{"statecode": 1, "statuscode": 2}))
	report := l.sync(d, catalog)
	assert.Equal(t, 1, report.Records(), "nothing else has changed")
	inactive := d.Rows("account")[id]
	assert.JSONEq(t, "1", string(inactive["statecode"]))
	assert.JSONEq(t, "2", string(inactive["statuscode"]))
	assert.NotEqual(t, string(active[destination.UpdatedAt]), string(inactive[destination.UpdatedAt]))
	l.equal(d, "account")
}
