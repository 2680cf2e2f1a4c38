package users_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/users"
)

// account is a table of which some columns are secured.
func account(secured ...dataverse.SecuredColumn) users.Table {
	return users.Table{
		Name:    "account",
		Depth:   func(p dataverse.Privileges) dataverse.Depth { return p.Read("account") },
		Secured: secured,
	}
}

func read(depth dataverse.Depth) dataverse.Privileges {
	return dataverse.Privileges{"prvreadaccount": depth}
}

func TestTableGoesToTheUsersWithTheWidestRight(t *testing.T) {
	salary, bonus := dataverse.SecuredColumn{Property: "salary", ID: "1"}, dataverse.SecuredColumn{Property: "bonus", ID: "2"}
	for name, example := range map[string]struct {
		users []client // with their rights
		reads string   // the numbers of the users that read the table
		warns string   // what the only warning has, "" for none
	}{
		"equal rights":                         {[]client{{privileges: read(dataverse.Global)}, {privileges: read(dataverse.Global)}}, "01", ""},
		"a lesser depth":                       {[]client{{privileges: read(dataverse.Global)}, {privileges: read(dataverse.Local)}}, "0", "The user 1 may read less"},
		"a lesser depth of the first":          {[]client{{privileges: read(dataverse.Deep)}, {privileges: read(dataverse.Global)}}, "1", "account (Read at Parent: Child Business Units level instead of Organization level)"},
		"no privilege":                         {[]client{{privileges: read(dataverse.Global)}, {privileges: dataverse.Privileges{}}}, "0", "account (no Read privilege)"},
		"a privilege that is not known":        {[]client{{privileges: dataverse.Privileges{}}, {privileges: dataverse.Privileges{}}}, "01", ""},
		"fewer secured columns":                {[]client{{columns: map[string]bool{"1": true}}, {columns: map[string]bool{"1": true, "2": true}}}, "1", "account (without column bonus)"},
		"other secured columns":                {[]client{{columns: map[string]bool{"1": true}}, {columns: map[string]bool{"2": true}}}, "0", "account (without column salary)"},
		"the same secured columns":             {[]client{{columns: map[string]bool{"1": true}}, {columns: map[string]bool{"1": true, "3": true}}}, "01", ""},
		"an administrator":                     {[]client{{columns: map[string]bool{"1": true}}, {administrator: true}}, "1", "account (without column bonus)"},
		"depth comes before secured columns":   {[]client{{privileges: read(dataverse.Local), administrator: true}, {privileges: read(dataverse.Global)}}, "1", "Read at Business Unit level"},
		"rights of one user that are unknown":  {[]client{{unknown: errors.New("no access")}, {privileges: read(dataverse.Local)}}, "1", "The user 0 cannot be used."},
		"rights of all users that are unknown": {[]client{{unknown: errors.New("no access")}, {unknown: errors.New("no access")}}, "0", "The user 1 cannot be used."},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, len(example.users))
			for i, u := range example.users {
				c := l.clients[i]
				c.privileges, c.columns, c.administrator, c.unknown = u.privileges, u.columns, u.administrator, u.unknown
			}
			l.signIn()
			l.pool.Compare(t.Context(), []users.Table{account(salary, bonus)})
			reads := ""
			for i := range l.clients {
				l.pool.Assign("account", "")
				if l.pool.Assign("account", l.nameOf(i)).User() == l.nameOf(i) {
					reads += string(rune('0' + i))
				}
			}
			assert.Equal(t, example.reads, reads)
			if example.warns == "" {
				assert.Zero(t, l.warnings(), "%s", &l.log)
				return
			}
			assert.Equal(t, 1, l.warnings(), "%s", &l.log)
			assert.Contains(t, l.log.String(), example.warns)
		})
	}
}

// nameOf returns the name by which a state remembers a user. A table that was not compared may be read by any.
func (l *lab) nameOf(i int) string {
	other := newLab(l.T, len(l.clients))
	other.signIn()
	var scan *users.Scan
	for range i + 1 {
		scan = other.pool.Assign("other", "")
	}
	return scan.User()
}

func TestScanDoesNotGoOnWithALesserRight(t *testing.T) {
	l := newLab(t, 2)
	l.clients[0].privileges, l.clients[1].privileges = read(dataverse.Global), read(dataverse.Local)
	l.signIn()
	table := account()
	l.pool.Compare(t.Context(), []users.Table{table})
	assert.Equal(t, dataverse.Global, l.pool.Depth(table))
	scan := l.pool.Assign("account", "")
	l.clients[0].refused["account"] = refusal(http.StatusForbidden, dataverse.CodeUserDisabled)
	_, err := scan.Page(t.Context(), dataverse.PageRequest{Table: "account"}, nil)
	assert.True(t, dataverse.HasCode(err, dataverse.CodeUserDisabled), "%v", err)
	assert.Empty(t, l.clients[1].pages)
}

func TestColumnsThatNoReaderOfATableMayReadAreReturned(t *testing.T) {
	l := newLab(t, 2)
	l.signIn()
	accounts := users.Table{
		Name: "account", Depth: func(p dataverse.Privileges) dataverse.Depth { return p.Read("account") },
		Secured: []dataverse.SecuredColumn{{Property: "salary", ID: "s"}, {Property: "bonus", ID: "b"}},
	}
	for _, c := range l.clients {
		c.privileges = dataverse.Privileges{"prvreadaccount": dataverse.Global}
	}
	l.clients[1].columns = map[string]bool{"b": true}
	assert.Empty(t, l.pool.Unreadable(accounts), "the rights are not known yet")
	l.pool.Compare(t.Context(), []users.Table{accounts})
	assert.Equal(t, []string{"salary"}, l.pool.Unreadable(accounts))
}
