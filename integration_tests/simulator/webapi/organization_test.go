package webapi

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

func TestTheOrganizationIsOneRow(t *testing.T) {
	s := newService(t, nil, func(o *rows.Options) { o.DefaultRows, o.ExpireDays = 10, 30 })
	rows := s.get("organizations?$select=name,expirechangetrackingindays").Value
	require.Len(t, rows, 1)
	assert.Equal(t, "30", string(rows[0]["expirechangetrackingindays"]))
	assert.Equal(t, []string{s.env.Organization()}, s.ids("organization"))
	const other = "00000000-0000-0000-0000-00000000000f"
	s.env.SetOrganization(other)
	assert.Equal(t, []string{other}, s.ids("organization"))
	assert.Equal(t, other, s.env.Organization())
}

func TestAChangedLifetimeOfTokens(t *testing.T) {
	set := func(s service, days string) int {
		return s.do(http.MethodPatch, "organizations("+s.env.Organization()+")", `{"expirechangetrackingindays":`+days+`}`).status
	}
	t.Run("ends all tokens and holds for new ones", func(t *testing.T) {
		s := newService(t, map[string]int{"account": 2})
		link := s.track("accounts")
		require.Equal(t, http.StatusNoContent, set(s, "30"))
		code, _ := s.do(http.MethodGet, link, "").refusal(t)
		assert.Equal(t, "0x80044352", code)
		link = s.track("accounts")
		*s.now = s.now.Add(29 * 24 * time.Hour)
		assert.Empty(t, s.get(link).Value)
	})
	t.Run("is between 0 and 365 days", func(t *testing.T) {
		s := newService(t, nil)
		assert.Equal(t, http.StatusBadRequest, set(s, "366"))
		assert.Equal(t, http.StatusBadRequest, set(s, "-1"))
	})
}
