package integration_tests_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// golden compares a text with a file of the folder testdata, which -update rewrites.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "create the file with -update")
	assert.Equal(t, string(want), text, "if the new text is right, run the test with -update")
}

// verbs are the commands in the order of the overview, whose name is "".
func verbs() []string {
	return []string{"", "check", "doctor", "tables", "catalog", "read", "discover", "spec", "version", "help"}
}

// helpOf returns a help text and requires that standard error is empty.
func helpOf(t *testing.T, args ...string) string {
	t.Helper()
	require.NoError(t, buildErr)
	result, err := connector.Run(t.Context(), args, nil)
	require.NoError(t, err)
	assert.Equal(t, 0, result.ExitCode)
	assert.Empty(t, result.Stderr)
	var text strings.Builder
	for _, line := range result.Lines {
		text.Write(line)
		text.WriteByte('\n')
	}
	return text.String()
}

func TestHelpTextsAreTheGoldenOnes(t *testing.T) {
	t.Parallel()
	for _, verb := range verbs() {
		t.Run(verb, func(t *testing.T) {
			args, name := []string{"help"}, "overview"
			if verb != "" {
				args, name = append(args, verb), verb
			}
			text := helpOf(t, args...)
			for line := range strings.Lines(text) {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 80+len("\n"), line)
			}
			golden(t, filepath.Join("help", name+".txt"), withoutSettings(text))
		})
	}
}

// withoutSettings returns a help text without the settings, which are those of spec.json.
func withoutSettings(text string) string {
	before, rest, found := strings.Cut(text, "Settings of the configuration:\n")
	if !found {
		return text
	}
	_, after, _ := strings.Cut(rest, "\n\n")
	return before + after
}

func TestAVerbsHelpIsAskedForInEachWay(t *testing.T) {
	t.Parallel()
	for _, verb := range verbs()[1:] {
		text := helpOf(t, "help", verb)
		assert.Equal(t, text, helpOf(t, verb, "--help"))
		assert.Equal(t, text, helpOf(t, "-h", verb))
	}
	assert.Equal(t, helpOf(t, "help"), helpOf(t, "--help"))
	assert.Equal(t, helpOf(t, "help"), helpOf(t, "-h"))
}

func TestHelpListsEachSetting(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "spec.json"))
	require.NoError(t, err)
	var document struct {
		Connection struct {
			Properties map[string]struct {
				Title string `json:"title"`
			} `json:"properties"`
		} `json:"connectionSpecification"`
	}
	require.NoError(t, json.Unmarshal(raw, &document))
	text := helpOf(t, "help", "check")
	for name, property := range document.Connection.Properties {
		assert.Regexp(t, `(?m)^  `+name+`\s+`+property.Title[:4], text)
	}
}

func TestTheExamplesOfHelpTextsWork(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3})
	l.configFile()
	for _, verb := range verbs() {
		_, example, found := strings.Cut(helpOf(t, strings.Fields("help "+verb)...), "\nExample:\n")
		require.True(t, found)
		example, _, _ = strings.Cut(example, "\n\n")
		command := exec.CommandContext(t.Context(), "sh", "-euc", example)
		command.Dir = l.directory
		command.Env = append(l.variables("PATH="+filepath.Dir(connector.Path)+":"+os.Getenv("PATH")), "HOME="+l.directory)
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s\n%s", example, output)
	}
	rows, err := os.ReadFile(filepath.Join(l.directory, "rows.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, 6, strings.Count(string(rows), `"type":"RECORD"`), "accounts and contacts")
	changes, err := os.ReadFile(filepath.Join(l.directory, "changes.jsonl"))
	require.NoError(t, err)
	assert.Zero(t, strings.Count(string(changes), `"type":"RECORD"`), "nothing has changed since")
}
