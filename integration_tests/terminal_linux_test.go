package integration_tests_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// atTerminal runs the connector at a terminal: standard error is always one, standard output if both is set. It returns
// what the terminal shows, and what arrives on a standard output that is none.
func atTerminal(t *testing.T, both bool, args ...string) (shown, piped string) {
	t.Helper()
	require.NoError(t, buildErr)
	reader, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(reader.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(reader.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	written := make(chan string)
	go func() {
		text, _ := io.ReadAll(reader) // the error is that the terminal was closed
		written <- strings.ReplaceAll(string(text), "\r\n", "\n")
	}()
	var stdout strings.Builder
	command := exec.CommandContext(t.Context(), connector.Path, args...)
	command.Stdout, command.Stderr = &stdout, terminal
	if both {
		command.Stdout = terminal
	}
	_ = command.Run() // the output has the cause
	require.NoError(t, terminal.Close())
	shown = <-written
	require.NoError(t, reader.Close())
	return shown, stdout.String()
}

func TestATerminalGetsTheSameMessagesAndAHint(t *testing.T) {
	hint := "spec prints messages for programs. For the settings as a list, run: " + connector.Path + " help check\n"
	shown, piped := atTerminal(t, false, "spec")
	assert.Empty(t, shown)
	require.True(t, strings.HasPrefix(piped, `{"type":"SPEC",`), piped)

	shown, _ = atTerminal(t, true, "spec")
	assert.Equal(t, piped+hint, shown)

	shown, piped = atTerminal(t, true, "version")
	assert.Equal(t, 1, strings.Count(shown, "\n"), shown)
	assert.Empty(t, piped)
}

func TestAFailureIsShownWhereOnlyStandardErrorIsATerminal(t *testing.T) {
	const sentence = "The configured catalog absent.json cannot be read: no such file or directory. Check the path given with --catalog."
	shown, piped := atTerminal(t, false, "read", "--config", "absent.json", "--catalog", "absent.json")
	assert.True(t, strings.HasSuffix(shown, sentence+"\n"), shown)
	require.Len(t, outputOf(t, piped), 1)
	assert.Contains(t, piped, `"message":"`+sentence+`"`)
}

func TestDoctorAtATerminalIsColoredAndFits(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3})
	t.Setenv("DATAVERSE_CA_FILE", l.variables()[0][len("DATAVERSE_CA_FILE="):])
	t.Setenv("TERM", "xterm")
	shown, _ := atTerminal(t, true, "doctor", "--config", l.configFile())
	assert.Contains(t, shown, "\r\x1b[KTiming pages ...")
	_, text, found := strings.Cut(shown, "\x1b[1msource-microsoft-dataverse")
	require.True(t, found, shown)
	assert.Regexp(t, `\x1b\[3[123]m\S+\x1b\[0m Ready to sync`, text)
	shown, _ = atTerminal(t, true, "doctor", "--no-color", "--config", l.configFile())
	assert.NotContains(t, shown, "\x1b[3")
}
