package entityfile

import (
	"errors"
	"io"
)

// errTooLong is the error of a token or row that is longer than the window may become.
var errTooLong = errors.New("the token is longer than the window may become")

// window is a contiguous part of a text. It begins at the first byte that is still needed, and grows as far as a token needs
// it, up to a limit.
type window struct {
	from    io.Reader
	buffer  []byte
	at, end int // what is left of the buffer
	most    int
	err     error
}

const firstWindow = 64 << 10

func newWindow(from io.Reader, most int) window {
	return window{from: from, buffer: make([]byte, min(firstWindow, max(most, 512))), most: most}
}

// rest returns what has been read and not been consumed. It is valid until the next fill.
func (w *window) rest() []byte { return w.buffer[w.at:w.end] }

// fill reads more of the text after rest. It returns io.EOF at the end of the text, and errTooLong if rest is as long as it
// may become.
func (w *window) fill() error {
	if w.err != nil {
		return w.err
	}
	switch {
	case w.at > 0:
		w.end = copy(w.buffer, w.rest())
		w.at = 0
	case w.end == len(w.buffer):
		if len(w.buffer) >= w.most {
			return errTooLong
		}
		larger := make([]byte, min(2*len(w.buffer), max(w.most, len(w.buffer)+1)))
		w.end = copy(larger, w.rest())
		w.buffer = larger
	}
	for range 100 {
		var n int
		n, w.err = w.from.Read(w.buffer[w.end:])
		w.end += n
		if n > 0 {
			return nil
		}
		if w.err != nil {
			return w.err
		}
	}
	return io.ErrNoProgress
}
