package rows

import (
	"bytes"
	"encoding/binary"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// SlotBits is the distance of a table's generated ids: 2^12 units of 100 ns.
const SlotBits = 12

// Sequence makes the ids of a table's generated rows: version 1 guids as SQL Server's NEWSEQUENTIALID has them,
// whose order is the order of the rows. An id is found again by arithmetic.
type Sequence struct {
	prefix [8]byte // network node and clock sequence
	Base   uint64  // time of row 0
	Salt   uint64
	Length int
}

func newSequence(seed uint64, table string, length int) Sequence {
	const year2019, twoYears = 0x1e9_0d5a_0000_0000, 0x2_3e00_0000_0000
	s := Sequence{Salt: Mix(seed, HashString(table)), Length: length}
	binary.BigEndian.PutUint64(s.prefix[:], Mix(s.Salt, 1))
	copy(s.prefix[:], []byte{0x00, 0x0d, 0x3a}) // a network card of Microsoft's data centres
	s.prefix[6] = 0x80 | s.prefix[6]&0x3f
	s.Base = (year2019 + Mix(s.Salt, 2)%twoYears) >> SlotBits << SlotBits
	return s
}

// Id returns the id of row i. It is defined beyond the last row too.
func (s Sequence) Id(i int) guid.ID {
	jitter := Draw(s.Salt, Word(i)) & (1<<SlotBits - 1)
	return s.At(s.Base + Word(i)<<SlotBits + jitter)
}

// At returns the id with that time stamp. Its bytes are those of a version 1 guid, most significant field first.
func (s Sequence) At(stamp uint64) guid.ID {
	var id guid.ID
	copy(id[:], s.prefix[:])
	binary.BigEndian.PutUint64(id[8:], stamp&(1<<60-1)|1<<60)
	return id
}

// ceil returns the index of the first row whose id is not below the one given; length if there is none.
func (s Sequence) ceil(id guid.ID) int {
	if c := bytes.Compare(id[:8], s.prefix[:]); c != 0 {
		if c < 0 {
			return 0
		}
		return s.Length
	}
	first := s.Base | 1<<60
	last := first + Word(s.Length)<<SlotBits
	stamp := binary.BigEndian.Uint64(id[8:])
	switch {
	case stamp < first:
		return 0
	case stamp >= last:
		return s.Length
	}
	i := int((stamp - first) >> SlotBits)
	if s.Id(i).Compare(id) < 0 {
		i++
	}
	return i
}

// Find returns the index of the row with that id.
func (s Sequence) Find(id guid.ID) (int, bool) {
	i := s.ceil(id)
	return i, i < s.Length && s.Id(i) == id
}
