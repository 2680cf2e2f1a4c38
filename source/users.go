package source

import (
	"context"
	"errors"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/users"
)

// firstUser is how messages name the application user of the configuration's own credentials where there are more.
const firstUser = "the first application user"

// signIns returns the sources of tokens of all application users of a configuration, the first one first.
func signIns(c *config.Config, clients auth.Clients) ([]dataverse.Tokens, error) {
	var all []dataverse.Tokens
	for _, user := range allUsers(c) {
		source, err := auth.New(c, user, clients)
		if err != nil {
			return nil, err
		}
		all = append(all, source)
	}
	return all, nil
}

// allUsers returns the credentials of all application users, the first one first.
func allUsers(c *config.Config) []config.Credentials {
	return slices.Concat([]config.Credentials{c.Credentials}, c.AdditionalCredentials)
}

// userName returns how messages name one of some application users.
func userName(number int, all []config.Credentials) string {
	switch {
	case len(all) == 1:
		return "the application user"
	case number == 0:
		return firstUser
	default:
		return "the application user of " + all[number].Setting
	}
}

// signIn identifies the application users where there are several, and returns the client of the first one that can sign
// in.
func (i *invocation) signIn(ctx context.Context, c *config.Config, all []account) (*dataverse.Client, error) {
	if len(all) == 1 {
		return all[0].client, nil
	}
	list := make([]users.User, len(all))
	for n, a := range all {
		list[n] = users.User{Name: a.name, Client: a.client}
	}
	i.users = users.New(list, users.Options{Log: i.log, Explain: func(number int, err error) string {
		s := i.situation(c)
		s.number = number
		return explain(&verbError{s, err}).Message
	}})
	first, err := i.users.SignIn(ctx)
	return all[first].client, err
}

// compareUsers finds out which application users may read which streams, where there are several users. It returns the
// secured columns that the streams select.
func (i *invocation) compareUsers(ctx context.Context, client *dataverse.Client, p plan) (secured, error) {
	if i.users == nil {
		return nil, nil
	}
	columns, err := i.securedColumns(ctx, client, p)
	if err != nil {
		return nil, err
	}
	var tables []users.Table
	for _, s := range p.streams {
		if s.Table != nil && s.Metadata == nil {
			table := userTable(s)
			table.Secured = columns[s.Configured.Name]
			tables = append(tables, table)
		}
	}
	i.users.Compare(ctx, tables)
	return columns, ctx.Err()
}

// userTable returns the table of a stream without its secured columns.
func userTable(s replicate.Stream) users.Table {
	return users.Table{
		Name:  s.Configured.Name,
		Depth: func(p dataverse.Privileges) dataverse.Depth { return readDepth(p, s) },
	}
}

// selectedOf returns the secured columns whose values, or something made of them, a stream selects.
func selectedOf(secured []dataverse.SecuredColumn, s protocol.ConfiguredStream) []dataverse.SecuredColumn {
	var selected []dataverse.SecuredColumn
	for _, c := range secured {
		for name := range s.Columns {
			if strings.HasPrefix(name, c.Property) {
				selected = append(selected, c)
				break
			}
		}
	}
	return selected
}

// assign returns the function that assigns streams to application users, nil if there is one user.
func (i *invocation) assign() func(table, user string) replicate.UserEnvironment {
	if i.users == nil {
		return nil
	}
	return func(table, user string) replicate.UserEnvironment { return i.users.Assign(table, user) }
}

// contributions returns the function that returns what each application user has done, nil if there is one user.
func (i *invocation) contributions() func() []progress.UserFigures {
	if i.users == nil {
		return nil
	}
	return func() []progress.UserFigures {
		var figures []progress.UserFigures
		for _, c := range i.users.Contributions() {
			figures = append(figures, progress.UserFigures{
				Name: c.Name, Requests: c.Requests, Records: c.Records, Throttled: progress.Seconds(c.Throttled),
			})
		}
		return figures
	}
}

// ofUser returns the situation of an error of an application user.
func (s situation) ofUser(err error) situation {
	var failed *users.UserError
	if errors.As(err, &failed) {
		s.number = failed.Number
	}
	return s
}

// userIn returns the sentence that names the application user that an error is about, with a space after it. It is empty
// for any other error.
func userIn(err error) string {
	var failed *users.UserError
	if !errors.As(err, &failed) {
		return ""
	}
	return prose.Capital(failed.Name) + " cannot be used. "
}

// explainUsers explains what several application users may not have in common, and what they must.
func (s situation) explainUsers(err error) explanation {
	switch {
	case errors.Is(err, users.ErrOtherOrganization):
		return configError("Its sign-in leads to another organization than that of the other application users. Check that all " +
			"of them are application users of the environment at url.")
	case errors.Is(err, users.ErrSameUser):
		return configError("Its credentials are of the same application user as others in the configuration. Each user has limits of its own, so " +
			"enter another application, or remove the entry from additional_credentials.")
	default:
		return explanation{}
	}
}
