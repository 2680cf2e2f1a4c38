package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source"
)

func TestAReportNeverOverwritesAnInput(t *testing.T) {
	for _, flag := range []string{"config", "catalog", "state"} {
		t.Run(flag, func(t *testing.T) {
			folder := t.TempDir()
			args := []string{"read"}
			for _, name := range []string{"config", "catalog", "state"} {
				path := filepath.Join(folder, name)
				require.NoError(t, os.WriteFile(path, []byte("kept"), 0o600))
				args = append(args, "--"+name, path)
			}
			link := filepath.Join(folder, "link.json")
			require.NoError(t, os.Symlink(filepath.Join(folder, flag), link))
			code, stdout, _ := runSeen(t, terminals{}, nil, append(args, "--report", link)...)
			assert.Equal(t, 1, code)
			assert.Contains(t, stdout, "which is also given with --"+flag+". With --report, name another file.")
			content, err := os.ReadFile(filepath.Join(folder, flag))
			require.NoError(t, err)
			assert.Equal(t, "kept", string(content))
		})
	}
	absent := filepath.Join(t.TempDir(), "state")
	_, stdout, _ := runSeen(t, terminals{}, nil, "read", "--config", "c", "--catalog", "d", "--state", absent, "--report", absent)
	assert.Contains(t, stdout, "which is also given with --state")
}

func TestTheOutputMayNotGoToTheStateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.jsonl")
	output, err := os.Create(path)
	require.NoError(t, err)
	defer output.Close()
	code := source.Run(t.Context(), source.Process{
		Args: []string{"read", "--config", "c", "--catalog", "d", "--state", path}, Stdout: output,
		Getenv: func(string) string { return "" },
	})
	assert.Equal(t, 1, code)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(content), "Standard output goes to the state file "+path)
}

func TestTheReportMayNotReplaceTheOutput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	output, err := os.Create(path)
	require.NoError(t, err)
	defer output.Close()
	code := source.Run(t.Context(), source.Process{
		Args: []string{"read", "--config", "c", "--catalog", "d", "--report", path}, Stdout: output,
		Getenv: func(string) string { return "" },
	})
	assert.Equal(t, 1, code)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(content), "to which standard output goes")
}

func TestAnEmptyStateFileOfAPersonIsWarnedOf(t *testing.T) {
	catalog := file(t, "catalog.json", configured("account", "incremental"))
	state := filepath.Join(t.TempDir(), "state.jsonl")
	require.NoError(t, os.WriteFile(state, nil, 0o600))
	for job, warned := range map[string]bool{"": true, "17": false} {
		_, stdout, _ := runSeen(t, terminals{}, map[string]string{"WORKER_JOB_ID": job}, "read", "--config", "absent", "--catalog", catalog, "--state", state)
		assert.Equal(t, warned, strings.Contains(stdout, "The state file "+state+" is empty, so every stream is read in full."))
	}
}
