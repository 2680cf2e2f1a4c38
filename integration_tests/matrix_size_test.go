package integration_tests_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

func TestPagesGrowBackOnlyWhereNoRowCanGetLost(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		table    string
		attempts int
		sizes    []string
	}{
		"after a key, any size continues where the page before ended": {"contoso_child", 1, []string{"250", "50", "250"}},
		"numbered pages of another size would skip or repeat rows":    {virtualTable, 3, []string{"250", "50"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 9, Rows: map[string]int{test.table: 1200}})
			l.config["odata_maxpagesize"], l.config["cursor_for_untracked"] = 250, "off"
			d, catalog := destination.New(), l.configured(test.table)
			timeout := faults.SQLTimeout().On(faults.Table(test.table), faults.Page(2), faults.LargerThan(50))
			timeout.When.Count = test.attempts
			injection := l.server.Inject(timeout)
			l.sync(d, catalog)
			assert.Equal(t, test.attempts, injection.Hits())
			assert.Equal(t, test.sizes, l.sizes(test.table))
			assert.Empty(t, d.Differences(test.table, l.environment.Rows(test.table)))
		})
	}
}

// sizes returns the page sizes that the connector requested of a table, in order.
func (l *lab) sizes(table string) []string {
	t, _ := l.environment.Table(table)
	var sizes []string
	for _, r := range l.server.Requests() {
		_, size, found := strings.Cut(r.Prefer, "odata.maxpagesize=")
		if found && strings.HasSuffix(r.Path, "/"+t.EntitySetName) {
			sizes = append(sizes, size)
		}
	}
	return slices.Compact(sizes)
}
