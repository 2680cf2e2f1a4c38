package keyrange

import (
	"bytes"
	"encoding/hex"
)

// Key is the primary key of a row, a GUID. Its bytes are in the order in which SQL Server compares uniqueidentifiers: those of
// the last group of the text first, then those of the fourth, and then those of the other three from right to left (.NET,
// System.Data.SqlTypes.SqlGuid; Microsoft, "Comparing GUID and uniqueidentifier values").
type Key [keyLength]byte

const (
	keyLength  = 16
	textLength = len("00000000-0000-0000-0000-000000000000")
)

// textPlaces returns where in the text of a GUID the two digits of each byte of a Key begin.
func textPlaces() [keyLength]int {
	return [keyLength]int{24, 26, 28, 30, 32, 34, 19, 21, 16, 14, 11, 9, 6, 4, 2, 0}
}

// ParseKey reads a GUID in its plain form, in upper or lower case. ok is false for anything else.
func ParseKey[text string | []byte](from text) (k Key, ok bool) {
	if len(from) != textLength || from[8] != '-' || from[13] != '-' || from[18] != '-' || from[23] != '-' {
		return Key{}, false
	}
	for i, at := range textPlaces() {
		high, low := digit(from[at]), digit(from[at+1])
		if high > 15 || low > 15 {
			return Key{}, false
		}
		k[i] = high<<4 | low
	}
	return k, true
}

// digit returns the value of a hexadecimal digit, more than 15 for any other character.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	default:
		return 16
	}
}

// String returns the GUID in lower case, as the Web API prints it.
func (k Key) String() string {
	text := []byte("00000000-0000-0000-0000-000000000000")
	for i, at := range textPlaces() {
		hex.Encode(text[at:at+2], k[i:i+1])
	}
	return string(text)
}

// Compare orders keys as SQL Server does, with the results of cmp.Compare.
func (k Key) Compare(other Key) int { return bytes.Compare(k[:], other[:]) }
