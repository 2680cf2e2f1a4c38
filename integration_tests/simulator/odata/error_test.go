package odata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNamesOfCodesAreTheServices(t *testing.T) {
	folder := os.Getenv("DATAVERSE_FIXTURES")
	if folder == "" {
		t.Skip("DATAVERSE_FIXTURES does not name the folder of recorded responses")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "errors", "dataverse_error_codes.tsv"))
	require.NoError(t, err)
	found := 0
	for line := range strings.Lines(string(raw)) {
		fields := strings.Split(line, "\t")
		if name := errorName(fields[0]); name != "" {
			found++
			assert.Equal(t, fields[1], name, fields[0])
		}
	}
	assert.Positive(t, found)
}
