package progress

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"unicode/utf8"

	"github.com/vbauerster/cupwriter"
)

// The size that is assumed of a terminal that does not report one.
const (
	assumedWidth  = 80
	assumedHeight = 24
)

// console is a terminal as mpb draws on it. It differs from mpb's own:
//
//   - A frame overwrites the one before, line by line. mpb erases the screen below the first line before each frame, which tmux
//     takes for a cleared screen if that is its upper line: it would keep each frame in its history.
//   - After a terminal has become narrower, the last frame takes more lines, because most terminals wrap those that no longer
//     fit. The next frame begins where that one does now.
//   - A terminal of unknown size is drawn on.
//
// On Windows, where mpb draws by calls of the system, only the last of these differs.
type console struct {
	writer        *cupwriter.Writer
	out           io.Writer
	width, height int
	lines         [][]byte // of the frame that is being written, with their line feeds
	drawn         []int    // the widths of the lines of the last frame
}

func newConsole(out io.Writer) *console {
	return &console{writer: cupwriter.New(out, false), out: out}
}

// IsTerminal reports whether the output is a terminal.
func (c *console) IsTerminal() bool { return c.writer.IsTerminal() }

// GetTermSize returns the width of the terminal, and enough height for any frame: a frame that was laid out for the terminal
// has no line to leave out, and mpb would count empty ones wrong. mpb asks for the size before each frame.
func (c *console) GetTermSize() (width, height int, err error) {
	width, height, err = c.writer.GetTermSize()
	if err != nil {
		return 0, 0, err
	}
	if width <= 0 || height <= 0 {
		width, height = assumedWidth, assumedHeight
	}
	c.width, c.height = width, height
	return width, frameLines, nil
}

// Write writes text above the frame. The display has none.
func (c *console) Write(text []byte) (int, error) { return c.writer.Write(text) }

// ReadFrom takes a line of the frame, with its line feed.
func (c *console) ReadFrom(line io.Reader) (int64, error) {
	text, err := io.ReadAll(line)
	if err == nil && len(text) > 0 {
		c.lines = append(c.lines, text)
	}
	return int64(len(text)), err
}

// Flush writes the frame, which has a number of lines.
func (c *console) Flush(count int) error {
	lines := c.lines
	c.lines = nil
	if runtime.GOOS == "windows" {
		for _, line := range lines {
			_, _ = c.writer.Write(line) // to a buffer
		}
		return c.writer.Flush(count)
	}
	_, err := c.out.Write(c.overwriting(lines))
	return err
}

// overwriting returns the lines with the commands that put them over the last frame.
func (c *console) overwriting(lines [][]byte) []byte {
	var frame bytes.Buffer
	if above := c.above(); above > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", above)
	}
	c.drawn = c.drawn[:0]
	for _, line := range lines {
		text := bytes.TrimSuffix(line, []byte("\n"))
		c.drawn = append(c.drawn, utf8.RuneCount(text))
		frame.Write(text)
		frame.WriteString("\x1b[K\n") // erase the rest of the line
	}
	frame.WriteString("\x1b[J") // erase the lines below
	return frame.Bytes()
}

// above returns how many lines of the terminal the last frame takes.
func (c *console) above() int {
	lines := 0
	for _, width := range c.drawn {
		lines += max(1, (width+c.width-1)/c.width)
	}
	return lines
}
