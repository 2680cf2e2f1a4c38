package dataverse

import (
	"bytes"
	"io"
)

const (
	// skimmed is how much of an answer is looked at together.
	skimmed = 64 << 10
	// familiarMost is the longest text of a column that is remembered; longer ones have labels or options.
	familiarMost = 8 << 10
)

// skimmer reads an answer for a decoder. Where the decoder is about to read a column and the text that follows is a
// familiar one, the skimmer takes the column itself and leaves the text out: an answer is mostly the same null members
// over and over, and comparing text is many times as fast as decoding it. The decoder's offsets do not count what is left
// out.
type skimmer struct {
	body   io.Reader
	memory []byte
	rest   []byte // of what is in memory
	err    error  // behind the rest

	familiar patterns
	// between says that the decoder stands in an array of columns, behind its bracket or a comma, or is about to read the comma.
	between bool
	take    func(definedColumn)
}

// Read gives no more than reaches to the next text that begins like a column, so that nothing behind it is in the
// decoder's hands before it is known what it is.
func (s *skimmer) Read(p []byte) (int, error) {
	if s.between {
		s.skim()
	}
	s.fill()
	if len(s.rest) == 0 {
		return 0, s.err
	}
	n := copy(p, s.rest[:s.nextColumn(len(p))])
	s.rest = s.rest[n:]
	return n, nil
}

// skim takes the familiar columns that come next. The last one of an array is left to the decoder: what follows a comma
// has to be a value.
func (s *skimmer) skim() {
	for {
		s.fill()
		column, length := s.familiar.match(s.rest)
		if length == 0 || !bytes.HasPrefix(s.rest[length:], []byte(",{")) {
			return
		}
		s.rest = s.rest[length+1:]
		s.take(column)
	}
}

// nextColumn is where the next text stands that may be a column, or else how much can be given, most at the most. The
// first byte is passed over: it was looked at before.
func (s *skimmer) nextColumn(most int) int {
	start := s.familiar.start
	text := s.rest[:min(len(s.rest), most+len(start))]
	if len(start) == 0 {
		return len(text)
	}
	if at := bytes.Index(text[1:], start); at >= 0 {
		return at + 1
	}
	if s.err == nil { // a column may begin with the last bytes in memory
		return max(1, len(text)-len(start)+1)
	}
	return len(text)
}

// fill sees to it that a whole column is in memory, if it is a familiar one and the answer goes on for so long.
func (s *skimmer) fill() {
	if len(s.rest) > familiarMost+len(",{") || s.err != nil {
		return
	}
	if s.memory == nil {
		s.memory = make([]byte, skimmed)
	}
	n := copy(s.memory, s.rest)
	for n < len(s.memory) && s.err == nil {
		var more int
		more, s.err = s.body.Read(s.memory[n:])
		n += more
	}
	s.rest = s.memory[:n]
}
