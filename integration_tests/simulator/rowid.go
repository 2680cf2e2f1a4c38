package simulator

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// rowID is a guid whose bytes stand in the order in which SQL Server compares uniqueidentifiers: the last group of
// the text first, then the fourth, and then the other three from right to left with their bytes swapped. Pages of
// rows come in this order (Microsoft, "Comparing GUID and uniqueidentifier values").
type rowID [16]byte

// textOrder says which byte of a rowID stands at each position of the guid's text.
func textOrder() [16]int {
	return [16]int{15, 14, 13, 12, 11, 10, 9, 8, 6, 7, 0, 1, 2, 3, 4, 5}
}

// parseRowID reads a guid in its plain form, in any case.
func parseRowID(text string) (rowID, bool) {
	var id rowID
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, false
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != len(id) {
		return id, false
	}
	for i, at := range textOrder() {
		id[at] = raw[i]
	}
	return id, true
}

func (id rowID) compare(other rowID) int { return bytes.Compare(id[:], other[:]) }

// appendTo writes the guid in lower case, as rows show it.
func (id rowID) appendTo(dst []byte) []byte {
	var raw [16]byte
	for i, at := range textOrder() {
		raw[i] = id[at]
	}
	dst = append(hex.AppendEncode(dst, raw[:4]), '-')
	dst = append(hex.AppendEncode(dst, raw[4:6]), '-')
	dst = append(hex.AppendEncode(dst, raw[6:8]), '-')
	dst = append(hex.AppendEncode(dst, raw[8:10]), '-')
	return hex.AppendEncode(dst, raw[10:])
}

// appendQuotedTo writes the guid as a JSON string.
func (id rowID) appendQuotedTo(dst []byte) []byte {
	return append(id.appendTo(append(dst, '"')), '"')
}

func (id rowID) String() string { return string(id.appendTo(make([]byte, 0, 36))) }

// slotBits says how far apart the generated ids of a table lie: 2^12 units of 100 ns.
const slotBits = 12

// sequence makes the ids of a table's generated rows: version 1 guids as SQL Server's NEWSEQUENTIALID gives them,
// whose order is the order of the rows. An id is found again by arithmetic.
type sequence struct {
	prefix [8]byte // network node and clock sequence
	base   uint64  // time of row 0
	salt   uint64
	length int
}

func newSequence(seed uint64, table string, length int) sequence {
	const year2019, twoYears = 0x1e9_0d5a_0000_0000, 0x2_3e00_0000_0000
	s := sequence{salt: mix(seed, hashString(table)), length: length}
	binary.BigEndian.PutUint64(s.prefix[:], mix(s.salt, 1))
	copy(s.prefix[:], []byte{0x00, 0x0d, 0x3a}) // a network card of Microsoft's data centres
	s.prefix[6] = 0x80 | s.prefix[6]&0x3f
	s.base = (year2019 + mix(s.salt, 2)%twoYears) >> slotBits << slotBits
	return s
}

// id is the id of row i. It is defined beyond the last row too.
func (s sequence) id(i int) rowID {
	jitter := draw(s.salt, word(i)) & (1<<slotBits - 1)
	return s.at(s.base + word(i)<<slotBits + jitter)
}

// at is the id with that time stamp. Its bytes are those of a version 1 guid, most significant field first.
func (s sequence) at(stamp uint64) rowID {
	var id rowID
	copy(id[:], s.prefix[:])
	binary.BigEndian.PutUint64(id[8:], stamp&(1<<60-1)|1<<60)
	return id
}

// ceil is the index of the first row whose id is not below the one given; length if there is none.
func (s sequence) ceil(id rowID) int {
	if c := bytes.Compare(id[:8], s.prefix[:]); c != 0 {
		if c < 0 {
			return 0
		}
		return s.length
	}
	first := s.base | 1<<60
	last := first + word(s.length)<<slotBits
	stamp := binary.BigEndian.Uint64(id[8:])
	switch {
	case stamp < first:
		return 0
	case stamp >= last:
		return s.length
	}
	i := int((stamp - first) >> slotBits)
	if s.id(i).compare(id) < 0 {
		i++
	}
	return i
}

// find is the index of the row with that id.
func (s sequence) find(id rowID) (int, bool) {
	i := s.ceil(id)
	return i, i < s.length && s.id(i) == id
}
