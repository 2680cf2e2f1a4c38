package rows

import (
	"bytes"
	"encoding/binary"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// KeyPattern is how the primary keys of generated rows are distributed in the order of SQL Server.
type KeyPattern int

// The patterns. The service makes version 1 guids, in whose order the node comes first and the time last: the keys that one
// server makes are close together, each later than the one before. An import brings keys of its own.
const (
	OneNode    KeyPattern = iota // as one server makes them
	ThreeNodes                   // a third of the rows as each of three servers makes them
	RandomKeys                   // version 4 guids, evenly spread
)

// SlotBits is the distance of a table's generated ids: 2^12 units of 100 ns.
const SlotBits = 12

// Sequence makes the ids of a table's generated rows, whose order is the order of the rows. An id is found again by
// arithmetic.
type Sequence struct {
	nodes  [][8]byte // network node and clock sequence of the servers that made version 1 guids, ascending; none: version 4 guids
	Base   uint64    // time of a node's first row
	Salt   uint64
	Length int
}

func newSequence(seed uint64, table string, length int, pattern KeyPattern) Sequence {
	const year2019, twoYears = 0x1e9_0d5a_0000_0000, 0x2_3e00_0000_0000
	s := Sequence{Salt: Mix(seed, HashString(table)), Length: length}
	s.Base = (year2019 + Mix(s.Salt, 2)%twoYears) >> SlotBits << SlotBits
	servers := map[KeyPattern][]uint64{OneNode: {1}, ThreeNodes: {1, 3, 4}}[pattern]
	for _, server := range servers {
		s.nodes = append(s.nodes, node(Mix(s.Salt, server)))
	}
	slices.SortFunc(s.nodes, func(a, b [8]byte) int { return bytes.Compare(a[:], b[:]) })
	return s
}

// node returns the network node and the clock sequence of a server.
func node(h uint64) [8]byte {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], h)
	copy(n[:], []byte{0x00, 0x0d, 0x3a}) // a network card of Microsoft's data centres
	n[6] = 0x80 | n[6]&0x3f
	return n
}

// Id returns the id of row i. It is defined beyond the last row too.
func (s Sequence) Id(i int) guid.ID {
	if len(s.nodes) == 0 {
		return s.spread(i)
	}
	jitter := Draw(s.Salt, Word(i)) & (1<<SlotBits - 1)
	n := min(i/max(1, s.perNode()), len(s.nodes)-1)
	return at(s.nodes[n], s.Base+Word(i-n*s.perNode())<<SlotBits+jitter)
}

// perNode returns how many of the rows each node has made; the last one may have made fewer.
func (s Sequence) perNode() int { return (s.Length + len(s.nodes) - 1) / len(s.nodes) }

// at returns the id with that node and time stamp. Its bytes are those of a version 1 guid, most significant field first.
func at(node [8]byte, stamp uint64) guid.ID {
	var id guid.ID
	copy(id[:], node[:])
	binary.BigEndian.PutUint64(id[8:], stamp&(1<<60-1)|1<<60)
	return id
}

// spread returns the id of row i among version 4 guids: somewhere within its share of the first six bytes.
func (s Sequence) spread(i int) guid.ID {
	h := Draw(s.Salt, Word(i))
	id := randomID(h)
	first := min(Word(i), Word(s.Length))*s.share() + h%s.share()
	binary.BigEndian.PutUint32(id[:4], uint32(first>>16))
	binary.BigEndian.PutUint16(id[4:6], uint16(first))
	return id
}

// share is the part of the first six bytes that a row's id has for itself. Behind the last row one share is left.
func (s Sequence) share() uint64 { return (1 << 48) / Word(s.Length+1) }

// Fresh returns an id somewhere between those of the rows, or just behind them, by a number that was drawn.
func (s Sequence) Fresh(drawn uint64) guid.ID {
	if len(s.nodes) == 0 {
		return randomID(drawn)
	}
	return at(s.nodes[drawn>>32%Word(len(s.nodes))], s.Base+drawn%(Word(s.perNode()+16)<<SlotBits))
}

// ceil returns the index of the first row whose id is not below the one given; length if there is none.
func (s Sequence) ceil(id guid.ID) int {
	i := s.estimate(id)
	if i < s.Length && s.Id(i).Compare(id) < 0 {
		i++
	}
	return i
}

// estimate returns the index that ceil returns, or the one before it.
func (s Sequence) estimate(id guid.ID) int {
	if len(s.nodes) == 0 {
		first := binary.BigEndian.Uint64(id[:8]) >> 16
		return int(min(first/s.share(), Word(s.Length)))
	}
	for n, node := range s.nodes {
		begin, end := min(n*s.perNode(), s.Length), min((n+1)*s.perNode(), s.Length)
		switch bytes.Compare(id[:8], node[:]) {
		case -1:
			return begin
		case 0:
			first := s.Base | 1<<60
			stamp := binary.BigEndian.Uint64(id[8:])
			if stamp < first {
				return begin
			}
			return int(min((stamp-first)>>SlotBits, Word(end-begin))) + begin
		}
	}
	return s.Length
}

// Find returns the index of the row with that id.
func (s Sequence) Find(id guid.ID) (int, bool) {
	i := s.ceil(id)
	return i, i < s.Length && s.Id(i) == id
}
