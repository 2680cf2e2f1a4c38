package replicate_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// scansOfResync are the links that a resync of trackedTable follows, after a delta link that is refused.
func scansOfResync() []dataverse.Link {
	return append([]dataverse.Link{changesSince(90)}, scansOf()...)
}

// lost is a tracked table whose changes since version 90 cannot be retrieved.
func lost(a response) *service {
	s := trackedTable()
	s.responses[changesSince(90)] = []response{a}
	return s
}

func TestARefusedTokenLeadsToAResync(t *testing.T) {
	for name, response := range map[string]response{
		"expired":                           {err: expired()},
		"expired, with another status":      {err: refusal(http.StatusForbidden, dataverse.CodeTokenExpired)},
		"malformed":                         {err: refusal(http.StatusBadRequest, dataverse.CodeTokenMalformed)},
		"not parsed":                        {err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)},
		"expired, by its message":           {err: &dataverse.APIError{Status: http.StatusForbidden, Code: "0x80040216", Message: "version stamp Associated with the client has expired. Please perform a full sync."}},
		"of a cookie that is not taken":     {err: cookieRefused()},
		"of a cookie from another order":    {err: refusal(http.StatusBadRequest, dataverse.CodePageOrder)},
		"expired, wrapped by the client":    {err: errors.Join(errors.New("read a page"), expired())},
		"serviceTime with all rows":         {context: "x/$metadata#accounts(accountid,name)", rows: []string{row("a1", "2026-03-01T00:00:00Z")}, delta: changesSince(100)},
		"serviceTime with the first of all": {context: "x/$metadata#accounts(accountid,name)", rows: []string{row("a1", "2026-03-01T00:00:00Z")}, next: second},
	} {
		t.Run(name, func(t *testing.T) {
			s := lost(response)
			got := run(t, s, nil, incremental(changesState(90, "2026-04-01T12:30:00.000000Z")))
			assert.Equal(t, scansOfResync(), s.links())
			assert.Equal(t, []string{
				record("a1", "2026-04-01T12:30:00.000001Z"), record("a2", "2026-04-01T12:30:00.000001Z"), record("a3", "2026-04-01T12:30:00.000002Z"),
			}, got.records(), "the versions read now win over those sent before")
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Contains(t, got.log, "followed_until=2026-04-01T12:00:00Z", "the warning says since when deletions are lost")
			assert.Contains(t, got.log, "remain in the destination until you run")
		})
	}
}

func TestUnknownDeletionsAreReportedAtEverySync(t *testing.T) {
	const warning = "deletions_unknown_since=2026-04-01T12:00:00Z"
	got := run(t, lost(response{err: expired()}), nil, incremental(changesState(90, april)))
	require.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`)
	assert.Contains(t, got.log, warning)
	for version := 101; version < 103; version++ {
		got = run(t, script(map[dataverse.Link]response{changesSince(version): {delta: changesSince(version + 1)}}), nil, incremental(got.lastState()))
		assert.Contains(t, got.log, warning)
	}
	s := trackedTable()
	s.responses[changesSince(103)] = []response{{err: expired()}}
	got = run(t, s, nil, incremental(got.lastState()))
	assert.Contains(t, got.log, warning, "a second resync does not hide the first")
	got = run(t, trackedTable(), nil, incremental(""))
	assert.NotContains(t, got.log, warning)
}

func TestAnExpiredTokenMayBeAnError(t *testing.T) {
	s := lost(response{err: expired()})
	got := run(t, s, func(j *replicate.Job) { j.FailOnExpiry = true }, incremental(changesState(90, april)))
	assert.Equal(t, []dataverse.Link{changesSince(90)}, s.links())
	assert.Equal(t, []string{
		"account STARTED", "account ERROR the changes of account since 2026-04-01T12:00:00Z cannot be retrieved: " + expired().Error(), "account INCOMPLETE",
	}, got.messages, "the state stays as it was")
}

func TestAnOldTokenBringsAWarning(t *testing.T) {
	const week = 7 * 24 * time.Hour
	for name, c := range map[string]struct {
		age, life time.Duration
		warned    bool
	}{
		"past half of its life, by the service's clock": {week/2 + time.Minute, week, true},
		"before half of its life":                       {week/2 - time.Minute, week, false},
		"of an unknown lifetime":                        {10 * week, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := script(map[dataverse.Link]response{changesSince(100): {delta: changesSince(101), at: serviceTime().Add(c.age)}})
			got := run(t, s, func(j *replicate.Job) {
				j.TokenLife = c.life
				j.Now = func() time.Time { return serviceTime().Add(100 * week) }
			}, incremental(changesState(100, april)))
			assert.Equal(t, c.warned, strings.Contains(got.log, "expirechangetrackingindays"))
			assert.Equal(t, "account COMPLETE", got.last())
		})
	}
}

func TestOtherRefusalsOfChangesLeaveTheTokenAlone(t *testing.T) {
	for name, refused := range map[string]error{
		"a missing privilege":  refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing),
		"a lasting privilege":  refusal(http.StatusBadRequest, dataverse.CodePrivilegeMissing),
		"tracking that is off": refusal(http.StatusBadRequest, dataverse.CodeNotTracked),
		"a passing refusal":    refusal(http.StatusBadRequest, "0x80044150"),
		"throttling":           refusal(http.StatusTooManyRequests, dataverse.CodeThrottledRequests),
		"an outage":            refusal(http.StatusServiceUnavailable, ""),
		"a table that is gone": refusal(http.StatusNotFound, dataverse.CodeURINotParsed),
		"a network error":      errors.New("connection reset"),
	} {
		t.Run(name, func(t *testing.T) {
			s := lost(response{err: refused})
			got := run(t, s, nil, incremental(changesState(90, april)))
			assert.Equal(t, []string{"account STARTED", "account ERROR " + refused.Error(), "account INCOMPLETE"}, got.messages)
			assert.Len(t, s.asked, 1)
		})
	}
}

func TestAnExpiredPythonTokenLeadsToAResync(t *testing.T) {
	link := first + "&$deltatoken=100%2104%2F01%2F2026%2012%3A00%3A00"
	own := dataverse.NewDeltaLink("accounts", nil, "100%2104%2F01%2F2026%2012%3A00%3A00")
	s := trackedTable()
	s.responses[link] = []response{{err: expired()}}
	got := run(t, s, nil, incremental(`{"$deltatoken":"100!04/01/2026 12:00:00"}`))
	assert.Equal(t, append([]dataverse.Link{link}, scansOf()...), s.links())
	assert.Equal(t, record("a1", noon), got.records()[0], "what the Python connector sent must not win")
	assert.Contains(t, got.log, "followed_until=2026-04-01T12:00:00Z", "the token bears its time")
	assert.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`)
	assert.NotContains(t, s.links(), own)
}

func TestAnotherOrganizationIsReReadInFull(t *testing.T) {
	s := trackedTable()
	got := run(t, s, nil, incremental(strings.ReplaceAll(changesState(90, april), organization, "the-former")))
	assert.Equal(t, scansOf(), s.links(), "the token is not sent to it")
	assert.Equal(t, record("a1", noon), got.records()[0])
	assert.Contains(t, got.log, "before=the-former")
	assert.Contains(t, got.lastState(), organization)
}

func TestAVersionThatWentBackwardLeadsToAResync(t *testing.T) {
	t.Run("lower", func(t *testing.T) {
		s := lost(response{delta: changesSince(89), rows: []string{row("a1", "2026-03-01T00:00:00Z")}})
		got := run(t, s, nil, incremental(changesState(90, april)))
		assert.Equal(t, scansOfResync(), s.links())
		assert.Contains(t, got.log, "restored backup")
		assert.Len(t, got.records(), 3)
	})
	t.Run("lower, on a later page", func(t *testing.T) {
		s := lost(response{next: changesTwo})
		s.responses[changesTwo] = []response{{delta: changesSince(89)}}
		run(t, s, nil, incremental(changesState(90, april)))
		assert.Equal(t, append([]dataverse.Link{changesSince(90), changesTwo}, scansOf()...), s.links())
	})
	t.Run("lower, read by keys", func(t *testing.T) {
		s := trackedTable()
		s.responses[changesSince(100)] = []response{{err: refusal(http.StatusBadRequest, dataverse.CodeURINotParsed)}, {delta: changesSince(101)}}
		s.responses[narrow()] = []response{{delta: changesSince(99)}}
		run(t, s, nil, incremental(stateOf(narrow())))
		assert.Equal(t, append([]dataverse.Link{changesSince(100), narrow()}, scansOf()...), s.links())
	})
	t.Run("a token of an unknown form proves nothing", func(t *testing.T) {
		for _, after := range []dataverse.Link{first + "&$deltatoken=99", first + "&$deltatoken=a99!1", first + "&$deltatoken=99999999999999999999%21"} {
			s := script(map[dataverse.Link]response{changesSince(100): {delta: after}})
			run(t, s, nil, incremental(changesState(100, april)))
			assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
		}
	})
}

func TestAResyncThatFailsIsNotComplete(t *testing.T) {
	s := script(map[dataverse.Link]response{changesSince(100): {err: expired()}, first: {err: expired()}})
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, 1, got.failed)
	assert.Equal(t, "account INCOMPLETE", got.last())
	assert.Equal(t, []dataverse.Link{changesSince(100), first}, s.links(), "and is not begun for ever")
}

func TestChangesWhosePagesAreAlwaysRefusedEndInAnError(t *testing.T) {
	s := script(nil)
	s.responses[changesSince(100)] = slices.Repeat([]response{{next: changesTwo}}, 10)
	s.responses[changesTwo] = slices.Repeat([]response{{err: cookieRefused()}}, 10)
	got := run(t, s, nil, incremental(changesState(100, april)))
	assert.Equal(t, slices.Repeat([]dataverse.Link{changesSince(100), changesTwo}, 4), s.links(), "a page is no reason to give up the token")
	assert.Equal(t, "account INCOMPLETE", got.last())
}
