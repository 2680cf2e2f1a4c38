package keyrange

import "encoding/binary"

// Totals are the number of keys, and the sum of their hashes modulo 2^64. Two sets of keys with equal totals are equal, but for
// a chance of one in 2^64.
type Totals struct {
	Rows int64  `json:"rows"`
	Sum  uint64 `json:"sum,string"`
}

// Add adds a key.
func (t *Totals) Add(k Key) {
	t.Rows++
	t.Sum += hash(k, sumSeed)
}

// Apart returns by how many rows two totals differ at least: 0 if they are equal.
func (t Totals) Apart(other Totals) int64 {
	switch rows := t.Rows - other.Rows; {
	case rows < 0:
		return -rows
	case rows == 0 && t.Sum != other.Sum:
		return 1
	default:
		return rows
	}
}

// Seeds of the hashes. A saved state has sums, so they never change.
const (
	sumSeed   = 0x9e3779b97f4a7c15
	checkSeed = 0xd1b54a32d192ed03
	cellSeed  = 0x8cb92ba72f3d8dd7
)

// hash returns a hash of a key. It is the same in all processes.
func hash(k Key, seed uint64) uint64 {
	return mix(mix(binary.BigEndian.Uint64(k[:8])+seed) ^ binary.BigEndian.Uint64(k[8:]))
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators").
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
