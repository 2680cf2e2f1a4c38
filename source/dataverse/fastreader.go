package dataverse

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// fastReaders keeps the memory of fast readers for the next ones.
type fastReaders struct{ idle sync.Pool }

// get returns a fast reader of a body, to be returned with put.
func (s *fastReaders) get(body io.Reader) *fastReader {
	r, ok := s.idle.Get().(*fastReader)
	if !ok {
		r = &fastReader{memory: make([]byte, fastReaderMemory)}
	}
	r.body = body
	return r
}

func (s *fastReaders) put(r *fastReader) {
	*r = fastReader{memory: r.memory}
	s.idle.Put(r)
}

// fastReaderMemory is how much of a response is examined at once.
const fastReaderMemory = 128 << 10

// fastReader is a reader between the body of a response and its decoder. A response is mostly one array of similar
// elements, so eachElement lets a function take elements out of the array as text, before the decoder sees them. The
// decoder reads the elements that the function leaves, and everything around the array.
//
//	body      ...already read...                                        ...not read...
//	          |  seen by the decoder  |  taken  |         rest         |
//	memory                     [   no longer needed    |  rest  |  free  ]
//	                                                   ^        ^
//	                                               next byte    filled up to here
//
// These invariants hold between two calls of Read:
//
//   - rest follows what the decoder has seen or a function has taken: no byte is skipped or passed on twice;
//   - the decoder's own buffer ends with an element if the next one may be taken, because Read gives it at most the
//     bytes before the next start of an element; so when it asks for more after an element, rest begins with the comma
//     of the next one;
//   - an error of the body waits in err until rest is empty.
type fastReader struct {
	body   io.Reader
	memory []byte
	rest   []byte // of what was read from the body
	err    error  // of the body, behind the rest

	// start is the beginning of the elements that may be taken, including the comma before them.
	start []byte
	// fast takes the element at the beginning of a text and returns its length, or 0 to leave it to the decoder. It is
	// nil except in eachElement, between two elements.
	fast func(text []byte) (length int)

	last    byte  // that the decoder was given
	longest int   // element that was taken
	taken   int64 // bytes in all, which the decoder does not count
}

// eachElement reads an array from d, which reads from r. It calls decode before each element, to read it from d, except
// for those that fast takes. fast is never called for the first element, only for elements that follow another. Nothing
// else checks what fast takes, so fast must be sure that it is valid JSON.
func (r *fastReader) eachElement(d *jsontext.Decoder, fast func(text []byte) (length int), decode func() error) error {
	if err := open(d, '['); err != nil {
		return err
	}
	for {
		kind := d.PeekKind() // calls Read if the decoder's buffer is empty
		r.fast = nil         // an element may have an array of objects in it
		if kind == ']' || kind == jsontext.KindInvalid {
			_, err := d.ReadToken()
			return broken(err)
		}
		if err := decode(); err != nil {
			return broken(err)
		}
		r.fast = fast
	}
}

// Read implements io.Reader for the decoder.
func (r *fastReader) Read(p []byte) (int, error) {
	if r.fast != nil && r.last == '}' {
		r.takeElements()
	}
	r.fill()
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest[:r.nextElement(len(p))])
	if n > 0 {
		r.last = p[n-1]
	}
	r.rest = r.rest[n:]
	return n, nil
}

// takeElements lets fast take the next elements, each with the comma before it.
func (r *fastReader) takeElements() {
	for {
		r.fill()
		if !bytes.HasPrefix(r.rest, []byte(",{")) {
			return
		}
		length := r.fast(r.rest[1:])
		if length == 0 {
			return
		}
		r.longest = max(r.longest, length)
		r.taken += int64(1 + length)
		r.rest = r.rest[1+length:]
	}
}

// correctPlace adds the bytes that were taken before it to the position that an error of the decoder names.
func (r *fastReader) correctPlace(err error) error {
	var broken *BrokenResponseError
	if r.taken > 0 && errors.As(err, &broken) && broken.form != "" {
		_ = broken.tellPlace(broken.form, broken.at+r.taken)
	}
	return err
}

// nextElement returns the position in rest of the next possible element, or how many bytes can be passed on, at most
// most. It skips the first byte, which was examined before.
func (r *fastReader) nextElement(most int) int {
	text := r.rest[:min(len(r.rest), most+len(r.start))]
	if len(r.start) == 0 {
		return len(text)
	}
	if at := bytes.Index(text[1:], r.start); at >= 0 {
		return at + 1
	}
	if r.err == nil { // an element may begin with the last bytes in memory
		return max(1, len(text)-len(r.start)+1)
	}
	return len(text)
}

// fill makes sure that a whole element is in memory, unless it is much longer than those before or the response ends
// first.
func (r *fastReader) fill() {
	if r.err != nil || len(r.rest) > min(max(2*r.longest, fastReaderMemory/16), fastReaderMemory/2) {
		return
	}
	n := copy(r.memory, r.rest)
	for n < len(r.memory) && r.err == nil {
		var more int
		more, r.err = r.body.Read(r.memory[n:])
		n += more
	}
	r.rest = r.memory[:n]
}
