package source_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFileOfCertificateAuthoritiesIsUsed(t *testing.T) {
	e := newEnvironment(t)
	folder := t.TempDir()
	text := filepath.Join(folder, "text.pem")
	require.NoError(t, os.WriteFile(text, []byte("no certificate"), 0o600))
	for name, example := range map[string]struct {
		file  string
		parts []string // of the refusal; none where the check succeeds
	}{
		"a file with the authority":  {e.caFile, nil},
		"no file":                    {"", []string{"The certificate of the host is not trusted", "DATAVERSE_CA_FILE"}},
		"a file that does not exist": {filepath.Join(folder, "absent.pem"), []string{"DATAVERSE_CA_FILE", "no such file"}},
		"a file of something else":   {text, []string{text, "holds no PEM certificate"}},
		"a folder":                   {folder, []string{"DATAVERSE_CA_FILE"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, o := e.run(t, "check", process{env: map[string]string{"DATAVERSE_CA_FILE": example.file}})
			if example.parts != nil {
				assertRefused(t, code, o, example.parts...)
				return
			}
			assert.Equal(t, 0, code)
			assert.Contains(t, o.text, "SUCCEEDED")
		})
	}
}

func TestAnUntrustedHostReceivesNothing(t *testing.T) {
	trusted, other := newEnvironment(t), newEnvironment(t)
	// Both certificates are those of the httptest package, so the environment is trusted under one of its names only.
	code, o := trusted.run(t, "check", process{
		settings: trusted.settings(map[string]any{"url": "https://localhost:" + portOf(t, other)}),
	})
	assertRefused(t, code, o, "The certificate of the host is not trusted")
	assert.Empty(t, other.agents)
}
