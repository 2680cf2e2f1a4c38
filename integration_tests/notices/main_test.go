package main

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
)

func TestNoticesCoverEachModuleOfAProgramOnce(t *testing.T) {
	connector, err := binary.Build(t.Context(), t.TempDir())
	require.NoError(t, err)
	info, err := buildinfo.ReadFile(connector.Path)
	require.NoError(t, err)
	var notices strings.Builder
	require.NoError(t, run(t.Context(), []string{connector.Path, connector.Path}, &notices))
	sections := strings.Split(notices.String(), "\n"+strings.Repeat("=", 80)+"\n")
	require.Len(t, sections, 2+len(info.Deps), "the introduction, the standard library and the modules")
	assert.Contains(t, sections[1], "The Go Authors")
	for i, module := range info.Deps {
		assert.True(t, strings.HasPrefix(sections[2+i], module.Path+" "+module.Version+"\nhttps://"), module.Path)
		assert.Regexp(t, `\n--- (UN)?LICEN`, sections[2+i], module.Path)
		if module.Path == "github.com/hashicorp/go-retryablehttp" {
			assert.Contains(t, sections[2+i], "Mozilla Public License, version 2.0")
		}
	}
}

func TestNoticesOfAFileThatIsNotAGoProgramFail(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("no program"), 0o600))
	for name, programs := range map[string][]string{"no program": {text}, "no file": {text + "s"}, "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, run(t.Context(), programs, &strings.Builder{}))
		})
	}
}

func TestAModuleWithoutALicenseFails(t *testing.T) {
	require.ErrorContains(t, printNotice(&strings.Builder{}, "a module", "", t.TempDir()), "no license file")
}
