package replicate_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// assignment is a service as the users of a stream see it, first "bob" and then the owner of its delta token.
type assignment struct {
	*service
	replicate.Contents                 // never asked for
	owner              string          // the only user other than bob; empty: there is none
	refuses            map[string]bool // the users to whom changes are refused
	user               string
	delivered          map[string]int
	asked              []string // users who were asked for as owners
	closed             int
}

func assigned(s *service) *assignment {
	return &assignment{service: s, user: "bob", delivered: map[string]int{}, refuses: map[string]bool{}}
}

func (a *assignment) User() string          { return a.user }
func (a *assignment) Delivered(records int) { a.delivered[a.user] += records }
func (a *assignment) Close()                { a.closed++ }

func (a *assignment) ChangeToOwner(user string) bool {
	a.asked = append(a.asked, user)
	if a.owner == "" || a.user == a.owner {
		return false
	}
	a.user = a.owner
	return true
}

func (a *assignment) Metadata(context.Context, dataverse.MetadataRequest, dataverse.Sink) (time.Time, error) {
	return time.Time{}, nil
}

func (a *assignment) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	if q.Link.DeltaToken() != "" && a.refuses[a.user] {
		return dataverse.Page{}, expired()
	}
	return a.service.Page(ctx, q, sink)
}

// as makes a job read with an assignment, and notes the user that the state named.
func as(a *assignment, named *string) func(*replicate.Job) {
	return func(j *replicate.Job) {
		j.Assign = func(_, user string) replicate.UserEnvironment {
			*named = user
			return a
		}
	}
}

func TestRefusedDeltaTokenIsAskedForByItsOwner(t *testing.T) {
	for name, example := range map[string]struct {
		owner   string
		refuses map[string]bool
		user    string // whom the state names in the end
		resync  bool
	}{
		"the owner's changes are read":            {"ann", map[string]bool{"bob": true}, "ann", false},
		"the owner is refused too":                {"ann", map[string]bool{"bob": true, "ann": true}, "ann", true},
		"there is no owner":                       {"", map[string]bool{"bob": true}, "bob", true},
		"nothing is refused to the user assigned": {"ann", nil, "bob", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			s.responses[changesSince(90)] = []response{{rows: []string{row("a1", inMarch)}, delta: changesSince(91)}}
			a := assigned(s)
			a.owner, a.refuses = example.owner, example.refuses
			named := ""
			if example.refuses["ann"] || example.owner == "" {
				s.before = func(q dataverse.PageRequest) { // the tokens of the resync are not refused
					if q.Link.DeltaToken() == "" {
						a.refuses = nil
					}
				}
			}
			got := run(t, s, as(a, &named), incremental(changesState(90, "2026-04-01T12:30:00.000000Z")))
			assert.Equal(t, "account COMPLETE", got.last())
			assert.Empty(t, named, "the state is of a time with one user")
			assert.Contains(t, got.states()[len(got.states())-1], `"user":"`+example.user+`"`)
			if example.resync {
				assert.Contains(t, got.log, "re-read in full")
			} else {
				assert.NotContains(t, got.log, "re-read in full")
				assert.Len(t, got.records(), 1)
				assert.Equal(t, map[string]int{example.user: 1}, a.delivered)
			}
			assert.LessOrEqual(t, len(a.asked), 2)
			assert.Equal(t, 1, a.closed)
		})
	}
}

func TestStateNamesTheUserOfTheScan(t *testing.T) {
	a := assigned(script(map[dataverse.Link]response{first: {rows: []string{row("a1", inMarch)}}}))
	named := ""
	got := run(t, a, as(a, &named), fullRefresh(""))
	require.NotEmpty(t, got.states())
	for _, state := range got.states() {
		assert.Contains(t, state, `"user":"bob"`)
	}
	got = run(t, script(map[dataverse.Link]response{first: {rows: []string{row("a1", inMarch)}}}), nil, fullRefresh(""))
	for _, state := range got.states() {
		assert.NotContains(t, state, `"user"`)
	}
}

func TestOtherErrorsDoNotAskTheOwner(t *testing.T) {
	a := assigned(lost(response{err: refusal(http.StatusForbidden, dataverse.CodePrivilegeMissing)}))
	a.owner = "ann"
	named := ""
	got := run(t, a, as(a, &named), incremental(changesState(90, "2026-04-01T12:30:00.000000Z")))
	assert.Equal(t, 1, got.failed)
	assert.Empty(t, a.asked)
}
