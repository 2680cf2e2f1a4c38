package integration_tests_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// peakReport names the environment variable that makes this program run its arguments as a command and write the
// command's peak memory to the file that the variable names.
//
// On Linux the peak of a new process includes the memory of the process that started it. The tests may hold more than the
// connector does, so a fresh copy of this program starts the connector.
const peakReport = "REPORT_PEAK_TO"

// reportPeak runs the arguments of this program as a command and writes its peak resident size in bytes.
func reportPeak(file string) {
	command := exec.CommandContext(context.Background(), os.Args[1], os.Args[2:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	runErr := command.Run() // the exit code is the verb's
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		fmt.Fprintln(os.Stderr, "run the command:", runErr)
		return
	}
	if err := os.WriteFile(file, []byte(strconv.FormatInt(usage.Maxrss<<10, 10)), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// runForPeak runs a verb and returns what it printed and its peak resident size in bytes.
func runForPeak(t *testing.T, l *lab, verb string) (stdout string, peak int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	command, peakOf := l.commandForPeak(ctx, verb, "--config", l.configFile())
	output, err := command.Output()
	require.NoError(t, err)
	return string(output), peakOf()
}

// commandForPeak returns a command that runs the connector, and a function that returns its peak resident size in bytes once it has
// ended.
func (l *lab) commandForPeak(ctx context.Context, args ...string) (command *exec.Cmd, peak func() int64) {
	l.t.Helper()
	self, err := os.Executable()
	require.NoError(l.t, err)
	report := filepath.Join(l.directory, "peak")
	command = exec.CommandContext(ctx, self, append([]string{connector.Path}, args...)...)
	command.Env = append(append(os.Environ(), l.variables()...), peakReport+"="+report)
	return command, func() int64 {
		l.t.Helper()
		raw, err := os.ReadFile(report)
		require.NoError(l.t, err)
		bytes, err := strconv.ParseInt(string(raw), 10, 64)
		require.NoError(l.t, err)
		return bytes
	}
}
