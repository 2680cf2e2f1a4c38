package checkpoint

import "hash/maphash"

// SentKeys remembers the keys of the rows that a scan of changes has sent, in memory that does not grow: a Bloom
// filter. It may report an unsent key as sent, but never the reverse; with a million keys it is right about 98 in 100
// unsent ones.
type SentKeys struct {
	everything bool // any key may have been sent
	seed       maphash.Seed
	bits       []uint64
}

const (
	filterBits   = 1 << 23 // one MiB
	filterHashes = 5
)

// NewSentKeys returns a filter without keys, or one that reports every key as sent, for a scan that another process
// began or that was restarted.
func NewSentKeys(everything bool) *SentKeys {
	return &SentKeys{everything: everything, seed: maphash.MakeSeed()}
}

// Add adds a key.
func (s *SentKeys) Add(key []byte) {
	if s.everything {
		return
	}
	if s.bits == nil {
		s.bits = make([]uint64, filterBits/64)
	}
	for bit := range s.positions(maphash.Bytes(s.seed, key)) {
		s.bits[bit/64] |= 1 << (bit % 64)
	}
}

// MayHold reports whether a key may have been added; false is certain.
func (s *SentKeys) MayHold(key string) bool {
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
func (s *SentKeys) positions(hash uint64) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		first, second := hash>>32, hash&0xffffffff|1
		for i := range uint64(filterHashes) {
			if !yield((first + i*second) % filterBits) {
				return
			}
		}
	}
}
