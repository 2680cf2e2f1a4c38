package dataverse_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// fixed is a token that never changes.
type fixed string

func (k fixed) Token(context.Context) (string, error) { return string(k), nil }

func (k fixed) Renew(context.Context, string, string) error { return nil }

// team is a service that serves users by the names that are their tokens. A request takes a second of synctest's clock.
type team struct {
	hint string
	most int // requests of one user at once; more are refused

	mu       sync.Mutex
	refuses  map[string]http.HandlerFunc // the next request of a user
	now, all map[string]int              // requests of each user
	peak     map[string]int              // most requests of each user at once, "" for all of them
	times    map[string][]time.Time      // of the requests
}

func newTeam(hint string) *team {
	return &team{
		hint: hint, most: 1000, refuses: map[string]http.HandlerFunc{}, now: map[string]int{}, all: map[string]int{}, peak: map[string]int{},
		times: map[string][]time.Time{},
	}
}

func (s *team) RoundTrip(r *http.Request) (*http.Response, error) {
	user := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	response := s.enter(user)
	recorder := httptest.NewRecorder()
	recorder.Header().Set("x-ms-dop-hint", s.hint)
	if response != nil {
		response(recorder, r)
	} else {
		time.Sleep(time.Second)
		good(emptyPage)(recorder, r)
	}
	s.mu.Lock()
	s.now[user]--
	s.now[""]--
	s.mu.Unlock()
	result := recorder.Result()
	result.Request = r
	return result, nil
}

// enter counts a request, and returns its refusal, nil for none.
func (s *team) enter(user string) http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[user]++
	s.times[user] = append(s.times[user], time.Now())
	for _, of := range []string{user, ""} {
		s.now[of]++
		s.peak[of] = max(s.peak[of], s.now[of])
	}
	if refusal := s.refuses[user]; refusal != nil {
		delete(s.refuses, user)
		return refusal
	}
	if s.now[user] > s.most {
		return refuse(http.StatusTooManyRequests, throttled, "Retry-After", "1")
	}
	return nil
}

// clients returns a client of each user.
func (s *team) clients(names []string, change ...func(*dataverse.Options)) []*dataverse.Client {
	base := func(o *dataverse.Options) { o.Budget, o.User = time.Hour, names[0] }
	clients := []*dataverse.Client{dataverse.New("https://contoso.crm.example", fixed(names[0]), s, options(append(change, base)...))}
	for _, name := range names[1:] {
		clients = append(clients, clients[0].As(name, fixed(name)))
	}
	return clients
}

// readBy reads so many pages as each of the clients, all at once.
func readBy(t *testing.T, n int, clients ...*dataverse.Client) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		for _, c := range clients {
			group.Go(func() {
				_, _, err := read(t.Context(), c, "accounts")
				assert.NoError(t, err)
			})
		}
	}
	group.Wait()
}

func TestUsersShareOneCeiling(t *testing.T) {
	for name, example := range map[string]struct {
		hint       string
		concurrent int // MaxConcurrent
		total      int
	}{
		"which the service recommends":              {"6", 0, 6},
		"of one request":                            {"1", 0, 1},
		"which the user sets for all of them":       {"48", 5, 5},
		"beyond what the service takes of one user": {"90", 0, 90},
		"of what the service takes of all users":    {"500", 0, 104},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTeam(example.hint)
				clients := s.clients([]string{"ann", "bob"}, func(o *dataverse.Options) { o.MaxConcurrent = example.concurrent })
				readBy(t, 1, clients...) // which brings the hint
				s.peak = map[string]int{}
				readBy(t, 400, clients...)
				assert.Equal(t, example.total, s.peak[""], "of all users")
				assert.LessOrEqual(t, max(s.peak["ann"], s.peak["bob"]), 52)
				assert.Equal(t, example.total, clients[0].Slots())
				assert.Equal(t, example.total, clients[1].Slots())
			})
		})
	}
}

func TestOneUserMayUseTheWholeCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTeam("6")
		clients := s.clients([]string{"ann", "bob"})
		readBy(t, 1, clients[0])
		readBy(t, 100, clients[0])
		assert.Equal(t, 6, s.peak["ann"])
		assert.Zero(t, s.all["bob"])
	})
}

func TestLimitPausesTheUserThatMetIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTeam("6")
		var log bytes.Buffer
		clients := s.clients([]string{"ann", "bob"}, logTo(&log))
		readBy(t, 2, clients...)
		s.refuses["bob"] = refuse(http.StatusTooManyRequests, throttled, "Retry-After", "60")
		s.times = map[string][]time.Time{}
		began := time.Now()
		readBy(t, 20, clients...)
		last := s.times["ann"][len(s.times["ann"])-1]
		assert.Less(t, last.Sub(began), 30*time.Second, "the other user reads on")
		resumed := 0
		for _, at := range s.times["bob"] {
			if at.Sub(began) > 10*time.Second {
				resumed++
				assert.GreaterOrEqual(t, at.Sub(began), time.Minute)
			}
		}
		assert.Positive(t, resumed)
		assert.Contains(t, log.String(), "All requests of bob pause for 1m0s")
		total, until := clients[0].Throttled()
		assert.Zero(t, total, "not all users had to wait")
		assert.Zero(t, until)
		assert.Zero(t, clients[0].Usage().Throttled)
		assert.Equal(t, time.Minute, clients[1].Usage().Throttled)
		assert.Equal(t, dataverse.Usage{Requests: 22}, clients[0].Usage())
		assert.Equal(t, int64(s.all["bob"]), clients[1].Usage().Requests)
	})
}

func TestPausesOfAllUsersAreThoseOfTheSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTeam("6")
		clients := s.clients([]string{"ann", "bob"})
		s.refuses["ann"] = refuse(http.StatusTooManyRequests, throttled, "Retry-After", "60")
		s.refuses["bob"] = refuse(http.StatusTooManyRequests, throttled, "Retry-After", "40")
		readBy(t, 1, clients...)
		total, until := clients[1].Throttled()
		assert.Equal(t, 40*time.Second, total)
		assert.Zero(t, until)
	})
}

func TestUserThatSendsNothingMoreDoesNotCountInPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTeam("6")
		clients := s.clients([]string{"ann", "bob"})
		readBy(t, 1, clients...)
		clients[0].Retire()
		s.refuses["bob"] = refuse(http.StatusTooManyRequests, throttled, "Retry-After", "40")
		readBy(t, 1, clients[1])
		total, _ := clients[1].Throttled()
		assert.Equal(t, 40*time.Second, total)
		clients[1].Retire()
		s.refuses["bob"] = refuse(http.StatusTooManyRequests, throttled, "Retry-After", "40")
		readBy(t, 1, clients[1])
		total, _ = clients[1].Throttled()
		assert.Equal(t, 40*time.Second, total, "there is no sync left to pause")
	})
}

func TestOverloadedServicePausesAllUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTeam("6")
		var log bytes.Buffer
		clients := s.clients([]string{"ann", "bob"}, logTo(&log))
		readBy(t, 1, clients...)
		s.refuses["bob"] = refuse(http.StatusServiceUnavailable, "", "Retry-After", "60")
		began := time.Now()
		readBy(t, 1, clients[1])
		s.refuses["bob"] = refuse(http.StatusServiceUnavailable, "", "Retry-After", "60")
		var group sync.WaitGroup
		group.Go(func() { readBy(t, 1, clients[1]) })
		time.Sleep(time.Second)
		readBy(t, 1, clients[0])
		group.Wait()
		for _, at := range s.times["ann"][1:] {
			assert.GreaterOrEqual(t, at.Sub(began), 2*time.Minute)
		}
		assert.Contains(t, log.String(), "Dataverse is overloaded. All requests pause for 1m0s")
	})
}

func TestUserThatIsLimitedLeavesItsSlotsToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTeam("12")
		s.most = 4
		clients := s.clients([]string{"ann", "bob", "cid"})
		readBy(t, 1, clients...)
		readBy(t, 200, clients...)
		require.LessOrEqual(t, s.peak[""], 12)
		for user, n := range s.peak {
			if user != "" {
				assert.LessOrEqual(t, n, 12)
				assert.Greater(t, n, 2, user)
			}
		}
	})
}

func TestSecuredColumnsAreThoseOfTheDefinitions(t *testing.T) {
	const body = `{"LogicalName":"account","MetadataId":"t","HasChanged":null,"Attributes":[` +
		`{"@odata.type":"#Microsoft.Dynamics.CRM.MoneyAttributeMetadata","LogicalName":"contoso_salary","MetadataId":"AB01","IsSecured":true,"AttributeTypeName":{"Value":"MoneyType"}},` +
		`{"LogicalName":"contoso_boss","MetadataId":"ab02","IsSecured":true,"AttributeTypeName":{"Value":"LookupType"}},` +
		`{"LogicalName":"name","MetadataId":"ab03","IsSecured":false,"AttributeTypeName":{"Value":"StringType"}}]}`
	want := map[string][]dataverse.SecuredColumn{"account": {{Property: "contoso_salary", ID: "ab01"}, {Property: "_contoso_boss_value", ID: "ab02"}}}
	t.Run("as RetrieveMetadataChanges returns them", func(t *testing.T) {
		s := newService(t, good(`{"EntityMetadata":[`+body+`],"ServerVersionStamp":"1","DeletedMetadata":null}`))
		got, err := s.client().SecuredColumns(t.Context(), []string{"account", "contact"})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		require.Len(t, s.requests(), 1)
		assert.Contains(t, s.requests()[0].uri, "IsSecured")
	})
	t.Run("as the plain definitions have them", func(t *testing.T) {
		s := newService(t, refuse(http.StatusBadRequest, `{"error":{"code":"0x80060888","message":"Resource not found for the segment 'RetrieveMetadataChanges'."}}`),
			good(`{"value":[`+body+`]}`))
		got, err := s.client().SecuredColumns(t.Context(), []string{"account"})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		require.Len(t, s.requests(), 2)
		assert.Contains(t, s.requests()[1].uri, "EntityDefinitions?$select=LogicalName&$filter=LogicalName%20eq%20%27account%27")
	})
}

func TestColumnPermissionsAndRolesOfAUser(t *testing.T) {
	s := newService(t, good(`{"AttributePrivileges":[{"AttributeId":"AB01","CanRead":4,"CanUpdate":0,"CanCreate":0},{"AttributeId":"ab02","CanRead":0}]}`))
	readable, err := s.client().ReadableColumns(t.Context(), "u")
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"ab01": true}, readable)
	assert.Equal(t, "/api/data/v9.2/systemusers(u)/Microsoft.Dynamics.CRM.RetrievePrincipalAttributePrivileges()", s.requests()[0].uri)
	for template, is := range map[string]bool{"627090FF-40a3-4053-8790-584edc5be201": true, "119f245c-3cc8-4b62-b31c-d1a046ced15d": false} {
		s := newService(t, good(`{"value":[{"_roletemplateid_value":null},{"_roletemplateid_value":"`+template+`"}]}`))
		got, err := s.client().IsAdministrator(t.Context(), "u")
		require.NoError(t, err)
		assert.Equal(t, is, got)
		assert.Equal(t, "/api/data/v9.2/systemusers(u)/systemuserroles_association?$select=_roletemplateid_value", s.requests()[0].uri)
	}
}
