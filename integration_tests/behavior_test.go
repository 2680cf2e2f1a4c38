package integration_tests_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachBehaviorNamesTestsThatExist(t *testing.T) {
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	tests := testNames(t)
	lines := 0
	for line := range strings.Lines(text(t, "docs/behavior.md")) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| event ") {
			continue
		}
		lines++
		assert.NotEmpty(t, named.FindAllString(line, -1), "%s", line)
	}
	assert.Greater(t, lines, 30)
	for _, page := range pages(t) {
		for _, name := range named.FindAllStringSubmatch(text(t, page), -1) {
			assert.True(t, tests[name[1]], "%s names %s", page, name[1])
		}
	}
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(text(t, "acceptance-test-config.yml"), -1) {
		assert.True(t, tests[name], "acceptance-test-config.yml names %s", name)
	}
}

// testNames returns the names of the tests and fuzz targets of the whole module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, match := range declared.FindAllStringSubmatch(string(content), -1) {
			names[match[1]] = true
		}
		return err
	})
	require.NoError(t, err)
	return names
}
