// Package guid holds the ids of rows and definitions: guids in the order in which SQL Server compares them, which is
// the order in which Dataverse returns rows.
package guid

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// ID is a guid whose bytes stand in the order in which SQL Server compares uniqueidentifiers: the last group of
// the text first, then the fourth, and then the other three from right to left with their bytes swapped. Pages of
// rows come in this order (Microsoft, "Comparing GUID and uniqueidentifier values").
type ID [16]byte

// textOrder returns which byte of an ID stands at each position of the guid's text.
func textOrder() [16]int {
	return [16]int{15, 14, 13, 12, 11, 10, 9, 8, 6, 7, 0, 1, 2, 3, 4, 5}
}

// Parse reads a guid in its plain form, in any case.
func Parse(text string) (ID, bool) {
	var id ID
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

// Compare orders ids as SQL Server does, with the results of cmp.Compare.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// AppendTo writes the guid in lower case, as rows show it.
func (id ID) AppendTo(dst []byte) []byte {
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

// AppendQuotedTo writes the guid as a JSON string.
func (id ID) AppendQuotedTo(dst []byte) []byte {
	return append(id.AppendTo(append(dst, '"')), '"')
}

// String returns the guid in lower case.
func (id ID) String() string { return string(id.AppendTo(make([]byte, 0, 36))) }

// Derived returns a guid that depends on its arguments alone, for the ids of metadata and of other things that are not rows.
func Derived(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// New returns a random guid.
func New() string { return Derived(rand.Text()) }
