package integration_tests_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestResumedChangesEndWithThoseOfToday(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{
		Seed: 15, Rows: map[string]int{"task": 130},
		Behaviors: simulator.Behaviors{TokenAt: simulator.FirstPage, BoundedChanges: true},
	})
	d, catalog := destination.New(), l.configured("task")
	l.sync(d, catalog)
	work := newWorkload(t, l.environment, 15)
	work.change("task", 50) // on several pages
	kill := func(p *binary.Process) error { return p.Signal(syscall.SIGKILL) }
	result := l.interrupt(d, catalog, 2, kill)
	result.Rest = nil // the line in which the process was killed
	l.apply(d, catalog, result)
	require.Contains(t, string(d.State("task")), "skiptoken", "the read was interrupted between two pages")

	work.change("task", 10) // after the scan began
	l.sync(d, catalog)
	l.equal(d, "task")
	assert.Zero(t, l.sync(d, catalog).Records(), "nothing has changed since")
}
