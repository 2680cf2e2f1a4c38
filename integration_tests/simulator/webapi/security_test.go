package webapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestRefusedWrites(t *testing.T) {
	s := newService(t, map[string]int{"systemuserroles": 1, "plugintracelog": 1})
	organization := "organizations(" + s.env.Organization() + ")"
	pair, trace := "systemuserrolescollection("+s.ids("systemuserroles")[0]+")", "plugintracelogs("+s.ids("plugintracelog")[0]+")"
	tests := []struct {
		name, method, target string
		status               int
		code, message        string
	}{
		{"there is one organization", "POST", "organizations", 400, "0x80040800", "The 'Create' method does not support entities of type 'organization'."},
		{"it cannot be deleted", "DELETE", organization, 400, "0x80040800", "The 'Delete' method does not support entities of type 'organization'."},
		{"a pair is not made by itself", "POST", "systemuserrolescollection", 400, "0x80040800", "The 'Create' method does not support entities of type 'systemuserroles'."},
		{"a pair is not changed", "PATCH", pair, 400, "0x80040800", "The 'Update' method does not support entities of type 'systemuserroles'."},
		{"a pair is not deleted by itself", "DELETE", pair, 400, "0x80040800", "The 'Delete' method does not support entities of type 'systemuserroles'."},
		{"a table without privileges takes no new row", "POST", "plugintracelogs", 403, "0x80040220", "is missing prvCreatePlugInTraceLog privilege"},
		{"nor a change", "PATCH", trace, 403, "0x80040220", "is missing prvWritePlugInTraceLog privilege"},
		{"nor a deletion", "DELETE", trace, 403, "0x80040220", "is missing prvDeletePlugInTraceLog privilege"},
		{"nor many rows at once", "POST", "plugintracelogs/Microsoft.Dynamics.CRM.CreateMultiple", 403, "0x80040220", "is missing prvCreatePlugInTraceLog privilege"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(test.method, test.target, `{}`)
			code, message := a.refusal(t)
			assert.Equal(t, test.status, a.status)
			assert.Equal(t, test.code, code)
			assert.Contains(t, message, test.message)
		})
	}
	assert.Len(t, s.ids("organization"), 1)
}

func TestARowOutOfReachCannotBeWritten(t *testing.T) {
	s := newService(t, map[string]int{"account": 40})
	s.env.SetReadDepth("account", schema.Basic)
	seen := upserts([]content{s.get("accounts?$select=name")})
	refused := 0
	for _, id := range s.ids("account") {
		patched := s.do(http.MethodPatch, "accounts("+id+")", `{"name":"x"}`).status
		deleted := s.do(http.MethodDelete, "accounts("+id+")", "").status
		assert.Equal(t, patched, deleted)
		if patched == http.StatusForbidden {
			refused++
			assert.NotContains(t, seen, id)
		}
	}
	assert.Equal(t, 40-len(seen), refused)
}

func TestACountOfATableThatCannotBeListedIsRefused(t *testing.T) {
	a := newService(t, nil).do(http.MethodGet, "postregardings/$count", "")
	code, _ := a.refusal(t)
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Equal(t, "0x80040800", code)
}
