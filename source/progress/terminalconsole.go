package progress

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/vbauerster/cupwriter"
)

// The size that is assumed of a terminal that does not report one.
const (
	assumedWidth  = 80
	assumedHeight = 24
)

// console is a terminal as mpb draws on it, which adds two things to mpb's own: it works on terminals of unknown size, and
// after a terminal has become narrower it erases as many lines as the last frame takes now. Terminals such as those of GNOME,
// macOS and Windows wrap lines that no longer fit, which mpb does not expect: it would leave the upper part of each frame.
type console struct {
	writer        *cupwriter.Writer
	width, height int
	drawn         []int // the widths of the lines of the last frame
	drawing       []int // and of the frame that is being written
}

func newConsole(out io.Writer) *console {
	return &console{writer: cupwriter.New(out, false)}
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
	if width < c.width {
		c.eraseWrapped(width)
	}
	c.width, c.height = width, height
	return width, frameLines, nil
}

// eraseWrapped replaces the commands that erase the last frame, which wait in the buffer for the next one. On Windows there
// are none: mpb erases by calls of the system.
func (c *console) eraseWrapped(width int) {
	if c.writer.Len() == 0 {
		return
	}
	lines := 0
	for _, drawn := range c.drawn {
		lines += max(1, (drawn+width-1)/width)
	}
	c.writer.Reset()
	fmt.Fprintf(c.writer, "\x1b[%dA\x1b[J", lines)
}

// Write writes text above the frame.
func (c *console) Write(text []byte) (int, error) { return c.writer.Write(text) }

// ReadFrom takes a line of the frame, with its line feed.
func (c *console) ReadFrom(line io.Reader) (int64, error) {
	text, err := io.ReadAll(line)
	if err != nil || len(text) == 0 {
		return 0, err
	}
	c.drawing = append(c.drawing, utf8.RuneCount(bytes.TrimSuffix(text, []byte("\n"))))
	n, err := c.writer.Write(text)
	return int64(n), err
}

// Flush writes the frame.
func (c *console) Flush(lines int) error {
	c.drawn, c.drawing = c.drawing, nil
	return c.writer.Flush(lines)
}
