package record

import (
	"bytes"
	"hash/maphash"
)

// row is the position of a row's line and key.
type row struct {
	place
	keyFrom, keyTo int32
	replaced       bool // by a later version on the page
}

// rows holds the rows of one page.
type rows struct {
	all         []row
	keys        []byte // one after the other
	keepRepeats bool
	seed        maphash.Seed
	byKey       map[uint64]int32 // the last row by the hash of its key
	newest      newest
}

func newRows(keepRepeats bool) rows {
	return rows{keepRepeats: keepRepeats, seed: maphash.MakeSeed(), byKey: map[uint64]int32{}}
}

// add adds a row. An earlier one with the same key is replaced.
func (r *rows) add(at place, key []byte) {
	from, next := int32(len(r.keys)), int32(len(r.all)) //nolint:gosec // a page has thousands of rows
	r.keys = append(r.keys, key...)
	if !r.keepRepeats {
		hash := maphash.Bytes(r.seed, key)
		if i, found := r.byKey[hash]; found && bytes.Equal(r.key(int(i)), key) {
			r.all[i].replaced = true
		}
		r.byKey[hash] = next
	}
	r.all = append(r.all, row{place: at, keyFrom: from, keyTo: int32(len(r.keys))}) //nolint:gosec // as above
}

func (r *rows) key(i int) []byte { return r.keys[r.all[i].keyFrom:r.all[i].keyTo] }

func (r *rows) clear() {
	r.all, r.keys = r.all[:0], r.keys[:0]
	clear(r.byKey)
	r.newest.clear()
}

// newest is the row with the greatest version on a page.
type newest struct {
	key     []byte
	version uint64
	known   bool
}

// see takes a row into account.
func (n *newest) see(f *rowFacts) {
	if f.versioned && (!n.known || f.version > n.version) {
		n.key, n.version, n.known = append(n.key[:0], f.key...), f.version, true
	}
}

func (n *newest) get() (key string, version uint64, ok bool) {
	return string(n.key), n.version, n.known
}

func (n *newest) clear() { n.key, n.version, n.known = n.key[:0], 0, false }
