package integration_tests_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// bomb is JSON of a text of so many MiB, compressed to a thousandth. Each MiB is a gzip member of its own, which is
// compressed once.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	member := func(content []byte) []byte {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write(content)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return packed.Bytes()
	}
	return slices.Concat(
		member([]byte(`{"UserId":"`)),
		bytes.Repeat(member(bytes.Repeat([]byte{'a'}, 1<<20)), size),
		member([]byte(`"}`)),
	)
}

func TestABodyThatUnpacksWithoutBoundTakesLittleMemory(t *testing.T) {
	t.Parallel()
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
			output, peak := runForPeak(t, l, c.verb)
			assert.NotContains(t, output, "SUCCEEDED")
			assert.Less(t, peak>>20, int64(most), "MiB")
		})
	}
}
