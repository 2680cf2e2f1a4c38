package progress_test

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"source-microsoft-dataverse/source/progress"
)

// openTerminal returns a terminal of a size, and the end from which what is written to it can be read.
func openTerminal(t *testing.T, width, height uint16) (terminal, reader *os.File) {
	t.Helper()
	reader, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = reader.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(reader.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(reader.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = terminal.Close() })
	resize(t, terminal, width, height)
	return terminal, reader
}

func resize(t *testing.T, terminal *os.File, width, height uint16) {
	t.Helper()
	assert.NoError(t, unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}))
}

// drawn draws a sync on a terminal until each function was called before one frame, then closes it with the failures. It returns
// what was written: one text a frame, the last one with what follows it.
func drawn(t *testing.T, terminal, reader *os.File, failures []progress.Failure, before ...func()) []string {
	t.Helper()
	written := make(chan string)
	go func() {
		text, _ := io.ReadAll(reader) // the error is that the terminal was closed
		written <- string(text)
	}()
	frames, enough := 0, make(chan struct{})
	sync, now := busy()
	shown := progress.NewTerminal(terminal, true, func() progress.Snapshot {
		if frames < len(before) {
			before[frames]()
		}
		if frames++; frames == len(before)+1 {
			close(enough)
			sync = now
		}
		return sync
	})
	<-enough
	shown.Close(failures)
	require.NoError(t, terminal.Close())
	all := strings.SplitAfter(strings.ReplaceAll(<-written, "\r\n", "\n"), "\x1b[J") // which ends a frame
	last := len(all) - 2
	return append(all[:last:last], all[last]+all[last+1])
}

// plain returns a frame without its commands.
func plain(frame string) string {
	return regexp.MustCompile(`\x1b\[\d*[A-Z]`).ReplaceAllString(frame, "")
}

func lastFrame(width, height int) string {
	return strings.Join(frame(progress.Screen{Width: width, Height: height, Unicode: true}, busy), "\n") + "\n"
}

func TestEachFrameReplacesTheOneBefore(t *testing.T) {
	t.Parallel()
	terminal, reader := openTerminal(t, 120, 40)
	failures := []progress.Failure{{Stream: "contoso_project", Advice: "The table is gone.\n\x1b[2JRemove it."}, {Advice: "The sync itself failed."}}
	frames := drawn(t, terminal, reader, failures, func() {}, func() {})
	s := newScreen(120)
	require.NoError(t, s.write("$ read\n"))
	for _, frame := range frames {
		require.NoError(t, s.write(frame))
	}
	assert.Equal(t, "$ read\n"+lastFrame(120, 40)+
		"Failed: contoso_project: The table is gone. [2JRemove it.\n", s.text())
}

func TestANarrowerTerminalKeepsNothingOfOlderFrames(t *testing.T) {
	t.Parallel()
	terminal, reader := openTerminal(t, 120, 40)
	const narrowAfter = 1
	frames := drawn(t, terminal, reader, nil, func() {}, func() { resize(t, terminal, 50, 40) }, func() {})
	s := newScreen(120)
	require.NoError(t, s.write("$ read\n"))
	for i, frame := range frames {
		require.NoError(t, s.write(frame))
		if i == narrowAfter {
			s.width = 50
		}
	}
	assert.Equal(t, "$ read\n"+lastFrame(50, 40), s.text())
}

func TestALowTerminalDoesNotScroll(t *testing.T) {
	t.Parallel()
	terminal, reader := openTerminal(t, 120, 5)
	for _, frame := range drawn(t, terminal, reader, nil, func() {}, func() {}) {
		assert.Less(t, strings.Count(frame, "\n"), 5, frame)
	}
}

func TestATerminalOfUnknownSizeIsDrawnOn(t *testing.T) {
	t.Parallel()
	terminal, reader := openTerminal(t, 0, 0)
	frames := drawn(t, terminal, reader, nil, func() {})
	assert.Contains(t, plain(frames[len(frames)-1]), lastFrame(80, 24))
}

func TestATerminalThatIsGoneDoesNotStopTheSync(t *testing.T) {
	t.Parallel()
	terminal, reader := openTerminal(t, 120, 40)
	_, now := busy()
	gone := make(chan struct{})
	shown := progress.NewTerminal(terminal, true, func() progress.Snapshot {
		select {
		case <-gone:
		default:
			assert.NoError(t, reader.Close())
			close(gone)
		}
		return now
	})
	<-gone
	shown.Close([]progress.Failure{{Advice: "It failed."}})
}

func TestManyFailuresLeaveTheScreenReadable(t *testing.T) {
	t.Parallel()
	terminal, reader := openTerminal(t, 40, 40)
	failures := make([]progress.Failure, 7)
	for i := range failures {
		failures[i] = progress.Failure{Stream: fmt.Sprintf("table%d", i), Advice: "Dataverse refused the request. Grant the privilege."}
	}
	frames := drawn(t, terminal, reader, failures)
	last := plain(frames[len(frames)-1])
	assert.Contains(t, last, "\nFailed: table4: Dataverse refused the\nrequest. Grant the privilege.\n2 more failures in the log on standard\noutput.\n")
	assert.NotContains(t, last, "table5:")
}
