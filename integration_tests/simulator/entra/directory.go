package entra

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Application is an app registration in Microsoft Entra ID and the application user made for it in the environment,
// with what may be wrong with either.
type Application struct {
	TenantID string
	ClientID string
	Secret   string // the secret's value; empty: it has no secret

	Certificates         []*x509.Certificate   // registered on it; their own dates count
	TrustedNames         []TrustedName         // whose certificates it accepts, if they come with the assertion
	FederatedCredentials []FederatedCredential // whose tokens it accepts
	Identity             Identity              // it is a managed identity of the machine and has no credentials

	Refused       int  // the AADSTS code with which Entra refuses each sign-in, one of Codes; 0: none
	SecretExpired bool // Entra refuses: AADSTS7000222
	NotMember     bool // the environment has no application user for it: 403 0x80072560
	NoRoles       bool // its application user has no security role: 403 0x80042F09
	Disabled      bool // its application user is disabled: 403 0x80040225
}

// Identity is whether an application is a managed identity.
type Identity int

// The kinds of managed identities.
const (
	NoIdentity Identity = iota
	SystemAssigned
	UserAssigned
)

// DefaultApplication returns the application that signs in where no other is given.
func DefaultApplication() Application {
	return Application{
		TenantID: "11111111-2222-4333-8444-555555555555",
		ClientID: "66666666-7777-4888-9999-aaaaaaaaaaaa",
		Secret:   "simulator-secret-value~0123456789",
	}
}

// defaultTokenLife is expires_in of Entra's usual response.
const defaultTokenLife = 3599 * time.Second

// application is an Application with its user in the environment.
type application struct {
	Application
	UserID string
}

// Directory knows the applications and the tokens that they were given.
type Directory struct {
	Applications []application
	life         time.Duration

	mu     sync.Mutex
	tokens map[string]grant
	cached map[string]keptToken // of managed identities, by client id and resource
}

// keptToken is a token that Azure keeps for a managed identity.
type keptToken struct {
	token   string
	expires time.Time
}

type grant struct {
	user    application
	claims  string // JSON that it was asked for with; empty: none
	other   string // the resource that it is for, as it was asked for; empty: the environment
	expires time.Time
}

// NewDirectory makes a directory; the first application signs in as the user that Environment knows of.
func NewDirectory(applications []Application, life time.Duration, firstUser string) *Directory {
	if len(applications) == 0 {
		applications = []Application{DefaultApplication()}
	}
	if life <= 0 {
		life = defaultTokenLife
	}
	d := &Directory{life: life, tokens: map[string]grant{}, cached: map[string]keptToken{}}
	for i, a := range applications {
		user := firstUser
		if i > 0 {
			user = guid.Derived("systemuser", a.TenantID, a.ClientID)
		}
		d.Applications = append(d.Applications, application{a, user})
	}
	return d
}

func (d *Directory) hasTenant(tenant string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.Applications {
		if strings.EqualFold(a.TenantID, tenant) {
			return true
		}
	}
	return false
}

// IsUser reports whether an application user has that systemuserid.
func (d *Directory) IsUser(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.Applications {
		if a.UserID == id {
			return true
		}
	}
	return false
}

func (d *Directory) find(tenant, client string) (application, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.Applications {
		if strings.EqualFold(a.TenantID, tenant) && strings.EqualFold(a.ClientID, client) {
			return a, true
		}
	}
	return application{}, false
}

// issue makes a token for the application, asked for with these claims, for another resource than the environment unless that is
// empty. It only looks like a JWT: nothing can be read
// from it, as Microsoft warns clients not to try.
func (d *Directory) issue(a application, claims, other string, now time.Time) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"RS256"}`))
	token := header + "." + rand.Text() + rand.Text() + "." + rand.Text()
	d.mu.Lock()
	defer d.mu.Unlock()
	for old, g := range d.tokens {
		if !now.Before(g.expires) {
			delete(d.tokens, old)
		}
	}
	d.tokens[token] = grant{a, claims, other, now.Add(d.life)}
	return token
}

// kept returns the token of a managed identity that Azure keeps, or issues one.
func (d *Directory) kept(a application, resource, other string, now time.Time) (string, time.Time) {
	key := a.ClientID + " " + resource
	d.mu.Lock()
	k, ok := d.cached[key]
	d.mu.Unlock()
	if !ok || !now.Before(k.expires) {
		k = keptToken{d.issue(a, "", other, now), now.Add(d.life)}
		d.mu.Lock()
		d.cached[key] = k
		d.mu.Unlock()
	}
	return k.token, k.expires
}

// identities returns the managed identities of the machine.
func (d *Directory) identities() []application {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []application
	for _, a := range d.Applications {
		if a.Identity != NoIdentity {
			found = append(found, a)
		}
	}
	return found
}

// User returns whose token it is; false for one that was never issued, is revoked or has expired, or is for another resource than
// the environment.
func (d *Directory) User(token string, now time.Time) (application, bool) {
	return d.UserAt(token, "", now)
}

// UserAt returns whose token for another resource it is, as User does. A resource with a slash at its end is another one.
func (d *Directory) UserAt(token, resource string, now time.Time) (application, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.tokens[token]
	if !ok || !now.Before(g.expires) || g.other != resource {
		return application{}, false
	}
	return d.current(g.user), true
}

// current returns an application as it is now. The lock is held.
func (d *Directory) current(a application) application {
	for _, other := range d.Applications {
		if other.UserID == a.UserID {
			return other
		}
	}
	return a
}

// Change changes an application and its user, also for the tokens that it was given before. It reports whether there is
// an application with that client id. Neither the tenant nor the client id can be changed.
func (d *Directory) Change(client string, change func(*Application)) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.Applications {
		if strings.EqualFold(d.Applications[i].ClientID, client) {
			change(&d.Applications[i].Application)
			return true
		}
	}
	return false
}

// UserOf returns the systemuserid of the application user of a client id, empty if there is none.
func (d *Directory) UserOf(client string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.Applications {
		if strings.EqualFold(a.ClientID, client) {
			return a.UserID
		}
	}
	return ""
}

// Revoke makes all tokens invalid.
func (d *Directory) Revoke() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.tokens)
}

// Refusal returns what is wrong with the application user, nil if nothing is.
func (a application) Refusal() *odata.Error {
	switch {
	case a.NotMember:
		return odata.Refuse(http.StatusForbidden, "0x80072560", "The user is not a member of the organization.")
	case a.Disabled:
		return odata.Refuse(http.StatusForbidden, "0x80040225", "The specified user(Id = %s) is disabled. Consider enabling this user. Additional Details: {\"Id\": \"%s\"}", a.UserID, a.UserID)
	case a.NoRoles:
		return odata.Refuse(http.StatusForbidden, "0x80042F09", "The user with id %s has not been assigned any roles.", a.UserID)
	default:
		return nil
	}
}
