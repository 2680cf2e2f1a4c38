package checkpoint

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const (
	// maxKeySetText is the most characters of a state that the keys may take: enough for 3,000 random keys, and for
	// several times as many that Dataverse generated in sequence.
	maxKeySetText = 64 << 10
	// maxKeys is the most keys of a set, however well they compress: each is looked up when deletions are reconciled.
	maxKeys = 20_000
)

// errKeySet reports a text that is not an encoded set of keys.
var errKeySet = errors.New("the keys in the saved state cannot be read")

// KeySet is a set of row keys that is small enough for a state. It exists for small tables only: with it, a resync
// finds the rows that were deleted while changes could not be followed. It belongs to one goroutine.
type KeySet struct {
	keys map[guid]struct{}
	text []byte // the keys, encoded; nil: not encoded since the last change
}

type guid [16]byte

// NewKeySet returns an empty set.
func NewKeySet() *KeySet { return &KeySet{keys: map[guid]struct{}{}} }

// Add adds a key and reports whether it was known. ok is false if the key is not a GUID: then the set can no longer
// hold all keys.
func (k *KeySet) Add(key []byte) (known, ok bool) {
	id, ok := parseGUID(key)
	if !ok {
		return false, false
	}
	if _, known = k.keys[id]; !known {
		k.keys[id], k.text = struct{}{}, nil
	}
	return known, true
}

// Remove removes a key.
func (k *KeySet) Remove(key string) {
	id, ok := parseGUID([]byte(key))
	if _, known := k.keys[id]; ok && known {
		delete(k.keys, id)
		k.text = nil
	}
}

// List returns the keys in lower case, in a fixed order.
func (k *KeySet) List() []string {
	texts := make([]string, 0, len(k.keys))
	for _, id := range k.sorted() {
		texts = append(texts, id.String())
	}
	return texts
}

func (k *KeySet) sorted() []guid {
	return slices.SortedFunc(maps.Keys(k.keys), func(a, b guid) int { return bytes.Compare(a[:], b[:]) })
}

// Fits reports whether the set is small enough for a state.
func (k *KeySet) Fits() bool {
	if k.Full() {
		return false
	}
	const overhead = 64 // of an incompressible text: DEFLATE stores it in blocks with headers of 5 bytes (RFC 1951)
	if base64.StdEncoding.EncodedLen(len(k.keys)*len(guid{})+overhead) <= maxKeySetText {
		return true // most sets are this small, and need not be compressed for each page
	}
	text, err := k.MarshalText()
	return err == nil && len(text) <= maxKeySetText
}

// Full reports whether the set has more keys than any state may have.
func (k *KeySet) Full() bool { return len(k.keys) > maxKeys }

// MarshalText compresses the keys. Keys that were generated in sequence share their last bytes, so they compress best
// when the first bytes of all keys come first, then the second bytes, and so on.
func (k *KeySet) MarshalText() ([]byte, error) {
	if k.text != nil {
		return k.text, nil
	}
	ids := k.sorted()
	columns := make([]byte, 0, len(ids)*len(guid{}))
	for column := range len(guid{}) {
		for _, id := range ids {
			columns = append(columns, id[column])
		}
	}
	var out bytes.Buffer
	packed, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err == nil {
		_, err = packed.Write(columns)
		err = errors.Join(err, packed.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("pack the keys of a table: %w", err)
	}
	k.text = base64.StdEncoding.AppendEncode(nil, out.Bytes())
	return k.text, nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *KeySet) UnmarshalText(text []byte) error {
	packed, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return errKeySet
	}
	// Users can edit a state: a text that decompresses to more than the largest set is invalid.
	const most = maxKeys * len(guid{})
	columns, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), int64(most+1)))
	if err != nil || len(columns)%len(guid{}) != 0 || len(columns) > most {
		return errKeySet
	}
	rows := len(columns) / len(guid{})
	*k = *NewKeySet()
	for row := range rows {
		var id guid
		for column := range id {
			id[column] = columns[column*rows+row]
		}
		k.keys[id] = struct{}{}
	}
	return nil
}

func parseGUID(text []byte) (id guid, ok bool) {
	const length = len("00000000-0000-0000-0000-000000000000")
	if len(text) != length || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, false
	}
	digits := strings.ReplaceAll(string(text), "-", "")
	if len(digits) != hex.EncodedLen(len(id)) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(digits))
	return id, err == nil
}

func (g guid) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", g[:4], g[4:6], g[6:8], g[8:10], g[10:])
}
