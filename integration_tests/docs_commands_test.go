package integration_tests_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/protocol"
)

// anyFlag finds flags in a text.
const anyFlag = `(?:^|[\s` + "`" + `(\[])(--[a-z][a-z-]*)`

// flagsIn returns the flags that a text names, sorted.
func flagsIn(text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(anyFlag).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// flagsOf returns the flags that help lists for a verb, sorted, without --debug, which all verbs have.
func flagsOf(verb protocol.Verb) []string {
	var found []string
	for _, flag := range protocol.Flags(verb) {
		if flag.Name != "debug" {
			found = append(found, "--"+flag.Name)
		}
	}
	slices.Sort(found)
	return found
}

func TestThePageOfTheCommandLineListsAllFlags(t *testing.T) {
	page := text(t, "docs/command-line.md")
	described := regexp.MustCompile("(?m)^\\| `(--[a-z-]+)` \\|").FindAllStringSubmatch(page, -1)
	var rows []string
	for _, row := range described {
		rows = append(rows, row[1])
	}
	all := []string{"--debug"}
	for _, verb := range protocol.Verbs() {
		all = append(all, flagsOf(verb)...)
		row := regexp.MustCompile("(?m)^\\| `" + string(verb) + "` \\|.*$").FindString(page)
		require.NotEmpty(t, row, "the commands lack %s", verb)
		assert.Equal(t, flagsOf(verb), flagsIn(row), "%s", verb)
	}
	slices.Sort(all)
	assert.ElementsMatch(t, slices.Compact(all), rows)
}

func TestCommandsInTheDocumentsHaveKnownFlags(t *testing.T) {
	command := regexp.MustCompile(`(?:source-microsoft-dataverse(?::\d+\.\d+\.\d+)?|"\$\{CONNECTOR[^}]*\}"|go run \.) ([a-z]+)\b(.*)`)
	found := 0
	for _, page := range pages(t) {
		for _, block := range regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$").FindAllStringSubmatch(text(t, page), -1) {
			for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
				match := command.FindStringSubmatch(line)
				if match == nil {
					continue
				}
				found++
				verb := protocol.Verb(match[1])
				if assert.Contains(t, protocol.Verbs(), verb, "%s: %s", page, line) {
					for _, flag := range flagsIn(match[2]) {
						assert.True(t, flag == "--debug" || slices.Contains(flagsOf(verb), flag), "%s: %s has %s", page, verb, flag)
					}
				}
			}
		}
	}
	assert.Greater(t, found, 8)
}

func TestVariablesInTheDocumentsAreThoseOfHelp(t *testing.T) {
	l := newLab(t, simulator.Options{})
	var help strings.Builder
	for _, verb := range []string{"read", "doctor"} {
		for _, line := range l.run("help", verb).Lines {
			help.Write(line)
			help.WriteByte('\n')
		}
	}
	explained := map[string]bool{}
	for _, variable := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z_]+)(?: |$)`).FindAllStringSubmatch(help.String(), -1) {
		explained[variable[1]] = true
		assert.Contains(t, text(t, "docs/command-line.md"), "`"+variable[1]+"`")
	}
	for _, page := range []string{"README.md", "docs/command-line.md"} {
		variables := regexp.MustCompile("`([A-Z]+_[A-Z_]+|GO[A-Z]+)`").FindAllStringSubmatch(text(t, page), -1)
		assert.NotEmpty(t, variables)
		for _, variable := range variables {
			assert.True(t, explained[variable[1]], "%s names %s", page, variable[1])
		}
	}
}

func TestTheSummaryInTheDocumentsHasTheFormOfAReport(t *testing.T) {
	page := text(t, "docs/monitoring.md")
	var line struct {
		Summary progress.Report `json:"sync_summary"`
	}
	decoder := json.NewDecoder(strings.NewReader(group(t, "(?s)```json\n(\\{\"sync_summary\".*?)```", page)))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&line))
	assert.Equal(t, progress.ReportVersion, line.Summary.FormatVersion)
	for _, member := range quoted(t, "docs/monitoring.md", "The summary for programs", 0) {
		assert.True(t, slices.Contains(membersOf(reflect.TypeFor[progress.Report]()), member) ||
			slices.Contains(membersOf(reflect.TypeFor[progress.Figures]()), member), "a report has no %s", member)
	}
}

// membersOf returns the names that the fields of a struct have in JSON.
func membersOf(of reflect.Type) []string {
	var names []string
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func TestTheLogInTheDocumentsReadsLikeTheExpectedOne(t *testing.T) {
	expected := map[string]bool{}
	for line := range strings.Lines(text(t, "integration_tests/testdata/synclog_first.txt")) {
		expected[outline(line)] = true
	}
	log := group(t, "(?s)```text\n(INFO .*?)```", text(t, "docs/monitoring.md"))
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "INFO Progress after ") || strings.Contains(line, " incremental  complete ") {
			continue // what the expected log does not have, or has for another stream
		}
		assert.True(t, expected[outline(line)], "the log has no line like %s", line)
	}
}

func TestTheDisplayInTheDocumentsLooksAsExpected(t *testing.T) {
	frame := group(t, "(?s)## The display at a terminal.*?```text\n(.*?)```", text(t, "docs/monitoring.md"))
	assert.Contains(t, text(t, "unit_tests/progress/testdata/frames.txt"), frame)
}

// outline returns the words of a log line, in the singular, without numbers, names and what was replaced.
func outline(line string) string {
	line = regexp.MustCompile(`^(INFO|WARN) +Stream \w+ `).ReplaceAllString(line, "$1 Stream ")
	var words []string
	for _, word := range strings.Fields(line) {
		if strings.ContainsAny(word, "0123456789<>…") {
			continue
		}
		word = strings.Trim(word, ".,:()")
		if stem, plural := strings.CutSuffix(word, "ies"); plural {
			word = stem + "y"
		}
		words = append(words, strings.TrimSuffix(word, "s"))
	}
	return strings.Join(words, " ")
}
