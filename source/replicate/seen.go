package replicate

import (
	"bytes"
	"hash/maphash"
	"unicode/utf8"
)

// seen remembers the keys of the rows that a walk through changes has sent, in memory that does not grow: a Bloom
// filter. It may take a key for sent that was not, never the other way round; a million keys are told apart in 98 of
// 100 cases.
type seen struct {
	everything bool // the walk began in another process, so any key may have been sent
	seed       maphash.Seed
	bits       []uint64
	lower      []byte // the key at hand
}

const (
	seenBits   = 1 << 23 // one MiB
	seenHashes = 5
)

func newSeen(everything bool) *seen {
	return &seen{everything: everything, seed: maphash.MakeSeed()}
}

// add notes a key.
func (s *seen) add(key []byte) {
	if s.everything {
		return
	}
	if s.bits == nil {
		s.bits = make([]uint64, seenBits/64)
	}
	s.lower = appendLower(s.lower[:0], key) // as deletions have their keys
	for bit := range s.positions(maphash.Bytes(s.seed, s.lower)) {
		s.bits[bit/64] |= 1 << (bit % 64)
	}
}

// appendLower appends a key in lower case. All but those of other forms than Dataverse's are of ASCII.
func appendLower(dst, key []byte) []byte {
	for i, c := range key {
		switch {
		case c >= utf8.RuneSelf:
			return append(dst[:len(dst)-i], bytes.ToLower(key)...)
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// may says whether a key was perhaps noted. false is certain.
func (s *seen) may(key string) bool {
	if s.everything || s.bits == nil {
		return s.everything
	}
	for bit := range s.positions(maphash.String(s.seed, key)) {
		if s.bits[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// positions derives the bits of a key from the two halves of one hash (Kirsch and Mitzenmacher, "Less hashing, same
// performance").
func (s *seen) positions(hash uint64) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		first, second := hash>>32, hash&0xffffffff|1
		for i := range uint64(seenHashes) {
			if !yield((first + i*second) % seenBits) {
				return
			}
		}
	}
}
