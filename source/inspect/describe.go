package inspect

import (
	"context"
	"slices"
	"sync"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/users"
)

// describe sends all requests except those for rows. Without the list of tables and the privileges of the users, little can be
// found, so they are requested first: the limiter grants slots in the order of the requests, and a request that waits for a slot
// of a slow environment may be too late. The secured columns and the numbers of rows are requested of the tables in the list.
func (g *gatherer) describe(ctx context.Context) {
	var list, others sync.WaitGroup
	var summaries []dataverse.TableSummary
	list.Go(func() { summaries = g.list(ctx, g.accounts[g.first].Client) })
	g.privileges()
	g.describeEnvironment(&others)
	for i := range g.accounts {
		if g.facts.Users[i].SignIn == nil {
			g.describeUser(&others, i)
		}
	}
	list.Wait()
	g.selectTables(summaries)
	g.columns()
	others.Wait()
}

// privileges retrieves the privileges of the users.
func (g *gatherer) privileges() {
	var group sync.WaitGroup
	for i := range g.accounts {
		if user := &g.facts.Users[i]; user.SignIn == nil {
			group.Go(func() {
				g.optional("the privileges of "+user.Name, func(ctx context.Context) error {
					privileges, err := g.accounts[i].Client.Privileges(ctx, g.ids[i])
					if err == nil {
						user.Privileges = privileges
					}
					return err
				})
			})
		}
	}
	group.Wait()
}

// describeEnvironment sends the requests about the environment.
func (g *gatherer) describeEnvironment(group *sync.WaitGroup) {
	client := g.accounts[g.first].Client
	group.Go(func() {
		g.optional("the name and the version of the environment", func(ctx context.Context) error {
			organization, err := client.CurrentOrganization(ctx)
			if err == nil {
				g.facts.Organization, g.facts.ClockAhead = &organization, organization.ClockAhead
			}
			return err
		})
	})
	group.Go(func() {
		g.optional("how long the environment keeps deletions (organization.expirechangetrackingindays)", func(ctx context.Context) error {
			var err error
			g.facts.TokenDays, err = client.DeltaTokenDays(ctx)
			return err
		})
	})
	if c := g.options.Config; c.LabelLanguage != 0 && (c.ChoiceLabels || c.MetadataStreams) {
		g.facts.Language = c.LabelLanguage
		group.Go(func() {
			g.optional("the languages of the environment", func(ctx context.Context) error {
				var err error
				g.facts.Languages, err = client.ProvisionedLanguages(ctx)
				return err
			})
		})
	}
}

// list returns the tables of the environment. If the list with all their properties is refused, or does not arrive in time,
// one with the names alone may.
func (g *gatherer) list(ctx context.Context, client Client) []dataverse.TableSummary {
	summaries, failure := client.TableSummaries(g.limited) //nolint:contextcheck // it is derived from ctx
	if failure == nil && len(summaries) > 0 {
		return summaries
	}
	names, err := client.TableNames(ctx)
	if err == nil && len(names) == 0 {
		err = ErrNoTables
	}
	if err != nil {
		problem := g.options.Explain(Failure{User: g.first, Err: err})
		g.facts.ListProblem = &problem
		return nil
	}
	const what = "which tables have change tracking and which privileges they need"
	g.facts.NamesOnly = true
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.limited.Err() != nil:
		g.facts.NotRequested = append(g.facts.NotRequested, what)
	case failure != nil:
		g.facts.Unknown = append(g.facts.Unknown, Unknown{What: what, Reason: reason(failure)})
	}
	return withNames(names)
}

// describeUser sends the requests about a user, apart from the one for the privileges.
func (g *gatherer) describeUser(group *sync.WaitGroup, number int) {
	client, id, user := g.accounts[number].Client, g.ids[number], &g.facts.Users[number]
	of := " of " + user.Name
	group.Go(func() {
		g.optional("the name"+of, func(ctx context.Context) error {
			var err error
			user.FullName, err = client.UserName(ctx, id)
			return err
		})
	})
	group.Go(func() {
		g.optional("the security roles"+of, func(ctx context.Context) error {
			roles, err := client.UserRoles(ctx, id)
			user.Roles = roleNames(roles)
			a := &g.access[number]
			a.administrator = slices.ContainsFunc(roles, func(r dataverse.Role) bool { return r.Administrator })
			a.rolesKnown = err == nil || users.MayNotReadRoles(err)
			return err
		})
	})
	group.Go(func() {
		g.optional("the security roles of the teams"+of, func(ctx context.Context) error {
			roles, err := client.TeamRoles(ctx, id)
			user.TeamRoles = roleNames(roles)
			return err
		})
	})
}

func roleNames(roles []dataverse.Role) []string {
	var names []string
	for _, r := range roles {
		if r.Name != "" {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// columns retrieves the secured columns of the selected tables, which of them the users may read, and the numbers of rows.
func (g *gatherer) columns() {
	if len(g.facts.Tables) == 0 {
		return
	}
	var group sync.WaitGroup
	client := g.accounts[g.first].Client
	names := make([]string, len(g.facts.Tables))
	for i, t := range g.facts.Tables {
		names[i] = t.Summary.Table.LogicalName
	}
	if g.options.CountRows {
		group.Go(func() { g.count(client) })
	}
	g.optional("the secured columns", func(ctx context.Context) error {
		var err error
		if len(names) <= fewTables {
			g.secured, err = client.SecuredColumns(ctx, names)
		} else {
			g.secured, err = client.AllSecuredColumns(ctx)
		}
		return err
	})
	if slices.ContainsFunc(names, func(name string) bool { return len(g.secured[name]) > 0 }) {
		for i := range g.facts.Users {
			if u := &g.facts.Users[i]; u.SignIn == nil {
				group.Go(func() { g.permissions(u, i) })
			}
		}
	}
	group.Wait()
}

// fewTables is how many tables a single request for the secured columns can name.
const fewTables = 50

// permissions retrieves which secured columns a user may read.
func (g *gatherer) permissions(u *User, number int) {
	g.optional("the column permissions of "+u.Name, func(ctx context.Context) error {
		var err error
		a := &g.access[number]
		a.readable, err = g.accounts[number].Client.ReadableColumns(ctx, g.ids[number])
		a.readableKnown = err == nil
		return err
	})
}

// count retrieves the numbers of rows of the selected tables. Those of virtual tables are not in the environment.
func (g *gatherer) count(client Client) {
	var counted []string
	for _, t := range g.facts.Tables {
		if !t.Summary.Table.Virtual {
			counted = append(counted, t.Summary.Table.LogicalName)
		}
	}
	g.optional("the numbers of rows", func(ctx context.Context) error {
		counts, err := client.RowCounts(ctx, counted)
		for i := range g.facts.Tables {
			if rows, is := counts[g.facts.Tables[i].Summary.Table.LogicalName]; is {
				g.facts.Tables[i].Rows = &rows
			}
		}
		return err
	})
}

// withNames returns a list of tables of which only the names are known. They count as tables with change tracking, so that no
// finding is about their change tracking.
func withNames(names []string) []dataverse.TableSummary {
	summaries := make([]dataverse.TableSummary, len(names))
	for i, name := range names {
		summaries[i].Table = dataverse.Table{LogicalName: name, EntitySet: name, Tracked: true}
	}
	return summaries
}
