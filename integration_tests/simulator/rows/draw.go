package rows

import (
	"encoding/binary"
	"math/bits"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// Draw returns the n-th number of the stream of a salt (SplitMix64). Everything that looks random in an environment
// comes from here, so that the same seed makes the same environment.
func Draw(salt, n uint64) uint64 {
	h := salt + n*0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// Mix makes one salt of several numbers.
func Mix(values ...uint64) uint64 {
	var h uint64
	for _, v := range values {
		h = Draw(h+v, 1)
	}
	return h
}

// below scales a number that was drawn to one under n.
func below(h, n uint64) uint64 {
	scaled, _ := bits.Mul64(h, n)
	return scaled
}

// dice are the several small choices that one number decides.
type dice uint64

// roll returns one of 0 to n-1.
func (d *dice) roll(n int) int {
	side, rest := bits.Mul64(uint64(*d), Word(n))
	*d = dice(rest)
	return int(side)
}

// Word returns a count or an index as an operand of draw and mix.
func Word(i int) uint64 { return uint64(i) }

// HashString returns FNV-1a.
func HashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// randomID returns a version 4 guid.
func randomID(h uint64) guid.ID {
	var id guid.ID
	binary.BigEndian.PutUint64(id[:], Draw(h, 1))
	binary.BigEndian.PutUint64(id[8:], Draw(h, 2))
	id[9] = id[9]&0x0f | 0x40 // the version, first of the text's third group
	id[6] = id[6]&0x3f | 0x80
	return id
}
