package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// deltaToken is a moment in a table's history: the row version that was current, and when the token was issued.
type deltaToken struct {
	version int64
	issued  time.Time
}

const tokenTime = "01/02/2006 15:04:05"

// String is the token's form, as 919042!08/22/2017 08:10:44 (Microsoft, "Use change tracking to synchronize data with
// external systems").
func (t deltaToken) String() string {
	return strconv.FormatInt(t.version, 10) + "!" + t.issued.UTC().Format(tokenTime)
}

func parseDeltaToken(text string) (deltaToken, *apiError) {
	version, issued, found := strings.Cut(text, "!")
	v, err := strconv.ParseInt(version, 10, 64)
	at, timeErr := time.Parse(tokenTime, issued)
	if !found || err != nil || timeErr != nil || v < 0 {
		return deltaToken{}, refuse(http.StatusBadRequest, "0x80044183", "Invalid version stamp")
	}
	return deltaToken{version: v, issued: at}, nil
}

// percentLower percent-encodes all but letters, digits and -_. with lower-case digits, as .NET does.
func percentLower(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// tokenRegister remembers the $select that each token was issued with.
type tokenRegister struct {
	mu       sync.Mutex
	selected map[string][]string // by table and token
}

func (g *tokenRegister) add(table string, t deltaToken, selected string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := table + " " + t.String()
	if !slices.Contains(g.selected[key], selected) {
		g.selected[key] = append(g.selected[key], selected)
	}
}

// original is the $select that a token was issued with, and whether the one given differs from it.
func (g *tokenRegister) original(table string, t deltaToken, selected string) (string, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.selected[table+" "+t.String()]
	if len(known) == 0 || slices.Contains(known, selected) {
		return selected, false
	}
	return known[0], true
}

// drop forgets the tokens of a table.
func (g *tokenRegister) drop(table string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key := range g.selected {
		if strings.HasPrefix(key, table+" ") {
			delete(g.selected, key)
		}
	}
}
