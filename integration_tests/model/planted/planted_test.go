package planted_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/model/planted"
)

const root = "../../.."

// copyOf copies the files that a defect edits.
func copyOf(t *testing.T, d planted.Defect) string {
	t.Helper()
	directory := t.TempDir()
	for _, e := range d.Edits {
		content, err := os.ReadFile(filepath.Join(root, e.File))
		require.NoError(t, err)
		path := filepath.Join(directory, e.File)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
	return directory
}

func TestEachDefectCanBePlantedAndUndone(t *testing.T) {
	for _, d := range planted.List() {
		t.Run(d.Name, func(t *testing.T) {
			directory := copyOf(t, d)
			undo, err := d.Apply(directory)
			require.NoError(t, err)
			require.NoError(t, undo())
			for _, e := range d.Edits {
				before, err := os.ReadFile(filepath.Join(root, e.File))
				require.NoError(t, err)
				after, err := os.ReadFile(filepath.Join(directory, e.File))
				require.NoError(t, err)
				assert.Equal(t, string(before), string(after))
			}
		})
	}
}

func TestADefectThatNoLongerFitsIsAnError(t *testing.T) {
	d := planted.Defect{Name: "of old code", Edits: []planted.Edit{{File: "go.mod", Old: "there is no such text", New: ""}}}
	_, err := d.Apply(copyOf(t, d))
	assert.ErrorContains(t, err, "0 times")
}
