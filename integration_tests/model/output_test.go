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

// errGone is what a writer gets whose reader has gone.
var errGone = errors.New("the reader of the output has gone")

// output is what a read writes to stdout, up to the cut.
type output struct {
	mu     sync.Mutex
	cut    cut // what is left until the output breaks
	breaks bool
	lines  [][]byte
	rest   []byte // of the line in which it broke
	ended  func(stream string)
	broke  func()
	broken bool
	end    func() // kills the process, where there is one; nil: it has not said anything yet
}

// newOutput makes an output that tells of streams that have ended, and of its break.
func newOutput(c cut, ended func(stream string), broke func()) *output {
	return &output{cut: c, breaks: c != cut{}, ended: ended, broke: broke}
}

// Write takes whole lines, as the connector writes them.
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

// begun says how the process is killed that writes the output.
func (o *output) begun(end func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end = end
}

// kill ends the reader at once. What it has written stands.
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

// room is how much of a line comes before the cut.
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

// endOf is the stream that a line says is complete or incomplete, "" for any other line.
func endOf(line []byte) string {
	if !bytes.HasPrefix(line, []byte(`{"type":"TRACE"`)) || !bytes.Contains(line, []byte(`COMPLETE"`)) {
		return ""
	}
	return subject(line)
}

var subjects = regexp.MustCompile(`"(?:stream|name)":"([^"]*)"`)

// subject is the stream that a line is about.
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
