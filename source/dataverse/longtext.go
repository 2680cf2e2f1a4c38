package dataverse

import "io"

// textShortener cuts the texts of a JSON body that are longer than a limit, while it is read, so that a row of any size fits
// in memory. A text that was cut is still longer than the limit, and still a valid JSON string, except that it may end
// within a UTF-8 character.
type textShortener struct {
	from io.Reader
	most int // bytes of a text, without quotation marks, that are not cut

	inText  bool
	length  int  // of the current text so far
	escape  int  // how many bytes of the current escape follow
	escaped bool // the next byte is the one after a backslash
	cut     bool // the current character, and the rest of the text, is dropped
}

// Read returns at least one byte, or an error.
func (s *textShortener) Read(p []byte) (int, error) {
	for {
		n, err := s.from.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if s.keeps(c) {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 || err != nil || len(p) == 0 {
			return len(kept), err
		}
	}
}

// keeps reports whether the next byte is passed on. An escape is kept or dropped as a whole.
func (s *textShortener) keeps(c byte) bool {
	switch {
	case !s.inText:
		s.inText, s.length, s.cut = c == '"', 0, false
		return true
	case s.escape > 0:
		if s.escape--; s.escaped && c == 'u' {
			s.escape = len("0041")
		}
		s.escaped = false
	case c == '"':
		s.inText = false
		return true
	default:
		s.cut = s.length > s.most
		if c == '\\' {
			s.escape, s.escaped = 1, true
		}
	}
	s.length++
	return !s.cut
}
