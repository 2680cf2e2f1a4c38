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

// ledgerLimit is how many characters of a state a ledger may take. It is enough for 3,000 keys without any order, and
// for several times that of keys that Dataverse has made one after the other.
const ledgerLimit = 64 << 10

// errLedger says that a ledger's text is not one.
var errLedger = errors.New("the keys in the saved state cannot be read")

// ledger is the set of a table's keys that the destination holds. It exists for small tables only: with it a second
// reading finds out which rows were deleted while changes could not be followed.
type ledger struct {
	keys map[guid]struct{}
}

type guid [16]byte

func newLedger() *ledger { return &ledger{keys: map[guid]struct{}{}} }

// add notes a row. It is false for a key that is no GUID: then the ledger is of no use any more.
func (l *ledger) add(key []byte) bool {
	id, ok := parseGUID(key)
	if ok {
		l.keys[id] = struct{}{}
	}
	return ok
}

// remove forgets a row that was deleted.
func (l *ledger) remove(key []byte) {
	if id, ok := parseGUID(key); ok {
		delete(l.keys, id)
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

// encode writes the ledger for a state. It is empty for one that would take too much of it.
func (l *ledger) encode() (string, error) {
	// Keys made one after the other share their last bytes: column by column they pack best.
	ids := l.sorted()
	columns := make([]byte, 0, len(ids)*len(guid{}))
	for column := range len(guid{}) {
		for _, id := range ids {
			columns = append(columns, id[column])
		}
	}
	var out bytes.Buffer
	packed, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, err = packed.Write(columns)
		err = errors.Join(err, packed.Close())
	}
	if err != nil {
		return "", fmt.Errorf("pack the keys of a table: %w", err)
	}
	if base64.StdEncoding.EncodedLen(out.Len()) > ledgerLimit {
		return "", nil
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// decodeLedger reads what encode wrote.
func decodeLedger(text string) (*ledger, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errLedger
	}
	// A state is the user's to edit: what unpacks to more than any ledger holds is none.
	const most = 16 << 20
	columns, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), most))
	if err != nil || len(columns)%len(guid{}) != 0 || len(columns) == most {
		return nil, errLedger
	}
	l, rows := newLedger(), len(columns)/len(guid{})
	for row := range rows {
		var id guid
		for column := range id {
			id[column] = columns[column*rows+row]
		}
		l.keys[id] = struct{}{}
	}
	return l, nil
}

func parseGUID(text []byte) (id guid, ok bool) {
	const length = len("00000000-0000-0000-0000-000000000000")
	if len(text) != length || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(strings.ReplaceAll(string(text), "-", "")))
	return id, err == nil
}

func (g guid) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", g[:4], g[4:6], g[6:8], g[8:10], g[10:])
}
