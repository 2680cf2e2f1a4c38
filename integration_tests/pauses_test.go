package integration_tests_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/source"
)

// shortPausesVariable names the environment variable that makes this program a connector whose pauses are a twentieth as long as
// usual. The built connector has no setting for that.
const shortPausesVariable = "SHORT_PAUSES"

// runWithShortPauses runs the arguments of this program as those of the connector and returns the exit code.
func runWithShortPauses() int {
	specification, err := os.ReadFile("../spec.json")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	process := source.ThisProcess(specification, "")
	process.Limits.Backoff = time.Second / 20
	return source.Run(context.Background(), process)
}

// shortenPauses makes the lab run a connector with short pauses.
func (l *lab) shortenPauses() { l.shortPauses = true }

// program returns the connector that the lab runs.
func (l *lab) program() *binary.Binary {
	l.t.Helper()
	if !l.shortPauses {
		return connector
	}
	self, err := os.Executable()
	require.NoError(l.t, err)
	return &binary.Binary{Path: self}
}
