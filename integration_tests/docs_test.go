package integration_tests_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"
)

func TestTheReadmeIsShort(t *testing.T) {
	const most = 8 << 10
	assert.LessOrEqual(t, len(text(t, "README.md")), most, "bytes")
}

func TestTheReadmeLinksToEachPage(t *testing.T) {
	readme := text(t, "README.md")
	for _, page := range pages(t) {
		if filepath.Dir(page) == "docs" || !strings.Contains(page, string(filepath.Separator)) && page != "README.md" {
			assert.Contains(t, readme, "]("+page+")")
		}
	}
}

func TestTheConfigurationInTheReadmeIsValid(t *testing.T) {
	var specification struct {
		ConnectionSpecification json.RawMessage `json:"connectionSpecification"`
	}
	require.NoError(t, json.Unmarshal([]byte(text(t, "spec.json")), &specification))
	config := group(t, "(?s)```json\n(.*?)```", text(t, "README.md"))
	result, err := gojsonschema.Validate(
		gojsonschema.NewBytesLoader(specification.ConnectionSpecification), gojsonschema.NewStringLoader(config))
	require.NoError(t, err)
	assert.Empty(t, result.Errors())
}

func TestEachErrorInTheDocumentationExists(t *testing.T) {
	source := literals(t)
	quoted := regexp.MustCompile(`(?m)^\| "([^"]+)" \|`).FindAllStringSubmatch(text(t, "docs/microsoft-dataverse.md")+text(t, "docs/monitoring.md"), -1)
	require.Greater(t, len(quoted), 10)
	for _, quote := range quoted {
		assert.True(t, strings.Contains(source, quote[1]), "no error of the connector contains %q", quote[1])
	}
}

func TestTheConfigurationsOfEachWayToSignInAreValid(t *testing.T) {
	var specification struct {
		ConnectionSpecification json.RawMessage `json:"connectionSpecification"`
	}
	require.NoError(t, json.Unmarshal([]byte(text(t, "spec.json")), &specification))
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(text(t, "docs/sign-in.md"), -1)
	require.Len(t, examples, 5)
	for _, example := range examples {
		result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(specification.ConnectionSpecification), gojsonschema.NewStringLoader(example[1]))
		require.NoError(t, err)
		assert.Empty(t, result.Errors(), example[1])
	}
}

func TestTheDocumentationCoversEachSetting(t *testing.T) {
	var specification struct {
		ConnectionSpecification struct {
			Properties map[string]struct{ Title string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text(t, "spec.json")), &specification))
	settings := specification.ConnectionSpecification.Properties
	require.Greater(t, len(settings), 4)
	guide := text(t, "docs/microsoft-dataverse.md")
	for name, setting := range settings {
		assert.Contains(t, text(t, "README.md"), "`"+name+"`")
		assert.Regexp(t, "\\*\\*"+setting.Title+"\\*\\* \\(`"+name+"`\\)|`"+name+"` \\| "+setting.Title+" \\|", guide)
	}
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text(t, page), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(filepath.Join("..", file)); !assert.NoError(t, err, page) {
				continue
			}
			if anchor != "" {
				assert.Contains(t, anchors(text(t, file)), anchor, "%s links to %s", page, link[1])
			}
		}
	}
}

func TestPathsThatDocumentsNameExist(t *testing.T) {
	named := regexp.MustCompile("`((?:source|integration_tests|unit_tests|docs|\\.ci|\\.github)/[\\w./-]*)`")
	found := 0
	for _, page := range pages(t) {
		for _, path := range named.FindAllStringSubmatch(text(t, page), -1) {
			found++
			_, err := os.Stat(filepath.Join("..", path[1]))
			assert.NoError(t, err, page)
		}
	}
	assert.Greater(t, found, 10)
}

func TestTheArchitectureListsEachPackage(t *testing.T) {
	page := text(t, "docs/architecture.md")
	folders, err := os.ReadDir("../source")
	require.NoError(t, err)
	for _, folder := range folders {
		if folder.IsDir() {
			assert.Contains(t, page, "\n| `source/"+folder.Name()+"/` | ")
		}
	}
}

func TestTheDocumentationNamesOneVersion(t *testing.T) {
	tag := regexp.MustCompile(`(?m)^  dockerImageTag: (\d+\.\d+\.\d+)$`).FindStringSubmatch(text(t, "metadata.yaml"))
	require.NotNil(t, tag)
	for page, least := range map[string]int{"docs/orchestration.md": 6, "README.md": 2, "CONTRIBUTING.md": 1} {
		ours := regexp.MustCompile(`(?:source-microsoft-dataverse:|VERSION=|\x60v)(\d+\.\d+\.\d+)`).FindAllStringSubmatch(text(t, page), -1)
		assert.GreaterOrEqual(t, len(ours), least, page)
		for _, version := range ours {
			assert.Equal(t, tag[1], version[1], page)
		}
	}
	for _, build := range regexp.MustCompile(`docker build .*:\d+\.\d+\.\d+ `).FindAllString(text(t, "docs/orchestration.md"), -1) {
		assert.Contains(t, build, "--build-arg VERSION="+tag[1], "an image carries its version")
	}
}

// pages returns the paths of all documents in the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == ".git" || name == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			relative, err := filepath.Rel("..", path)
			found = append(found, relative)
			return err
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(found), 8)
	return found
}

// anchors returns the anchors that GitHub gives the headings of a document.
func anchors(document string) []string {
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	var found []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ +(.+)$`).FindAllStringSubmatch(document, -1) {
		found = append(found, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return found
}

// literals returns the connector's source, with string literals that span several lines joined.
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
