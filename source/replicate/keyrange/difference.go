package keyrange

import (
	"encoding/binary"
	"math/bits"
)

const (
	// cellsPerHash cells for each of cellHashes hashes: 2.5 MB in all, from which differences of some 50,000 keys can be read.
	cellsPerHash = 1 << 14
	cellHashes   = 4
	// prime is the modulus of the sums of a cell. If a cell has one key several times, its sum can be divided by their number,
	// because the modulus is prime.
	prime = 1<<61 - 1
	// limbBits is the number of bits in each of the three numbers that represent a key.
	limbBits = 43
)

// Difference finds the keys by which two sets differ, as long as these are few, in memory that does not grow with the sets. One
// set is added and the other one is removed. It is an invertible Bloom lookup table (Goodrich and Mitzenmacher, "Invertible Bloom
// lookup tables"; Eppstein and others, "What's the difference? Efficient set reconciliation without prior context"). A key may be
// added several times: then it is found unless it is removed as often. It is not safe for concurrent use.
type Difference struct {
	cells [cellHashes * cellsPerHash]cell
}

// cell sums up the keys whose hashes lead to it, each as often as it was added, less as often as it was removed.
type cell struct {
	count int64
	key   [3]uint64 // the bits of the key, modulo prime
	check uint64    // the hash of the key, modulo prime
}

// NewDifference returns the difference of two empty sets.
func NewDifference() *Difference { return &Difference{} }

// Add adds a key to the first set.
func (d *Difference) Add(k Key) { d.put(k, 1) }

// Remove adds a key to the second set.
func (d *Difference) Remove(k Key) { d.put(k, -1) }

func (d *Difference) put(k Key, times int64) {
	factor := modulo(times)
	limbs, check := limbsOf(k), hash(k, checkSeed)%prime
	at := hash(k, cellSeed)
	for i := range cellHashes {
		c := &d.cells[cellOf(at, i)]
		c.count += times
		for j, limb := range limbs {
			c.key[j] = plus(c.key[j], product(limb, factor))
		}
		c.check = plus(c.check, product(check, factor))
	}
}

// cellOf returns the index of the cell to which the i-th hash of a key leads. Each hash has cells of its own, so that a key never
// has two hashes in one cell.
func cellOf(at uint64, i int) int {
	return i*cellsPerHash + int(at>>(i*16)%cellsPerHash)
}

// Read returns the keys that were added more often than they were removed, and the number of those that were removed more often.
// ok is false if the sets differ by more keys than can be read. Read leaves the difference unusable.
func (d *Difference) Read() (added []Key, removed int, ok bool) {
	var open []int
	for i := range d.cells {
		open = append(open, i)
	}
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		k, times, single := d.cells[i].single()
		if !single {
			continue
		}
		if times > 0 {
			added = append(added, k)
		} else {
			removed++
		}
		d.put(k, -times)
		at := hash(k, cellSeed)
		for j := range cellHashes {
			open = append(open, cellOf(at, j))
		}
	}
	for i := range d.cells {
		if d.cells[i] != (cell{}) {
			return nil, 0, false
		}
	}
	return added, removed, true
}

// single returns the key of a cell that has only one, and how often the cell has it. ok is false for any other cell.
func (c *cell) single() (k Key, times int64, ok bool) {
	if c.count == 0 {
		return Key{}, 0, false
	}
	part := inverse(modulo(c.count))
	var limbs [3]uint64
	for j := range limbs {
		if limbs[j] = product(c.key[j], part); limbs[j]>>limbBits != 0 {
			return Key{}, 0, false
		}
	}
	k, ok = keyOf(limbs)
	return k, c.count, ok && product(c.check, part) == hash(k, checkSeed)%prime
}

// limbsOf returns the bits of a key as three numbers that are less than prime.
func limbsOf(k Key) [3]uint64 {
	high, low := binary.BigEndian.Uint64(k[:8]), binary.BigEndian.Uint64(k[8:])
	const mask = 1<<limbBits - 1
	return [3]uint64{low & mask, (low>>limbBits | high<<(64-limbBits)) & mask, high >> (2*limbBits - 64)}
}

// keyOf is the inverse of limbsOf.
func keyOf(limbs [3]uint64) (k Key, ok bool) {
	low := limbs[0] | limbs[1]<<limbBits
	high := limbs[1]>>(64-limbBits) | limbs[2]<<(2*limbBits-64)
	binary.BigEndian.PutUint64(k[:8], high)
	binary.BigEndian.PutUint64(k[8:], low)
	return k, limbsOf(k) == limbs
}

// modulo returns a small number as one modulo prime.
func modulo(n int64) uint64 {
	if n < 0 {
		return prime - uint64(-n)%prime
	}
	return uint64(n) % prime
}

func plus(a, b uint64) uint64 {
	if sum := a + b; sum < prime {
		return sum
	}
	return a + b - prime
}

func product(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return plus(low&prime, (low>>61|high<<3)%prime)
}

// inverse returns the number whose product with a is 1 (Fermat's little theorem).
func inverse(a uint64) uint64 {
	result := uint64(1)
	for n := uint64(prime - 2); n > 0; n >>= 1 {
		if n&1 != 0 {
			result = product(result, a)
		}
		a = product(a, a)
	}
	return result
}
