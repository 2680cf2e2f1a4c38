package webapi

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

func TestWritesFromGo(t *testing.T) {
	s := newService(t, map[string]int{"account": 1, "contact": 2, "systemuser": 1, "team": 1})
	account, contact, team := s.ids("account")[0], s.ids("contact")[1], s.ids("team")[0]
	require.NoError(t, edit.Update(s.env, "account", account, map[string]any{"_primarycontactid_value": contact, "_ownerid_value": team, "revenue": 12.345}))
	page := []content{s.get("accounts")}
	assert.Equal(t, []string{contact}, column(page, "_primarycontactid_value"))
	assert.Equal(t, []string{team}, column(page, "_owningteam_value"), "the owner is a team")
	assert.Equal(t, []string{"null"}, column(page, "_owninguser_value"))
	assert.Equal(t, column(page, "revenue"), column(page, "revenue_base"))
	for name, err := range map[string]error{
		"no table":     edit.Update(s.env, "nothing", account, nil),
		"no such row":  edit.Delete(s.env, "account", contact),
		"no guid":      edit.Delete(s.env, "account", "1"),
		"wrong option": edit.Update(s.env, "account", account, map[string]any{"industrycode": 4711}),
		"wrong status": edit.Update(s.env, "account", account, map[string]any{"statecode": 0, "statuscode": 2}),
		"wrong type":   edit.Update(s.env, "account", account, map[string]any{"name": 5}),
		"no reference": edit.Update(s.env, "account", account, map[string]any{"_primarycontactid_value": "x"}),
	} {
		assert.Error(t, err, name)
	}
	var refusal *odata.Error
	require.ErrorAs(t, edit.Update(s.env, "account", account, map[string]any{"industrycode": 4711}), &refusal)
	assert.Equal(t, "0x8004431A", refusal.Code)
	require.ErrorAs(t, edit.Update(s.env, "account", account, map[string]any{"statecode": 0, "statuscode": 2}), &refusal)
	assert.Equal(t, "0x80048408", refusal.Code)
	assert.Equal(t, "2 is not a valid status code for state code AccountState.Active on account with Id "+account+".", refusal.Message)
}

func TestManyClientsAtOnce(t *testing.T) {
	s := newService(t, map[string]int{"account": 50})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 20 {
				_, err := edit.Create(s.env, "account", map[string]any{"name": "x"})
				assert.NoError(t, err)
				assert.Equal(t, http.StatusOK, s.do(http.MethodGet, "accounts?$select=name", "", "Prefer: odata.track-changes").status)
			}
		})
	}
	clients.Wait()
	assert.Len(t, s.ids("account"), 130)
}
