package users

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"source-microsoft-dataverse/source/dataverse"
)

// Scan is the environment as the application user sees it that reads a table. It is safe for concurrent use.
//
// The user stays the same, because Microsoft does not document whether a delta token or a paging cookie is valid for
// another one. Only if the user can no longer read the table does the Scan send the same request as another user that may
// read as much of it.
type Scan struct {
	pool  *Pool
	table string
	user  *member   // nil: there is none that can read the table; the lock of the pool guards it
	left  []*member // users that are not reported yet, guarded like user
}

// Assign returns the environment as the user with the given key sees it, or, if that user cannot read the table or is
// not known, as the one that reads the fewest tables at the moment. The Scan must be closed.
func (p *Pool) Assign(table, key string) *Scan {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &Scan{pool: p, table: table}
	s.change(p.choose(table, key))
	return s
}

// candidates returns the users with the widest right to read a table. The lock is held.
func (p *Pool) candidates(table string) []*member {
	if found := p.tables[table]; found != nil {
		return found
	}
	return p.users
}

// choose returns the user that is to read a table, nil if none can. The lock is held.
func (p *Pool) choose(table, key string) *member {
	var chosen *member
	for _, u := range p.candidates(table) {
		switch {
		case !u.reads(table):
		case key != "" && u.key == key:
			return u
		case chosen == nil || u.scans < chosen.scans:
			chosen = u
		}
	}
	return chosen
}

// reads reports whether nothing is known that keeps a user from reading a table. The lock of the pool is held.
func (u *member) reads(table string) bool { return u.failure == nil && u.refused[table] == nil }

// change gives the scan another user. The lock of the pool is held.
func (s *Scan) change(to *member) {
	if s.user != nil {
		s.user.scans--
	}
	if s.user = to; to != nil {
		to.scans++
	}
}

// Close ends the scan: its user may read another table.
func (s *Scan) Close() {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.change(nil)
}

// User returns a short hash of the id of the user that reads, by which a state remembers it.
func (s *Scan) User() string {
	if u := s.current(); u != nil {
		return u.key
	}
	return ""
}

// current returns the present user, nil if there is none.
func (s *Scan) current() *member {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	return s.user
}

// ChangeToOwner changes to the user to which a delta token was issued, given by its key. A state from before there were
// several users does not name one: then it was the first. ChangeToOwner reports whether that is another user than the
// present one, and can read the table as well.
func (s *Scan) ChangeToOwner(key string) bool {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	for i, u := range s.pool.candidates(s.table) {
		isOwner := u.key == key || key == "" && i == 0 && u == s.pool.users[0]
		if isOwner && u != s.user && u.reads(s.table) {
			s.change(u)
			return true
		}
	}
	return false
}

// Delivered counts records that the scan has delivered.
func (s *Scan) Delivered(records int) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	if s.user != nil {
		s.user.records += int64(records)
	}
}

// Page reads a page.
func (s *Scan) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (page dataverse.Page, err error) {
	err = s.try(ctx, q.Table, func(c Client) error {
		page, err = c.Page(ctx, q, sink)
		return err
	})
	return page, err
}

// Table reads the definition of a table.
func (s *Scan) Table(ctx context.Context, name string) (table *dataverse.Table, err error) {
	err = s.try(ctx, "", func(c Client) error {
		table, err = c.Table(ctx, name)
		return err
	})
	return table, err
}

// Metadata reads the definitions of some tables.
func (s *Scan) Metadata(ctx context.Context, q dataverse.MetadataRequest, sink dataverse.Sink) (at time.Time, err error) {
	err = s.try(ctx, "", func(c Client) error {
		at, err = c.Metadata(ctx, q, sink)
		return err
	})
	return at, err
}

// Content reads a file or an image.
func (s *Scan) Content(ctx context.Context, q dataverse.ContentRequest) (content []byte, err error) {
	err = s.try(ctx, "", func(c Client) error {
		content, err = c.Content(ctx, q)
		return err
	})
	return content, err
}

// FileSizes returns the sizes of files.
func (s *Scan) FileSizes(ctx context.Context, ids []string) (sizes map[string]int64, err error) {
	err = s.try(ctx, "", func(c Client) error {
		sizes, err = c.FileSizes(ctx, ids)
		return err
	})
	return sizes, err
}

// WhoAmI requests the identity of the user that can read the table now, which shows whether the service responds.
func (s *Scan) WhoAmI(ctx context.Context) (who dataverse.Identity, err error) {
	err = s.try(ctx, "", func(c Client) error {
		who, err = c.WhoAmI(ctx)
		return err
	})
	return who, err
}

// try sends a request as one user after another until one of them can send it. table is the table whose rows are
// requested, empty for any other request.
func (s *Scan) try(ctx context.Context, table string, send func(Client) error) error {
	for {
		u := s.current()
		if u == nil {
			return s.firstFailure()
		}
		err := send(u.Client)
		if !s.leaves(u, table, err) {
			s.report(ctx)
			return err
		}
	}
}

// leaves reports whether an error means that a user can no longer read, and changes from that user to another one.
func (s *Scan) leaves(u *member, table string, err error) bool {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case failsUser(err):
		u.fail(err)
	case table == s.table && dataverse.HasCode(err, dataverse.CodePrivilegeMissing):
		u.refused[table] = cmp.Or(u.refused[table], err)
	default:
		return false
	}
	if s.user == u {
		s.left = append(s.left, u)
		s.change(p.choose(s.table, ""))
	}
	return true
}

// report reports the users that the scan has left, now that another one has taken their place.
func (s *Scan) report(ctx context.Context) {
	s.pool.mu.Lock()
	left := s.left
	s.left = nil
	s.pool.mu.Unlock()
	for _, u := range left {
		s.pool.report(ctx, u)
	}
}

// firstFailure returns why the first of the users that may read the table can no longer do so.
func (s *Scan) firstFailure() error {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	first := s.pool.candidates(s.table)[0]
	return cmp.Or(first.failure, first.refused[s.table])
}

// failsUser reports whether an error is one of the user and not of the request, the table or the environment: another
// user may send the same request. Codes are those of Microsoft, "Web service error codes".
func failsUser(err error) bool {
	var signIn *dataverse.SignInError
	var refused *dataverse.APIError
	switch {
	case errors.As(err, &signIn):
		return !signIn.Temporary()
	case !errors.As(err, &refused):
		return false
	case refused.Code == "":
		return refused.Status == http.StatusUnauthorized && !refused.Page.HTML
	default:
		return slices.Contains([]string{
			dataverse.CodeNotMember, dataverse.CodeNoRoles, dataverse.CodeUserDisabled, dataverse.CodeTicketOfDisabled,
			dataverse.CodeNoLicense, dataverse.CodeTenantForbidden,
		}, refused.Code)
	}
}
