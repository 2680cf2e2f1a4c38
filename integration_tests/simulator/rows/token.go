package rows

import (
	"slices"
	"strings"
	"sync"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// TokenRegister holds the $select that each token was issued with, and the users to whom it was.
type TokenRegister struct {
	mu       sync.Mutex
	selected map[string][]string // by table and token
	owners   map[string][]string // by table and token: the users to whom it was issued
}

// Own records that a token was issued to a user.
func (g *TokenRegister) Own(table string, token odata.Stamp, user string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.owners == nil {
		g.owners = map[string][]string{}
	}
	if key := table + " " + token.String(); !slices.Contains(g.owners[key], user) {
		g.owners[key] = append(g.owners[key], user)
	}
}

// Owns reports whether a token was issued to a user.
func (g *TokenRegister) Owns(table string, token odata.Stamp, user string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.owners[table+" "+token.String()], user)
}

// Add records that a token was issued with a $select.
func (g *TokenRegister) Add(table string, token odata.Stamp, selected string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := table + " " + token.String()
	if !slices.Contains(g.selected[key], selected) {
		g.selected[key] = append(g.selected[key], selected)
	}
}

// Original returns the $select that a token was issued with, and whether the one given differs from it.
func (g *TokenRegister) Original(table string, token odata.Stamp, selected string) (string, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	known := g.selected[table+" "+token.String()]
	if len(known) == 0 || slices.Contains(known, selected) {
		return selected, false
	}
	return known[0], true
}

// drop forgets the tokens of a table.
func (g *TokenRegister) drop(table string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key := range g.selected {
		if strings.HasPrefix(key, table+" ") {
			delete(g.selected, key)
		}
	}
}
