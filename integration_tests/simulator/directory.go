package simulator

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"sync"
	"time"
)

// Application is an app registration in Microsoft Entra ID and the application user made for it in the environment,
// with what may be wrong with either.
type Application struct {
	TenantID string
	ClientID string
	Secret   string // the secret's value

	SecretExpired bool // Entra refuses: AADSTS7000222
	NotMember     bool // the environment has no application user for it: 403 0x80072560
	NoRoles       bool // its application user has no security role: 403 0x80042F09
	Disabled      bool // its application user is disabled: 403 0x80040225
}

// DefaultApplication is the application that signs in where no other is given.
func DefaultApplication() Application {
	return Application{
		TenantID: "11111111-2222-4333-8444-555555555555",
		ClientID: "66666666-7777-4888-9999-aaaaaaaaaaaa",
		Secret:   "simulator-secret-value~0123456789",
	}
}

// defaultTokenLife is expires_in of Entra's usual answer.
const defaultTokenLife = 3599 * time.Second

// application is an Application with its user in the environment.
type application struct {
	Application
	userID string
}

// directory knows the applications and the tokens that they were given.
type directory struct {
	applications []application
	life         time.Duration

	mu     sync.Mutex
	tokens map[string]grant
}

type grant struct {
	user    application
	claims  string // JSON that it was asked for with; empty: none
	expires time.Time
}

// newDirectory makes a directory; the first application signs in as the user that Environment knows of.
func newDirectory(applications []Application, life time.Duration, firstUser string) *directory {
	if len(applications) == 0 {
		applications = []Application{DefaultApplication()}
	}
	if life <= 0 {
		life = defaultTokenLife
	}
	d := &directory{life: life, tokens: map[string]grant{}}
	for i, a := range applications {
		user := firstUser
		if i > 0 {
			user = stableID("systemuser", a.TenantID, a.ClientID)
		}
		d.applications = append(d.applications, application{a, user})
	}
	return d
}

func (d *directory) hasTenant(tenant string) bool {
	for _, a := range d.applications {
		if strings.EqualFold(a.TenantID, tenant) {
			return true
		}
	}
	return false
}

func (d *directory) isUser(id string) bool {
	for _, a := range d.applications {
		if a.userID == id {
			return true
		}
	}
	return false
}

func (d *directory) find(tenant, client string) (application, bool) {
	for _, a := range d.applications {
		if strings.EqualFold(a.TenantID, tenant) && strings.EqualFold(a.ClientID, client) {
			return a, true
		}
	}
	return application{}, false
}

// issue gives the application a token, asked for with these claims, that only looks like a JWT: nothing can be read from it, as Microsoft warns
// clients not to try.
func (d *directory) issue(a application, claims string, now time.Time) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"RS256"}`))
	token := header + "." + rand.Text() + rand.Text() + "." + rand.Text()
	d.mu.Lock()
	defer d.mu.Unlock()
	for old, g := range d.tokens {
		if !now.Before(g.expires) {
			delete(d.tokens, old)
		}
	}
	d.tokens[token] = grant{a, claims, now.Add(d.life)}
	return token
}

// user is whose token it is; false for one that was never issued, is revoked or has expired.
func (d *directory) user(token string, now time.Time) (application, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.tokens[token]
	if !ok || !now.Before(g.expires) {
		return application{}, false
	}
	return g.user, true
}

func (d *directory) revoke() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.tokens)
}
