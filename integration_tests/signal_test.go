package integration_tests_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// startBlocked starts a read, under a launcher if one is given, whose stdout is a pipe that is not read. It returns
// when the first records are in the pipe and many more are to follow, so that the process cannot write on.
func (l *lab) startBlocked(launcher ...string) *exec.Cmd {
	l.t.Helper()
	l.config["odata_maxpagesize"] = 5000
	args := append(append(launcher, connector.Path), l.readArgs(destination.New(), l.configured("account"))...)
	ctx, cancel := context.WithTimeout(l.t.Context(), runTimeout)
	l.t.Cleanup(cancel)
	reader, writer, err := os.Pipe()
	require.NoError(l.t, err)
	l.t.Cleanup(func() { assert.NoError(l.t, reader.Close()) })
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Env = append(os.Environ(), l.variables()...)
	command.Stdout = writer
	require.NoError(l.t, command.Start())
	require.NoError(l.t, writer.Close())
	lines := bufio.NewReader(reader)
	for line := ""; !strings.HasPrefix(line, `{"type":"RECORD"`); {
		line, err = lines.ReadString('\n')
		require.NoError(l.t, err)
	}
	return command
}

func TestASignalEndsAReadWhoseOutputIsNotRead(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"account": 600}})
			command := l.startBlocked()
			require.NoError(t, command.Process.Signal(signal))
			assert.Error(t, command.Wait())
			status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
			require.True(t, ok)
			assert.Equal(t, signal, status.Signal())
		})
	}
}

func TestPID1ExitsWithTheCodeOfTheSignal(t *testing.T) {
	t.Parallel()
	launcher := []string{"unshare", "--fork", "--pid"}
	if err := exec.CommandContext(t.Context(), launcher[0], append(launcher[1:], "true")...).Run(); err != nil {
		t.Skipf("this system does not let tests make a process namespace: %v", err)
	}
	for signal, code := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130} {
		t.Run(signal.String(), func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"account": 600}})
			command := l.startBlocked(launcher...)
			child, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", command.Process.Pid))
			require.NoError(t, err)
			first, err := strconv.Atoi(strings.TrimSpace(string(child)))
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(first, signal))
			assert.Error(t, command.Wait())
			assert.Equal(t, code, command.ProcessState.ExitCode())
		})
	}
}
