package progress_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/progress"
)

func TestTheNameOfAReportDecidesItsForm(t *testing.T) {
	for name, isHTML := range map[string]bool{"report.json": false, "report": false, "report.html": true, "report.HTM": true, "html": false, ".html": true} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			file, err := progress.NewReportFile(path)
			require.NoError(t, err)
			assert.NoFileExists(t, path, "before the sync")
			require.NoError(t, file.Write(failedReport()))
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			if isHTML {
				assert.True(t, strings.HasPrefix(string(text), "<!DOCTYPE html>\n"))
				return
			}
			want, err := json.Marshal(failedReport())
			require.NoError(t, err)
			assert.JSONEq(t, string(want), string(text))
		})
	}
}

func TestAReportReplacesTheOneBefore(t *testing.T) {
	folder := t.TempDir()
	path, link := filepath.Join(folder, "of-monday.json"), filepath.Join(folder, "latest.json")
	require.NoError(t, os.WriteFile(path, []byte("before"), 0o600))
	require.NoError(t, os.Symlink(path, link))
	file, err := progress.NewReportFile(link)
	require.NoError(t, err)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "before", string(kept), "the sync has not ended")
	require.NoError(t, file.Write(emptyReport(progress.Complete, 1)))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"outcome": "complete"`)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.Equal(t, os.ModeSymlink, info.Mode().Type(), "the link is still one")
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "no temporary file is left")
}

func TestAReportThatCannotBeWrittenIsReportedBefore(t *testing.T) {
	folder := t.TempDir()
	for path, problem := range map[string]string{
		filepath.Join(folder, "missing", "report.json"): "no such file or directory",
		folder:        "it is a folder",
		os.DevNull:    "it is not a regular file",
		"\x00invalid": "invalid argument",
	} {
		_, err := progress.NewReportFile(path)
		var unwritable *progress.ReportFileError
		require.ErrorAs(t, err, &unwritable, path)
		assert.Contains(t, err.Error(), "cannot be written: "+problem+". With --report, name a file")
	}
}

func TestAFailedWriteKeepsTheEarlierReport(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mounted")
	require.NoError(t, os.Mkdir(folder, 0o755))
	file, err := progress.NewReportFile(filepath.Join(folder, "report.json"))
	require.NoError(t, err)
	require.NoError(t, os.Rename(folder, folder+" elsewhere"))
	require.Error(t, file.Write(emptyReport(progress.Complete, 1)))
}
