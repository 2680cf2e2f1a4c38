package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
)

func TestTheBillListsTheModulesOfAProgram(t *testing.T) {
	connector, err := binary.Build(t.Context(), t.TempDir())
	require.NoError(t, err)
	var first, second strings.Builder
	require.NoError(t, run([]string{"-version", "1.2.3", connector.Path}, &first))
	require.NoError(t, run([]string{"-version", "1.2.3", connector.Path}, &second))
	assert.Equal(t, first.String(), second.String())
	var parsed bill
	require.NoError(t, json.Unmarshal([]byte(first.String()), &parsed))
	assert.Equal(t, "1.2.3", parsed.Metadata.Component.Version)
	assert.Len(t, parsed.Metadata.Component.Hashes, 1)
	versions := map[string]string{}
	for _, c := range parsed.Components {
		versions[c.Name] = c.Version
		assert.Equal(t, "pkg:golang/"+c.Name+"@"+c.Version, c.PURL)
	}
	assert.Equal(t, strings.TrimPrefix(runtime.Version(), "go"), versions["std"])
	assert.Equal(t, "v0.0.6", versions["github.com/bitstrapped/airbyte"])
	assert.NotContains(t, versions, "github.com/stretchr/testify", "tests are not part of the program")
	require.Len(t, parsed.Dependencies, 1)
	assert.Len(t, parsed.Dependencies[0].DependsOn, len(parsed.Components))
}

func TestAFileWithoutModulesIsAnError(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("no program"), 0o600))
	for name, args := range map[string][]string{
		"a file that is not a program": {text}, "a file that does not exist": {text + "s"}, "no file": nil, "two files": {text, text},
		"an unknown flag": {"-x", text},
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, run(args, &strings.Builder{}))
		})
	}
}
