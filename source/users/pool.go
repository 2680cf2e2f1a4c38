package users

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
)

// Client reads an environment as one application user.
type Client interface {
	Page(context.Context, dataverse.PageRequest, dataverse.Sink) (dataverse.Page, error)
	Table(ctx context.Context, name string) (*dataverse.Table, error)
	Metadata(context.Context, dataverse.MetadataRequest, dataverse.Sink) (time.Time, error)
	Content(context.Context, dataverse.ContentRequest) ([]byte, error)
	FileSizes(ctx context.Context, ids []string) (map[string]int64, error)
	WhoAmI(context.Context) (dataverse.Identity, error)
	Privileges(ctx context.Context, userID string) (dataverse.Privileges, error)
	ReadableColumns(ctx context.Context, userID string) (map[string]bool, error)
	IsAdministrator(ctx context.Context, userID string) (bool, error)
	Usage() dataverse.Usage
	// Retire notes that the user sends nothing more.
	Retire()
}

// User is an application user of the environment.
type User struct {
	Name   string // a noun phrase for messages, such as "the application user of additional_credentials[0]"
	Client Client
}

// Options adjust a Pool.
type Options struct {
	Log *slog.Logger
	// Explain turns an error of the user with a number, which counts from 0, into sentences for the person who runs the sync.
	Explain func(number int, err error) string
}

// Pool holds the application users of one environment, the first one first. It is safe for concurrent use.
type Pool struct {
	options Options
	users   []*member

	mu     sync.Mutex           // of what follows and of the members
	tables map[string][]*member // those with the widest right to read a table; a table that is missing: all of them
	rights map[*member]*rights  // of those that may read anything; nil: not compared yet
}

// member is a user of the pool.
type member struct {
	User
	number   int
	identity dataverse.Identity
	key      string // see Scan.User

	failure  error            // why the user can read nothing more; nil: it can
	refused  map[string]error // by table: why the user can no longer read it
	reported bool             // that it has failed, or that a table is refused
	scans    int              // that the user reads
	records  int64            // that its scans have delivered
}

// New returns a pool of users, at least one.
func New(users []User, o Options) *Pool {
	p := &Pool{options: o, tables: map[string][]*member{}}
	for i, u := range users {
		p.users = append(p.users, &member{User: u, number: i, refused: map[string]error{}})
	}
	return p
}

// UserError is an error of one application user.
type UserError struct {
	Name   string // of the user
	Number int    // of the user, from 0
	Cause  error  // what is wrong with the user
}

func (e *UserError) Error() string { return e.Name + ": " + e.Cause.Error() }

// Unwrap returns what is wrong with the user.
func (e *UserError) Unwrap() error { return e.Cause }

var (
	// ErrOtherOrganization reports a user whose sign-in leads to another organization than that of the first user.
	ErrOtherOrganization = errors.New("the user belongs to another organization")
	// ErrSameUser reports a user that the environment does not distinguish from one before it: their limits are the same.
	ErrSameUser = errors.New("the application user is the same as one before it")
)

// SignIn identifies all users. It reports those that cannot sign in, and returns the number of the first one that can. If
// none can, the error is that of the first user. A user of another organization is a *UserError.
func (p *Pool) SignIn(ctx context.Context) (first int, err error) {
	failures := make([]error, len(p.users))
	var group sync.WaitGroup
	for i, u := range p.users {
		group.Go(func() { u.identity, failures[i] = u.Client.WhoAmI(ctx) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	first = slices.Index(failures, nil)
	if first < 0 {
		return 0, failures[0]
	}
	for i, u := range p.users {
		switch {
		case failures[i] != nil:
		case u.identity.OrganizationID != p.users[first].identity.OrganizationID:
			return 0, &UserError{u.Name, i, ErrOtherOrganization}
		case slices.ContainsFunc(p.users[:i], func(o *member) bool { return o.identity.UserID == u.identity.UserID }):
			failures[i] = ErrSameUser
		}
	}
	for i, u := range p.users {
		u.key = keyOf(u.identity.UserID)
		if failures[i] != nil {
			p.fail(u, failures[i])
			p.report(ctx, u)
		}
	}
	return first, nil
}

// keyOf returns the short hash by which a state names a user.
func keyOf(userID string) string {
	const length = 4 // bytes: enough to tell a few users apart
	sum := sha256.Sum256([]byte(strings.ToLower(userID)))
	return hex.EncodeToString(sum[:length])
}

// fail notes that a user can read nothing more.
func (p *Pool) fail(u *member, cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u.fail(cause)
}

// fail notes that the user can read nothing more. The lock of the pool is held.
func (u *member) fail(cause error) {
	if u.failure == nil {
		u.failure = cause
		u.Client.Retire()
	}
}

// report warns once that a user has failed, or that it can no longer read a table, and that others take its place.
func (p *Pool) report(ctx context.Context, u *member) {
	p.mu.Lock()
	what, cause, reported := "cannot be used", u.failure, u.reported
	if cause == nil {
		for table, refusal := range u.refused {
			what, cause = "can no longer read table "+table, refusal
		}
	}
	u.reported = true
	p.mu.Unlock()
	if !reported {
		p.options.Log.WarnContext(ctx, fmt.Sprintf("%s %s. The other application users read its streams. The reason: %s",
			prose.Capital(u.Name), what, p.options.Explain(u.number, cause)))
	}
}

// Contribution is what one user has done for a sync.
type Contribution struct {
	Name    string
	Records int64
	dataverse.Usage
}

// Contributions returns what each user has done so far.
func (p *Pool) Contributions() []Contribution {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Contribution, len(p.users))
	for i, u := range p.users {
		all[i] = Contribution{Name: u.Name, Records: u.records, Usage: u.Client.Usage()}
	}
	return all
}
