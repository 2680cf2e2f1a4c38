package dataverse

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// skimmers keeps the memory of skimmers for the next ones.
type skimmers struct{ idle sync.Pool }

// over returns a skimmer that reads a body. It is to be handed to done after use.
func (s *skimmers) over(body io.Reader) *skimmer {
	used, ok := s.idle.Get().(*skimmer)
	if !ok {
		used = &skimmer{memory: make([]byte, skimmerMemory)}
	}
	used.body = body
	return used
}

func (s *skimmers) done(used *skimmer) {
	*used = skimmer{memory: used.memory}
	s.idle.Put(used)
}

// skimmerMemory is how much of an answer is looked at together.
const skimmerMemory = 128 << 10

// skimmer reads an answer for a decoder. In an array whose elements are much alike it offers each that follows another
// to take, which may know it without decoding it, and what take takes the decoder never sees: an answer is mostly such
// elements. place mends the errors of a decoder, which does not count what it does not see.
type skimmer struct {
	body   io.Reader
	memory []byte
	rest   []byte // of what is in memory
	err    error  // behind the rest

	// behind says that the decoder has just read an element of the array, and nothing else yet.
	behind bool
	last   byte   // that the decoder was given
	start  []byte // with which elements begin that take may know, and the comma before them
	// take takes the element that a text begins with and returns how long it is, 0 if it does not know it. It must know the
	// whole of it: what it takes is checked by nobody else.
	take    func(text []byte) (length int)
	longest int   // that was taken
	taken   int64 // bytes in all that the decoder does not count
}

// Read gives no more than reaches to the next text that begins like an element, so that nothing behind it is in the
// decoder's hands before it is known what it is.
func (s *skimmer) Read(p []byte) (int, error) {
	if s.behind && s.last == '}' {
		s.skim()
	}
	s.fill()
	if len(s.rest) == 0 {
		return 0, s.err
	}
	n := copy(p, s.rest[:s.nextElement(len(p))])
	if n > 0 {
		s.last = p[n-1]
	}
	s.rest = s.rest[n:]
	return n, nil
}

// skim takes the elements that come next, each with the comma before it.
func (s *skimmer) skim() {
	for {
		s.fill()
		if !bytes.HasPrefix(s.rest, []byte(",{")) {
			return
		}
		length := s.take(s.rest[1:])
		if length == 0 {
			return
		}
		s.longest = max(s.longest, length)
		s.taken += int64(1 + length)
		s.rest = s.rest[1+length:]
	}
}

// place adds to an error's place in the answer what was taken before it.
func (s *skimmer) place(err error) error {
	var broken *BrokenResponseError
	if s.taken > 0 && errors.As(err, &broken) && broken.form != "" {
		_ = broken.tellPlace(broken.form, broken.at+s.taken)
	}
	return err
}

// nextElement is where the next text stands that may be an element, or else how much can be given, most at the most. The
// first byte is passed over: it was looked at before.
func (s *skimmer) nextElement(most int) int {
	text := s.rest[:min(len(s.rest), most+len(s.start))]
	if len(s.start) == 0 {
		return len(text)
	}
	if at := bytes.Index(text[1:], s.start); at >= 0 {
		return at + 1
	}
	if s.err == nil { // an element may begin with the last bytes in memory
		return max(1, len(text)-len(s.start)+1)
	}
	return len(text)
}

// fill sees to it that a whole element is in memory, if it is not much longer than those before and the answer goes on
// for so long.
func (s *skimmer) fill() {
	if s.err != nil || len(s.rest) > min(max(2*s.longest, skimmerMemory/16), skimmerMemory/2) {
		return
	}
	n := copy(s.memory, s.rest)
	for n < len(s.memory) && s.err == nil {
		var more int
		more, s.err = s.body.Read(s.memory[n:])
		n += more
	}
	s.rest = s.memory[:n]
}
