package users

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/prose"
)

// Table is a table to read, with what decides how much of it a user may read.
type Table struct {
	Name    string
	Depth   func(dataverse.Privileges) dataverse.Depth // at which a user with these privileges may read the table, "" if it is unknown
	Secured []dataverse.SecuredColumn                  // the columns to read that not every user may read
}

// rights are what a user may read.
type rights struct {
	privileges dataverse.Privileges
	columns    ColumnRights
}

// Compare finds out which users have the widest right to read each table: from then on, only those are assigned to it.
// A user with a lesser right is reported once, and so is one whose rights cannot be retrieved, which reads nothing.
func (p *Pool) Compare(ctx context.Context, tables []Table) {
	found := p.retrieve(ctx, tables)
	if len(found) == 0 { // the context has ended
		return
	}
	compared := map[string][]*member{}
	lesser := map[*member][]string{}
	for _, t := range tables {
		widest := widestOf(p.users, found, t)
		compared[t.Name] = widest
		for _, u := range p.users {
			if r := found[u]; r != nil && !slices.Contains(widest, u) {
				most := found[widest[0]]
				lesser[u] = append(lesser[u], t.Name+" ("+Difference(t.Depth(r.privileges), t.Depth(most.privileges),
					r.columns.Unreadable(t.Secured), most.columns.Unreadable(t.Secured))+")")
			}
		}
	}
	p.mu.Lock()
	p.tables, p.rights = compared, found
	p.mu.Unlock()
	const named = 20 // tables in a sentence
	for _, u := range p.users {
		if less := lesser[u]; len(less) > 0 {
			p.options.Log.WarnContext(ctx, fmt.Sprintf("%s may read less than the other application users, so only they read these tables: %s. "+
				"Give all application users the same security roles and column security profiles.", prose.Capital(u.Name), prose.List(less, named)))
		}
	}
}

// widestOf returns the users with the widest right to read a table: the greatest depth, then the most secured columns, and
// of those who may read other columns the first. Users whose rights are not known are not among them.
func widestOf(users []*member, found map[*member]*rights, t Table) []*member {
	var widest []*member
	for _, u := range users {
		r := found[u]
		switch {
		case r == nil:
			continue
		case widest == nil:
			widest = []*member{u}
			continue
		}
		best := found[widest[0]]
		missing, least := r.columns.Unreadable(t.Secured), best.columns.Unreadable(t.Secured)
		order := dataverse.CompareDepths(t.Depth(r.privileges), t.Depth(best.privileges))
		switch {
		case order > 0, order == 0 && len(missing) < len(least):
			widest = []*member{u}
		case order == 0 && slices.Equal(missing, least):
			widest = append(widest, u)
		}
	}
	return widest
}

// retrieve retrieves the rights of all users that can sign in. A user whose rights are not known reads nothing, unless
// that is so for all: then the first of them reads everything, so that all rows are read with the same rights.
func (p *Pool) retrieve(ctx context.Context, tables []Table) map[*member]*rights {
	secured := slices.ContainsFunc(tables, func(t Table) bool { return len(t.Secured) > 0 })
	var usable []*member
	for _, u := range p.users {
		if u.failure == nil {
			usable = append(usable, u)
		}
	}
	all, failures := make([]*rights, len(usable)), make([]error, len(usable))
	var group sync.WaitGroup
	for i, u := range usable {
		group.Go(func() { all[i], failures[i] = u.rights(ctx, secured) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return nil
	}
	if !slices.Contains(failures, nil) {
		all[0], failures[0] = &rights{}, nil
	}
	found := map[*member]*rights{}
	for i, u := range usable {
		if failures[i] == nil {
			found[u] = all[i]
			continue
		}
		p.fail(u, failures[i])
		p.report(ctx, u)
	}
	return found
}

// rights retrieves what a user may read. Its secured columns are retrieved only if tables have any.
func (u *member) rights(ctx context.Context, secured bool) (*rights, error) {
	r := &rights{}
	var err error
	if r.privileges, err = u.Client.Privileges(ctx, u.identity.UserID); err != nil || !secured {
		return r, err
	}
	if r.columns, err = RetrieveColumnRights(ctx, u.Client, u.identity.UserID); err != nil {
		return nil, err
	}
	return r, nil
}

// Unreadable returns the secured columns of a table that none of the users with the widest right to the table can read.
func (p *Pool) Unreadable(t Table) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.rights[p.candidates(t.Name)[0]]; r != nil {
		return r.columns.Unreadable(t.Secured)
	}
	return nil
}

// Depth returns the depth at which the users that read a table may read it, "" if it is unknown.
func (p *Pool) Depth(t Table) dataverse.Depth {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.rights[p.candidates(t.Name)[0]]; r != nil {
		return t.Depth(r.privileges)
	}
	return ""
}
