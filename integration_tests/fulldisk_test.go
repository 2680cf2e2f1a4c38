package integration_tests_test

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFullDiskIsNamedAsTheReason(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /dev/full")
	}
	require.NoError(t, buildErr)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	for _, verb := range []string{"spec", "help"} {
		var stderr bytes.Buffer
		command := exec.CommandContext(t.Context(), connector.Path, verb)
		command.Stdout, command.Stderr = full, &stderr
		var exit *exec.ExitError
		require.ErrorAs(t, command.Run(), &exit)
		assert.Equal(t, 1, exit.ExitCode())
		assert.Equal(t, "Standard output cannot be written: no space left on device. Free space, for example, and run the command again.\n", stderr.String())
	}
}
