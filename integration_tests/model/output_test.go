package model_test

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"sync"
)

// state is how a STATE's line begins.
var state = []byte(`{"type":"STATE"`)

// errGone is returned to a writer whose reader has gone.
var errGone = errors.New("the reader of the output has gone")

// output collects what a read writes to stdout, up to the cut.
type output struct {
	mu     sync.Mutex
	cut    cut // what is left until the output breaks
	breaks bool
	lines  [][]byte
	rest   []byte // of the line in which it broke
	ended  func(stream string)
	broke  func()
	broken bool
	end    func() // kills the process, if there is one; nil: it has not written anything yet
}

// newOutput makes an output that calls ended for each stream that ends, and broke when it breaks.
func newOutput(c cut, ended func(stream string), broke func()) *output {
	return &output{cut: c, breaks: c != cut{}, ended: ended, broke: broke}
}

// Write appends lines. The connector writes no part of a line.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for line := range bytes.Lines(p) {
		if room := o.room(line); o.broken || room < len(line) {
			if !o.broken {
				o.broken, o.rest = true, bytes.Clone(line[:room])
				o.broke()
			}
			return 0, errGone
		}
		line = bytes.Clone(bytes.TrimSuffix(line, []byte{'\n'}))
		o.lines = append(o.lines, line)
		if stream := endOf(line); stream != "" {
			o.ended(stream)
		}
	}
	return len(p), nil
}

// begun sets how the process that writes the output is killed.
func (o *output) begun(end func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end = end
}

// kill ends the connector at once. The lines that it has written remain.
func (o *output) kill() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken {
		return
	}
	o.broken = true
	if o.end != nil {
		o.end()
	}
	o.broke()
}

// room returns how many bytes of a line come before the cut.
func (o *output) room(line []byte) int {
	switch {
	case !o.breaks:
		return len(line)
	case o.cut.states > 0:
		if bytes.HasPrefix(line, state) {
			o.cut.states--
		}
		return len(line)
	default:
		n := min(len(line), o.cut.bytes)
		o.cut.bytes -= n
		return n
	}
}

// endOf returns the stream that a line reports as COMPLETE or INCOMPLETE, "" for any other line.
func endOf(line []byte) string {
	if !bytes.HasPrefix(line, []byte(`{"type":"TRACE"`)) || !bytes.Contains(line, []byte(`COMPLETE"`)) {
		return ""
	}
	return subject(line)
}

var subjects = regexp.MustCompile(`"(?:stream|name)":"([^"]*)"`)

// subject returns the stream that a line belongs to.
func subject(line []byte) string {
	found := subjects.FindSubmatch(line)
	if found == nil {
		return ""
	}
	return string(found[1])
}

// covered leaves out the records that no STATE of their stream covers.
func covered(lines [][]byte) [][]byte {
	var left [][]byte
	saved := map[string]bool{}
	for _, line := range slices.Backward(lines) {
		stream := subject(line)
		saved[stream] = saved[stream] || bytes.HasPrefix(line, state)
		if saved[stream] || !bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)) {
			left = append(left, line)
		}
	}
	slices.Reverse(left)
	return left
}
