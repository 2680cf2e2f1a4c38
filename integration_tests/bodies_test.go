package integration_tests_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// bomb is JSON of a text of so many MiB, compressed to a thousandth.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(`{"UserId":"`))
	require.NoError(t, err)
	for range size {
		_, err = z.Write(bytes.Repeat([]byte{'a'}, 1<<20))
		require.NoError(t, err)
	}
	_, err = z.Write([]byte(`"}`))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return packed.Bytes()
}

func TestABodyThatUnpacksWithoutBoundTakesLittleMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the unit of the peak memory is that of Linux")
	}
	const unpacked, most = 600, 250 // MiB
	body := bomb(t, unpacked)
	for name, c := range map[string]struct {
		match faults.Matcher
		verb  string
	}{
		"who the user is":      {faults.PhaseWhoAmI, "check"},
		"the list of tables":   {faults.PhaseMetadata, "discover"},
		"an error of any kind": {faults.PhaseWhoAmI, "discover"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 19})
			status := http.StatusOK
			if strings.HasPrefix(name, "an error") {
				status = http.StatusForbidden
			}
			l.server.Inject(faults.Fault{Match: c.match, Then: faults.Response{
				Status: status, Body: body, ContentType: "application/json", ContentEncoding: "gzip",
			}}.Always())
			ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
			defer cancel()
			command := exec.CommandContext(ctx, connector.Path, c.verb, "--config", l.configFile())
			command.Env = append(os.Environ(), l.variables()...)
			output, _ := command.Output() // the exit code is the verb's
			assert.NotContains(t, string(output), "SUCCEEDED")
			usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
			require.True(t, ok)
			assert.Less(t, usage.Maxrss>>10, int64(most), "MiB")
		})
	}
}
