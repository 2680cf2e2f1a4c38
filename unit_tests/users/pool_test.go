package users_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/users"
)

// client is an application user as the service sees it.
type client struct {
	id, organization string
	signIn           error            // of every request
	refused          map[string]error // by table
	privileges       dataverse.Privileges
	unknown          error // of the request for the privileges
	columns          map[string]bool
	administrator    bool
	roles            error // of the request for the security roles

	pages   []string // the tables whose pages were requested
	retired int      // how often
}

func (c *client) WhoAmI(context.Context) (dataverse.Identity, error) {
	return dataverse.Identity{OrganizationID: c.organization, UserID: c.id}, c.signIn
}

func (c *client) Page(_ context.Context, q dataverse.PageRequest, _ dataverse.Sink) (dataverse.Page, error) {
	c.pages = append(c.pages, q.Table)
	if c.signIn != nil {
		return dataverse.Page{}, c.signIn
	}
	return dataverse.Page{Context: c.id}, c.refused[q.Table]
}

func (c *client) Table(_ context.Context, name string) (*dataverse.Table, error) {
	return &dataverse.Table{LogicalName: name}, c.signIn
}

func (c *client) Metadata(context.Context, dataverse.MetadataRequest, dataverse.Sink) (time.Time, error) {
	return time.Time{}, c.signIn
}

func (c *client) Content(context.Context, dataverse.ContentRequest) ([]byte, error) {
	return []byte(c.id), c.signIn
}

func (c *client) FileSizes(context.Context, []string) (map[string]int64, error) { return nil, c.signIn }

func (c *client) Privileges(context.Context, string) (dataverse.Privileges, error) {
	return c.privileges, c.unknown
}

func (c *client) ReadableColumns(context.Context, string) (map[string]bool, error) {
	return c.columns, nil
}

func (c *client) IsAdministrator(context.Context, string) (bool, error) {
	return c.administrator, c.roles
}

func (c *client) Usage() dataverse.Usage { return dataverse.Usage{Requests: int64(len(c.pages))} }

func (c *client) Retire() { c.retired++ }

// refusal is an error of the Web API.
func refusal(status int, code string) error {
	return fmt.Errorf("read a page: %w", &dataverse.APIError{Status: status, Code: code, Message: "refused"})
}

// lab is a pool of clients and its log.
type lab struct {
	*testing.T
	pool    *users.Pool
	clients []*client
	log     bytes.Buffer
}

// pool returns a pool of so many users of one organization.
func newLab(t *testing.T, n int) *lab {
	t.Helper()
	l := &lab{T: t}
	var list []users.User
	for i := range n {
		c := &client{id: fmt.Sprintf("user-%d", i), organization: "contoso", refused: map[string]error{}}
		l.clients = append(l.clients, c)
		list = append(list, users.User{Name: fmt.Sprintf("the user %d", i), Client: c})
	}
	l.pool = users.New(list, users.Options{
		Log:     slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Explain: func(_ int, err error) string { return "explained: " + err.Error() },
	})
	return l
}

// signIn signs all users in.
func (l *lab) signIn() {
	l.Helper()
	_, err := l.pool.SignIn(l.Context())
	require.NoError(l, err)
}

// reader returns the user that reads a page of a table.
func (l *lab) reader(s *users.Scan, table string) string {
	l.Helper()
	page, err := s.Page(l.Context(), dataverse.PageRequest{Table: table}, nil)
	require.NoError(l, err)
	return page.Context
}

// warnings returns the number of warnings.
func (l *lab) warnings() int { return strings.Count(l.log.String(), "level=WARN") }

func TestTablesGoToTheUserThatReadsTheFewest(t *testing.T) {
	l := newLab(t, 2)
	l.signIn()
	first, second := l.pool.Assign("account", ""), l.pool.Assign("contact", "")
	assert.Equal(t, "user-0", l.reader(first, "account"))
	assert.Equal(t, "user-1", l.reader(second, "contact"))
	second.Close()
	assert.Equal(t, "user-1", l.reader(l.pool.Assign("lead", ""), "lead"))
}

func TestScanKeepsTheUserThatTheStateNames(t *testing.T) {
	l := newLab(t, 3)
	l.signIn()
	name := l.pool.Assign("account", "").User()
	assert.Len(t, name, 8)
	for range 3 {
		assert.Equal(t, "user-0", l.reader(l.pool.Assign("account", name), "account"))
	}
	assert.Equal(t, "user-1", l.reader(l.pool.Assign("account", "unknown"), "account"))
}

func TestScanGoesOnWithAnotherUser(t *testing.T) {
	for name, failure := range map[string]error{
		"disabled":           refusal(http.StatusForbidden, dataverse.CodeUserDisabled),
		"without roles":      refusal(http.StatusForbidden, dataverse.CodeNoRoles),
		"not a member":       refusal(http.StatusForbidden, dataverse.CodeNotMember),
		"a rejected token":   refusal(http.StatusUnauthorized, ""),
		"without privileges": refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, 2)
			l.signIn()
			one, other := l.pool.Assign("account", ""), l.pool.Assign("contact", "")
			require.Equal(t, "user-0", l.reader(one, "account"))
			before := one.User()
			l.clients[0].refused["account"] = failure
			assert.Equal(t, "user-1", l.reader(one, "account"), "the same page is requested as another user")
			assert.Equal(t, "user-1", l.reader(one, "account"))
			assert.NotEqual(t, before, one.User())
			assert.Equal(t, []string{"account", "account"}, l.clients[0].pages)
			other.Close()
			assert.Equal(t, "user-1", l.reader(l.pool.Assign("account", before), "account"))
			assert.Equal(t, 1, l.warnings(), "%s", &l.log)
			assert.Contains(t, l.log.String(), "The user 0 ")
			assert.Contains(t, l.log.String(), "explained: read a page")
			if name == "without privileges" {
				assert.Zero(t, l.clients[0].retired, "it reads other tables")
			} else {
				assert.Equal(t, 1, l.clients[0].retired)
			}
		})
	}
}

func TestOtherErrorsDoNotChangeTheUser(t *testing.T) {
	for name, failure := range map[string]error{
		"of the table":         refusal(http.StatusNotFound, dataverse.CodeURINotParsed),
		"of a delta token":     refusal(http.StatusBadRequest, dataverse.CodeTokenExpired),
		"of a limit":           refusal(http.StatusTooManyRequests, dataverse.CodeThrottledTime),
		"of the environment":   refusal(http.StatusForbidden, dataverse.CodeIPBlocked),
		"without a code":       refusal(http.StatusForbidden, ""),
		"of the network":       errors.New("connection reset"),
		"of a canceled caller": context.Canceled,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, 2)
			l.signIn()
			scan := l.pool.Assign("account", "")
			l.clients[0].refused["account"] = failure
			_, err := scan.Page(t.Context(), dataverse.PageRequest{Table: "account"}, nil)
			require.ErrorIs(t, err, failure)
			assert.Empty(t, l.clients[1].pages)
			assert.Zero(t, l.warnings())
		})
	}
}

func TestErrorOfTheFirstUserCountsIfAllFail(t *testing.T) {
	l := newLab(t, 3)
	l.signIn()
	scan := l.pool.Assign("account", l.pool.Assign("contact", "").User())
	for i, c := range l.clients {
		c.refused["account"] = fmt.Errorf("user %d: %w", i, refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing))
	}
	for range 2 {
		_, err := scan.Page(t.Context(), dataverse.PageRequest{Table: "account"}, nil)
		require.ErrorContains(t, err, "user 0:")
	}
	assert.Zero(t, l.warnings(), "the error of the stream says enough")
	assert.Equal(t, "user-1", l.reader(l.pool.Assign("lead", ""), "lead"), "the users can read other tables")
}

func TestSignInOfSeveralUsers(t *testing.T) {
	disabled := refusal(http.StatusForbidden, dataverse.CodeUserDisabled)
	for name, example := range map[string]struct {
		fails []int
		first int
		err   string
		warns int
	}{
		"all can sign in":             {nil, 0, "", 0},
		"a further one cannot":        {[]int{1}, 0, "", 1},
		"the first one cannot":        {[]int{0}, 1, "", 1},
		"none can":                    {[]int{0, 1, 2}, 0, "refused", 0},
		"two of three cannot sign in": {[]int{0, 2}, 1, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, 3)
			for _, i := range example.fails {
				l.clients[i].signIn = disabled
			}
			first, err := l.pool.SignIn(t.Context())
			if example.err != "" {
				require.ErrorContains(t, err, example.err)
				require.ErrorIs(t, err, disabled)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, example.first, first)
			assert.Equal(t, example.warns, l.warnings(), "%s", &l.log)
			for _, i := range example.fails {
				assert.NotContains(t, l.reader(l.pool.Assign("account", ""), "account"), fmt.Sprint(i))
			}
		})
	}
}

func TestUsersMustBelongTogether(t *testing.T) {
	l := newLab(t, 2)
	l.clients[1].organization = "fabrikam"
	_, err := l.pool.SignIn(t.Context())
	require.ErrorIs(t, err, users.ErrOtherOrganization)
	require.ErrorContains(t, err, "the user 1")
	l = newLab(t, 2)
	l.clients[1].id = l.clients[0].id
	l.signIn()
	assert.Equal(t, 1, l.warnings())
	l.pool.Assign("account", "")
	assert.Equal(t, "user-0", l.reader(l.pool.Assign("contact", ""), "contact"))
	assert.Empty(t, l.clients[1].pages)
}

func TestDeltaTokenLeadsToItsOwner(t *testing.T) {
	l := newLab(t, 2)
	l.signIn()
	first := l.pool.Assign("account", "")
	second := l.pool.Assign("account", "")
	assert.False(t, first.ChangeToOwner(first.User()), "it reads already")
	assert.False(t, first.ChangeToOwner("unknown"))
	assert.False(t, first.ChangeToOwner(""), "a state that names no user is of the first one")
	assert.True(t, second.ChangeToOwner(""))
	assert.Equal(t, "user-0", l.reader(second, "account"))
	assert.True(t, second.ChangeToOwner(l.pool.Assign("account", "").User()))
	assert.Equal(t, "user-1", l.reader(second, "account"))
	l.clients[0].refused["account"] = refusal(http.StatusForbidden, dataverse.CodeUserDisabled)
	assert.Equal(t, "user-1", l.reader(first, "account"))
	assert.False(t, second.ChangeToOwner(""), "the owner has failed")
}

func TestContributionsCountRequestsAndRecords(t *testing.T) {
	l := newLab(t, 2)
	l.signIn()
	scan := l.pool.Assign("account", "")
	l.reader(scan, "account")
	scan.Delivered(70)
	l.clients[0].refused["account"] = refusal(http.StatusForbidden, dataverse.CodeNoRoles)
	l.reader(scan, "account")
	scan.Delivered(5)
	assert.Equal(t, []users.Contribution{
		{Name: "the user 0", Records: 70, Usage: dataverse.Usage{Requests: 2}},
		{Name: "the user 1", Records: 5, Usage: dataverse.Usage{Requests: 1}},
	}, l.pool.Contributions())
}
