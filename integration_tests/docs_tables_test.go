package integration_tests_test

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// quoted returns what stands in backticks in the cells of one column of a Markdown table that follows a heading.
func quoted(t *testing.T, page, heading string, column int) []string {
	t.Helper()
	_, section, found := strings.Cut(text(t, page), "\n## "+heading+"\n")
	require.True(t, found, "%s has no heading %q", page, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| ") && len(cells) > column+1 {
			for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[column+1], -1) {
				names = append(names, name[1])
			}
		}
	}
	return names
}

func TestTheSuggestedStreamsAreTheTablesThatPeopleWant(t *testing.T) {
	tables := quoted(t, "docs/tables.md", "The tables that most people want", 1)
	assert.Len(t, tables, 25)
	block := group(t, `(?m)^  suggestedStreams:\n    streams:\n((?:      - \w+\n)+)`, text(t, "metadata.yaml"))
	assert.ElementsMatch(t, tables, regexp.MustCompile(`\w+`).FindAllString(block, -1))
	for _, name := range tables {
		assert.Contains(t, text(t, "docs/tables.md"), `"`+name+`"`, "the setting includes it")
	}
}

func TestColumnsThatCanBeLeftOutExist(t *testing.T) {
	t.Parallel()
	var properties []string
	for _, table := range schema.Realistic() {
		for i := range table.Columns {
			properties = append(properties, table.Columns[i].Property())
		}
	}
	columns := quoted(t, "docs/tables.md", "Columns that can be left out", 0)
	require.Greater(t, len(columns), 20)
	for _, pattern := range columns {
		if slices.ContainsFunc(schema.Realistic(), func(table *schema.Table) bool { return table.LogicalName == pattern }) {
			continue
		}
		assert.True(t, slices.ContainsFunc(properties, func(name string) bool {
			matched, err := path.Match(pattern, name)
			return err == nil && matched
		}), "no table has %s", pattern)
	}
}

func TestTheSizingGuideAddsUp(t *testing.T) {
	page, measured := text(t, "docs/sizing.md"), text(t, "integration_tests/bench/README.md")
	perPage := group(t, `initial snapshot of a tracked table \| ([\d.]+),`, page)
	for _, figure := range []string{perPage + " requests per page", group(t, `full refresh \| ([\d.]+) \|`, page) + " requests per page", "17.2 MB", "92,300", "62 MiB", "26 MiB", "117 MiB", "| 4.1 |"} {
		assert.Contains(t, measured, figure, "a figure of the benchmark")
	}
	lines := regexp.MustCompile(`(?m)^\| (\d+) million \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) (hours|minutes) \| ([\d.]+) (hours|minutes) \|$`).FindAllStringSubmatch(page, -1)
	require.Len(t, lines, 3)
	for _, line := range lines {
		pages := number(t, line[1]) * 1_000_000 / 5_000
		requests := pages * number(t, perPage)
		assert.InDelta(t, pages, number(t, line[2]), 0)
		assert.InDelta(t, requests, number(t, line[3]), 0.5)
		for at, parallel := range map[int]float64{4: 1, 6: 4} {
			unit := map[string]float64{"minutes": 60, "hours": 3600}[line[at+1]]
			want := requests * 1.5 / parallel / unit
			assert.InDelta(t, want, number(t, line[at]), want/100, "%s", line[0])
		}
	}
}

func TestASyncWithoutChangesTakesTheRequestsOfTheSizingGuide(t *testing.T) {
	t.Parallel()
	perTable := number(t, group(t, `a sync without changes \| (\d+) per tracked table, and a few for the sync`, text(t, "docs/sizing.md")))
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3})
	var tracked []string
	for _, table := range schema.Realistic() {
		if table.Tracked && table.Type != schema.Elastic {
			tracked = append(tracked, table.LogicalName)
		}
	}
	require.Greater(t, len(tracked), 15)
	catalog, d := l.configured(tracked...), destination.New()
	l.sync(d, catalog)
	before := l.server.Stats().Requests
	l.sync(d, catalog)
	const few = 7
	assert.InDelta(t, perTable*float64(len(tracked)), l.server.Stats().Requests-before, few)
}

// number returns the value of a number with commas between groups of digits.
func number(t *testing.T, digits string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.ReplaceAll(digits, ",", ""), 64)
	require.NoError(t, err)
	return n
}

func TestConfigurationsInTheDocumentsHaveKnownSettings(t *testing.T) {
	var specification struct {
		ConnectionSpecification struct {
			Properties map[string]json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text(t, "spec.json")), &specification))
	known := specification.ConnectionSpecification.Properties
	found := 0
	for _, page := range pages(t) {
		for _, block := range regexp.MustCompile("(?ms)^ *```json\n(.*?)^ *```$").FindAllStringSubmatch(text(t, page), -1) {
			var settings map[string]json.RawMessage
			if json.Unmarshal([]byte(block[1]), &settings) != nil || known[anyKey(settings)] == nil {
				continue
			}
			found++
			for name := range settings {
				assert.Contains(t, known, name, page)
			}
		}
	}
	assert.GreaterOrEqual(t, found, 2)
}

// anyKey returns the first name of an object in alphabetical order, "" if it is empty.
func anyKey(object map[string]json.RawMessage) string {
	first := ""
	for name := range object {
		if first == "" || name < first {
			first = name
		}
	}
	return first
}
