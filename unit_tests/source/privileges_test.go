package source_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const privileges = api + "systemusers(u)/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()"

func depthWarnings(o output) []string {
	var found []string
	for _, w := range warnings(o) {
		if strings.Contains(w, "below Organization level") {
			found = append(found, w)
		}
	}
	return found
}

func TestAFullRefreshBelowOrganizationLevelBringsAWarning(t *testing.T) {
	for name, example := range map[string]struct {
		response http.HandlerFunc
		modes    []string
		stream   string // of the warning; "" if there is none
	}{
		"the depth is less":                    {good(`{"RolePrivileges":[{"PrivilegeName":"prvReadTag","Depth":"Local"}]}`), []string{"tag", "full_refresh"}, "tag"},
		"the depth is enough":                  {good(`{"RolePrivileges":[{"PrivilegeName":"prvReadTag","Depth":"Global"}]}`), []string{"tag", "full_refresh"}, ""},
		"one of several roles is enough":       {good(`{"RolePrivileges":[{"PrivilegeName":"prvReadTag","Depth":"Basic"},{"PrivilegeName":"prvReadTag","Depth":"Global"}]}`), []string{"tag", "full_refresh"}, ""},
		"the privileges do not name the table": {good(`{"RolePrivileges":[{"PrivilegeName":"prvReadActivity","Depth":"Basic"}]}`), []string{"tag", "full_refresh"}, ""},
		"changes would be refused":             {good(`{"RolePrivileges":[{"PrivilegeName":"prvReadAccount","Depth":"Local"}]}`), []string{"account", "incremental"}, ""},
		"the privileges cannot be read":        {refuse(403, `{"error":{"code":"0x80040220","message":"no"}}`), []string{"tag", "full_refresh"}, ""},
		"the privileges have another form":     {good(`{"value":[]}`), []string{"tag", "full_refresh"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			e.respond(privileges, example.response)
			code, o := e.run(t, "read", process{catalog: configured(example.modes...)})
			assert.Equal(t, 0, code, o.text)
			warned := depthWarnings(o)
			if example.stream == "" {
				assert.Empty(t, warned)
				return
			}
			require.Len(t, warned, 1, o.text)
			assert.Contains(t, warned[0], "table "+example.stream+" below Organization level (Business Unit level)")
		})
	}
}
