package replicate

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
	// ledgerLimit is how many characters of a state a ledger may take. It is enough for 3,000 keys without any order,
	// and for several times that of keys that Dataverse has made one after the other.
	ledgerLimit = 64 << 10
	// ledgerKeys is how many keys a ledger may hold, however well they pack: each is looked up after a gap.
	ledgerKeys = 20_000
)

// errLedger says that a ledger's text is not one.
var errLedger = errors.New("the keys in the saved state cannot be read")

// ledger is a set of keys that has every row of the table that the destination holds. It exists for small tables only:
// with it a second reading finds out which rows were deleted while changes could not be followed.
type ledger struct {
	keys map[guid]struct{}
	text []byte // of the keys as they are; nil: not made yet
}

type guid [16]byte

func newLedger() *ledger { return &ledger{keys: map[guid]struct{}{}} }

// add notes a row, and says whether it was known. It is not ok for a key that is no GUID: then the ledger is of no use
// any more.
func (l *ledger) add(key []byte) (known, ok bool) {
	id, ok := parseGUID(key)
	if !ok {
		return false, false
	}
	if _, known = l.keys[id]; !known {
		l.keys[id], l.text = struct{}{}, nil
	}
	return known, true
}

// remove forgets a row whose deletion was sent.
func (l *ledger) remove(key string) {
	id, ok := parseGUID([]byte(key))
	if _, known := l.keys[id]; ok && known {
		delete(l.keys, id)
		l.text = nil
	}
}

// list names the keys, in a fixed order.
func (l *ledger) list() []string {
	texts := make([]string, 0, len(l.keys))
	for _, id := range l.sorted() {
		texts = append(texts, id.String())
	}
	return texts
}

func (l *ledger) sorted() []guid {
	return slices.SortedFunc(maps.Keys(l.keys), func(a, b guid) int { return bytes.Compare(a[:], b[:]) })
}

// fits says whether the ledger is small enough for a state.
func (l *ledger) fits() bool {
	if len(l.keys) > ledgerKeys {
		return false
	}
	text, err := l.MarshalText()
	return err == nil && len(text) <= ledgerLimit
}

// MarshalText packs the keys. Those that were made one after the other share their last bytes, so byte by byte of all
// keys they pack best.
func (l *ledger) MarshalText() ([]byte, error) {
	if l.text != nil {
		return l.text, nil
	}
	ids := l.sorted()
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
	l.text = base64.StdEncoding.AppendEncode(nil, out.Bytes())
	return l.text, nil
}

// UnmarshalText reads what MarshalText wrote.
func (l *ledger) UnmarshalText(text []byte) error {
	packed, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return errLedger
	}
	// A state is the user's to edit: what unpacks to more than any ledger holds is none.
	const most = ledgerKeys * len(guid{})
	columns, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), int64(most+1)))
	if err != nil || len(columns)%len(guid{}) != 0 || len(columns) > most {
		return errLedger
	}
	rows := len(columns) / len(guid{})
	*l = *newLedger()
	for row := range rows {
		var id guid
		for column := range id {
			id[column] = columns[column*rows+row]
		}
		l.keys[id] = struct{}{}
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
