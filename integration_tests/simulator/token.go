package simulator

import (
	"slices"
	"strings"
	"sync"
)

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

func (g *tokenRegister) add(table string, token stamp, selected string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := table + " " + token.String()
	if !slices.Contains(g.selected[key], selected) {
		g.selected[key] = append(g.selected[key], selected)
	}
}

// original is the $select that a token was issued with, and whether the one given differs from it.
func (g *tokenRegister) original(table string, token stamp, selected string) (string, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.selected[table+" "+token.String()]
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
