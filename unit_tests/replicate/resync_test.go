package replicate_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
)

func TestATokenThatIsOfNoUseLeadsToASecondReading(t *testing.T) {
	for name, refused := range map[string]error{
		"expired":                         expired(),
		"expired, with another status":    refusal(http.StatusForbidden, dataverse.CodeTokenExpired),
		"malformed":                       refusal(http.StatusBadRequest, dataverse.CodeTokenMalformed),
		"not parsed":                      refusal(http.StatusBadRequest, dataverse.CodeURINotParsed),
		"gone":                            refusal(http.StatusGone, ""),
		"of a cookie that is not taken":   cookieRefused(),
		"of a cookie from another order":  refusal(http.StatusBadRequest, dataverse.CodePageOrder),
		"expired, and told by the client": errors.Join(errors.New("read a page"), expired()),
	} {
		t.Run(name, func(t *testing.T) {
			s := script(trackedTable())
			s.answers[changesSince(100)] = []answer{{err: refused}}
			got := run(t, s, nil, incremental(deltaState(100, "2026-04-01T12:30:00.000000Z")))
			assert.Equal(t, []string{
				"account STARTED", "account RUNNING",
				record("a1", "2026-04-01T12:30:00.000001Z"), record("a2", "2026-04-01T12:30:00.000001Z"),
				"account STATE 2.0 " + initialState(second, `"greatest":"2026-04-01T12:30:00.000001Z","rising":true,`+ofOrganization()),
				record("a3", "2026-04-01T12:30:00.000002Z"),
				"account STATE 1.0 " + deltaState(100, "2026-04-01T12:30:00.000002Z"),
				"account COMPLETE",
			}, got.messages)
			assert.True(t, s.asked[1].TrackChanges)
			assert.Contains(t, got.log, "followed_until=2026-04-01T12:00:00Z", "the warning says since when deletions are lost")
		})
	}
}

func TestOtherRefusalsOfAChangeLeaveTheTokenAlone(t *testing.T) {
	for name, refused := range map[string]error{
		"a missing privilege":  refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing),
		"throttling":           refusal(http.StatusTooManyRequests, dataverse.CodeThrottledRequests),
		"a failure":            refusal(http.StatusInternalServerError, ""),
		"a table that is gone": refusal(http.StatusNotFound, dataverse.CodeURINotParsed),
		"a network error":      errors.New("connection reset"),
	} {
		t.Run(name, func(t *testing.T) {
			s := script(trackedTable())
			s.answers[changesSince(100)] = []answer{{err: refused}}
			got := run(t, s, nil, incremental(deltaState(100, april)))
			assert.Equal(t, []string{"account STARTED", "account ERROR " + refused.Error(), "account INCOMPLETE"}, got.messages)
			assert.Len(t, s.asked, 1)
		})
	}
}

func TestAnExpiredTokenOfThePythonConnectorLeadsToASecondReading(t *testing.T) {
	link := first + "&$deltatoken=100%2104%2F01%2F2026%2012%3A00%3A00"
	s := script(trackedTable())
	s.answers[link] = []answer{{err: expired()}}
	got := run(t, s, nil, incremental(`{"$deltatoken":"100!04/01/2026 12:00:00"}`))
	assert.Equal(t, []dataverse.Link{link, first, second}, s.links())
	assert.Equal(t, record("a1", noon), got.records()[0], "what the Python connector sent must not win")
	assert.Contains(t, got.log, "unknown time")
}

func TestAnotherOrganisationIsReadFromTheStart(t *testing.T) {
	s := script(trackedTable())
	got := run(t, s, nil, incremental(strings.ReplaceAll(deltaState(100, april), organization, "the-former")))
	assert.Equal(t, []dataverse.Link{first, second}, s.links(), "the token is not sent to it")
	assert.Equal(t, record("a1", noon), got.records()[0])
	assert.Contains(t, got.log, "before=the-former")
	assert.Contains(t, got.states()[0], organization)
}

func TestAVersionThatWentBackwardLeadsToASecondReading(t *testing.T) {
	t.Run("lower", func(t *testing.T) {
		s := script(trackedTable())
		s.answers[changesSince(100)] = []answer{{delta: changesSince(99), rows: []string{row("a1", "2026-03-01T00:00:00Z")}}}
		got := run(t, s, nil, incremental(deltaState(100, april)))
		assert.Equal(t, []dataverse.Link{changesSince(100), first, second}, s.links())
		assert.Contains(t, got.log, "restored backup")
		assert.Len(t, got.records(), 3)
	})
	t.Run("lower, on a later page", func(t *testing.T) {
		s := script(trackedTable())
		s.answers[changesSince(100)] = []answer{{next: changesTwo}}
		s.answers[changesTwo] = []answer{{delta: changesSince(99)}}
		run(t, s, nil, incremental(deltaState(100, april)))
		assert.Equal(t, []dataverse.Link{changesSince(100), changesTwo, first, second}, s.links())
	})
	t.Run("a form of token that is not known tells nothing", func(t *testing.T) {
		for _, after := range []dataverse.Link{first + "&$deltatoken=99", first + "&$deltatoken=a99!1", first + "&$deltatoken=99999999999999999999%21"} {
			s := script(map[dataverse.Link]answer{changesSince(100): {delta: after}})
			run(t, s, nil, incremental(deltaState(100, april)))
			assert.Equal(t, []dataverse.Link{changesSince(100)}, s.links())
		}
	})
}

func TestASecondReadingThatFailsIsNotComplete(t *testing.T) {
	s := script(map[dataverse.Link]answer{changesSince(100): {err: expired()}, first: {err: expired()}})
	got := run(t, s, nil, incremental(deltaState(100, april)))
	assert.Equal(t, 1, got.failed)
	assert.Equal(t, "account INCOMPLETE", got.last())
	assert.Equal(t, []dataverse.Link{changesSince(100), first}, s.links(), "and is not begun for ever")
}
