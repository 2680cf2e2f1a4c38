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

func TestEachErrorThatTheDocumentationQuotesIsOneOfTheConnectors(t *testing.T) {
	source := literals(t)
	quoted := regexp.MustCompile(`(?m)^\| "([^"]+)" \|`).FindAllStringSubmatch(text(t, "docs/microsoft-dataverse.md"), -1)
	require.Greater(t, len(quoted), 10)
	for _, quote := range quoted {
		assert.Contains(t, source, quote[1])
	}
}

func TestTheDocumentationTellsEachSetting(t *testing.T) {
	documentation := text(t, "docs/microsoft-dataverse.md")
	settings := regexp.MustCompile(`(?m)^      "(\w+)": \{$`).FindAllStringSubmatch(text(t, "spec.json"), -1)
	require.Greater(t, len(settings), 4)
	for _, setting := range settings {
		assert.Contains(t, documentation, "`"+setting[1]+"`")
		assert.Contains(t, text(t, "README.md"), "`"+setting[1]+"`")
	}
}

func TestLinksWithinTheDocumentationLeadToFiles(t *testing.T) {
	for _, page := range []string{
		"README.md", "CHANGELOG.md", "docs/microsoft-dataverse.md", "docs/switching.md", "docs/orchestration.md",
	} {
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`).FindAllStringSubmatch(text(t, page), -1) {
			if !strings.HasPrefix(link[1], "https://") {
				assert.FileExists(t, filepath.Join("..", filepath.Dir(page), link[1]), page)
			}
		}
	}
}

func TestTheDocumentationSpeaksOfOneVersion(t *testing.T) {
	tag := regexp.MustCompile(`(?m)^  dockerImageTag: (\d+\.\d+\.\d+)$`).FindStringSubmatch(text(t, "metadata.yaml"))
	require.NotNil(t, tag)
	for page, least := range map[string]int{"docs/orchestration.md": 6, "README.md": 1} {
		ours := regexp.MustCompile(`(?:source-microsoft-dataverse:|VERSION=|\x60v)(\d+\.\d+\.\d+)`).FindAllStringSubmatch(text(t, page), -1)
		assert.GreaterOrEqual(t, len(ours), least, page)
		for _, version := range ours {
			assert.Equal(t, tag[1], version[1], page)
		}
	}
	for _, build := range regexp.MustCompile(`docker build .*:\d+\.\d+\.\d+ `).FindAllString(text(t, "docs/orchestration.md"), -1) {
		assert.Contains(t, build, "--build-arg VERSION="+tag[1], "an image says its version")
	}
}

// literals is the connector's source with its broken string literals put together.
func literals(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../source", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	require.NoError(t, err)
	return regexp.MustCompile(`["`+"`"+`]\s*\+\s*["`+"`"+`]`).ReplaceAllString(all.String(), "")
}
