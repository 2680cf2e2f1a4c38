package integration_tests_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// rowRequests counts the requests for rows of a set since the first so many requests.
func (l *lab) rowRequests(set string, since int) int {
	n := 0
	for _, r := range l.server.Requests()[since:] {
		if strings.HasPrefix(r.Path, "/api/data/v9.2/"+set) {
			n++
		}
	}
	return n
}

func TestARestoredBackupIsNoticedAfterItWasOvertaken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *connection, string){
		"the newest row had another version": func(t *testing.T, c *connection, id string) {
			require.NoError(t, c.environment.Update("task", id, simulator.Row{"subject": "lost"}))
		},
		"the newest row did not exist": func(t *testing.T, c *connection, _ string) {
			_, err := c.environment.Create("task", simulator.Row{"subject": "lost"})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, simulator.Options{Seed: 14, Rows: map[string]int{"task": 90}}, "task")
			c.job()
			ids := newWorkload(t, c.environment, 14).shuffled("task")
			backup := c.environment.Backup()
			require.NoError(t, c.environment.Delete("task", ids[1]))
			require.NoError(t, c.environment.Update("task", ids[2], simulator.Row{"subject": "stale"}))
			change(t, c, ids[0])
			c.job()
			c.equal(c.d, "task")

			c.environment.Restore(backup, 10_000)
			require.NoError(t, c.environment.Update("task", ids[3], simulator.Row{"subject": "of the new history"}))
			report := c.job()
			assert.NotEmpty(t, about(report, "WARN", "re-read in full"))
			list, deleted := c.differences()
			assert.Empty(t, list)
			assert.Zero(t, deleted, "a small table's deleted rows are found by their keys")
			assert.Zero(t, c.job().Records(), "from there on changes are followed again")
		})
	}
}

func TestTheNewestRowTakesOneLightRequestAtMost(t *testing.T) {
	t.Parallel()
	c := connect(t, simulator.Options{Seed: 14, Rows: map[string]int{"task": 90}}, "task")
	c.job()
	newest, err := c.environment.Create("task", nil)
	require.NoError(t, err)
	c.job()
	for _, step := range []struct {
		name   string
		change func() error
		want   int
	}{
		{"nothing changes", func() error { return nil }, 2},
		{"another row changes", func() error {
			return c.environment.Delete("task", newWorkload(t, c.environment, 1).shuffled("task")[0])
		}, 2},
		{"the row itself changes", func() error { return c.environment.Update("task", newest, simulator.Row{"subject": "x"}) }, 1},
	} {
		require.NoError(t, step.change())
		before := len(c.server.Requests())
		c.job()
		assert.Equal(t, step.want, c.rowRequests("tasks", before), step.name)
		c.equal(c.d, "task")
	}
}
