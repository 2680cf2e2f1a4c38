package webapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestTokensExpire(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(s service)
	}{
		{"with age", func(s service) { *s.now = s.now.Add(7*24*time.Hour + time.Second) }},
		{"when a column is added", func(s service) {
			require.NoError(s.t, s.env.AddColumn("account", schema.Column{LogicalName: "new_x", SchemaName: "new_X", Type: schema.String}))
		}},
		{"when a column is removed", func(s service) { require.NoError(s.t, s.env.RemoveColumn("account", "fax")) }},
		{"when a column changes its type", func(s service) {
			require.NoError(s.t, s.env.RetypeColumn("account", schema.Column{LogicalName: "fax", SchemaName: "Fax", Type: schema.Integer}))
		}},
		{"on request", func(s service) { s.env.Expire("account") }},
		{"when tracking was off in between", func(s service) {
			require.NoError(s.t, s.env.SetTracked("account", false))
			require.NoError(s.t, s.env.SetTracked("account", true))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t, map[string]int{"account": 3})
			link := s.track("accounts?$select=name")
			test.spoil(s)
			a := s.do(http.MethodGet, link, "")
			code, message := a.refusal(t)
			assert.Equal(t, http.StatusBadRequest, a.status)
			assert.Equal(t, "0x80044352", code)
			assert.Equal(t, "Version stamp associated with the client has expired. Please perform a full sync.", message)
			assert.Empty(t, s.get(s.track("accounts?$select=name")).Value, "a new token is good")
		})
	}
}

func TestTheLifetimeOfATokenCanBeChosen(t *testing.T) {
	t.Run("it does not expire before its time", func(t *testing.T) {
		s := newService(t, map[string]int{"account": 3}, func(o *rows.Options) { o.ExpireDays = 30 })
		link := s.track("accounts")
		*s.now = s.now.Add(29 * 24 * time.Hour)
		assert.Empty(t, s.get(link).Value)
	})
	t.Run("it expires with another status where that is chosen", func(t *testing.T) {
		s := newService(t, nil, behave(rows.Behaviors{ExpiredStatus: http.StatusGone}))
		link := s.track("accounts")
		s.env.Expire("account")
		assert.Equal(t, http.StatusGone, s.do(http.MethodGet, link, "").status)
	})
	t.Run("it expires into all rows where that is chosen", func(t *testing.T) {
		s := newService(t, map[string]int{"account": 5}, behave(rows.Behaviors{ExpiredStatus: http.StatusOK}))
		link := s.track("accounts")
		s.env.Expire("account")
		pages := s.scan(link, "Prefer: odata.maxpagesize=2")
		assert.Equal(t, s.ids("account"), upserts(pages))
		assert.NotEmpty(t, pages[2].DeltaLink)
	})
}

func TestTheMomentThatATokenStandsFor(t *testing.T) {
	for name, test := range map[string]struct {
		at    rows.TokenAt
		found bool
	}{"the last page": {rows.LastPage, false}, "the first page": {rows.FirstPage, true}} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, map[string]int{"account": 6}, behave(rows.Behaviors{TokenAt: test.at}))
			ids := s.ids("account")
			first := s.get("accounts", "Prefer: odata.track-changes,odata.maxpagesize=2")
			require.NoError(t, edit.Update(s.env, "account", ids[0], map[string]any{"name": "changed behind the reader"}))
			pages := s.scan(first.NextLink, "Prefer: odata.maxpagesize=2")
			delta := s.get(pages[len(pages)-1].DeltaLink)
			assert.Equal(t, test.found, slices.Contains(upserts([]content{delta}), ids[0]))
		})
	}
}

func TestAnEditedSelect(t *testing.T) {
	tests := map[string]struct {
		behavior rows.EditedSelect
		status   int
		shows    string
	}{
		"is taken":                         {rows.Honoured, http.StatusOK, "fax"},
		"is passed over if that is chosen": {rows.Ignored, http.StatusOK, "name"},
		"is refused if that is chosen":     {rows.Refused, http.StatusBadRequest, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newService(t, map[string]int{"account": 1}, behave(rows.Behaviors{EditedSelect: test.behavior}))
			link := s.track("accounts?$select=name")
			require.NoError(t, edit.Update(s.env, "account", s.ids("account")[0], map[string]any{"name": "n", "fax": "f"}))
			a := s.do(http.MethodGet, strings.Replace(link, "$select=name", "$select=fax", 1), "")
			require.Equal(t, test.status, a.status)
			if test.status == http.StatusOK {
				var page content
				require.NoError(t, json.Unmarshal([]byte(a.body), &page))
				assert.Contains(t, page.Value[0], test.shows)
				assert.Len(t, page.Value[0], 3, "etag, column and key")
			}
			assert.Len(t, s.get(link).Value, 1, "the link as it was issued is good")
		})
	}
}

func TestOldDeletionsAreForgotten(t *testing.T) {
	s := newService(t, map[string]int{"account": 3})
	id := s.ids("account")[0]
	before := s.env.Version()
	require.NoError(t, edit.Delete(s.env, "account", id))
	*s.now = s.now.Add(8 * 24 * time.Hour)
	// A token of an old version and a new date, as a client may make that keeps only the version.
	token := odata.Stamp{Version: before, Issued: *s.now}
	assert.Empty(t, s.get("accounts?$deltatoken="+odata.PercentLower(token.String())).Value)
}

func TestACountOfChangesNeedsNoSelect(t *testing.T) {
	s := newService(t, map[string]int{"account": 2}, behave(rows.Behaviors{EditedSelect: rows.Refused}))
	link := s.track("accounts?$select=name")
	require.NoError(t, edit.Delete(s.env, "account", s.ids("account")[0]))
	assert.Equal(t, "1", s.do(http.MethodGet, strings.Replace(link, "accounts?$select=name&", "accounts/$count?", 1), "").body)
}
