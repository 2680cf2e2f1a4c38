package integration_tests_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestCheckOfAGoodConfigurationSucceeds(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	result := l.run("check", "--config", l.configFile())
	assert.Equal(t, 0, result.ExitCode)
	assert.Equal(t, destination.ConnectionStatus{Status: "SUCCEEDED"}, statusOf(t, result))
}

// The ids of applications with what may be wrong with each.
const (
	expiredClient  = "10000000-0000-4000-8000-000000000001"
	strangerClient = "10000000-0000-4000-8000-000000000002"
	rolelessClient = "10000000-0000-4000-8000-000000000003"
	disabledClient = "10000000-0000-4000-8000-000000000004"
)

func applications() []simulator.Application {
	good := simulator.DefaultApplication()
	with := func(client string, spoil func(*simulator.Application)) simulator.Application {
		a := good
		a.ClientID = client
		spoil(&a)
		return a
	}
	return []simulator.Application{
		good,
		with(expiredClient, func(a *simulator.Application) { a.SecretExpired = true }),
		with(strangerClient, func(a *simulator.Application) { a.NotMember = true }),
		with(rolelessClient, func(a *simulator.Application) { a.NoRoles = true }),
		with(disabledClient, func(a *simulator.Application) { a.Disabled = true }),
	}
}

func TestCheckReportsWhatIsWrongAndWhatToDo(t *testing.T) {
	l := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Applications: applications()})
	elsewhere := newLab(t, simulator.Options{Seed: 2})
	l.file("ca.pem", bytes.Join([][]byte{l.server.CAPEM, elsewhere.server.CAPEM}, []byte("\n")))
	for name, bad := range map[string]struct {
		set  map[string]any
		want []string
	}{
		"a wrong secret":                     {map[string]any{"client_secret_value": "wrong~secret-0123456789"}, []string{"did not accept the client secret", "Certificates & secrets"}},
		"the secret's id in its place":       {map[string]any{"client_secret_value": "0a1b2c3d-0000-4000-8000-00000000abcd"}, []string{"not its Secret ID"}},
		"an expired secret":                  {map[string]any{"client_id": expiredClient}, []string{"expired", "Create a new one"}},
		"an unknown tenant":                  {map[string]any{"tenant_id": "99999999-2222-4333-8444-555555555555"}, []string{"no tenant", "Directory (tenant) ID"}},
		"an unknown application":             {map[string]any{"client_id": "99999999-7777-4888-9999-aaaaaaaaaaaa"}, []string{"no application", "client_id"}},
		"an environment that does not exist": {map[string]any{"url": elsewhere.server.URL}, []string{"no Dataverse environment", "url"}},
		"no application user":                {map[string]any{"client_id": strangerClient}, []string{"application user", "Create one"}},
		"no security role":                   {map[string]any{"client_id": rolelessClient}, []string{"no security role", "Assign it one"}},
		"a disabled application user":        {map[string]any{"client_id": disabledClient}, []string{"deactivated", "Activate it"}},
		"a tenant that is none":              {map[string]any{"tenant_id": "common"}, []string{"tenant_id", "not the ID of one tenant"}},
		"http":                               {map[string]any{"url": "http://contoso.crm.dynamics.com"}, []string{"url", "only https"}},
		"no tables left over":                {map[string]any{"include_tables": []string{"nothing_*"}}, []string{"include_tables", "logical names"}},
		"an unclosed pattern":                {map[string]any{"exclude_tables": []string{"contoso_["}}, []string{"exclude_tables", "contoso_["}},
		"a text for a number":                {map[string]any{"odata_maxpagesize": "many"}, []string{"odata_maxpagesize", "whole number"}},
		"a missing field":                    {map[string]any{"client_id": nil}, []string{"client_id is missing", "Overview page"}},
		"three problems, all of them":        {map[string]any{"url": "", "client_secret_value": " ", "odata_maxpagesize": -1}, []string{"3 problems", "url", "client_secret_value", "odata_maxpagesize"}},
		"a page of the Power Apps portal":    {map[string]any{"url": "https://make.powerapps.com/environments/1"}, []string{"make.powerapps.com", "Environment URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := l.with(t, bad.set)
			result := wrong.run("check", "--config", wrong.configFile())
			assert.Equal(t, 0, result.ExitCode)
			status := statusOf(t, result)
			assert.Equal(t, "FAILED", status.Status)
			for _, words := range bad.want {
				assert.Contains(t, status.Message, words)
			}
			wrong.hidesItsSecrets(result)
		})
	}
}

// with is the lab with another configuration.
func (l *lab) with(t *testing.T, set map[string]any) *lab {
	other := *l
	other.t, other.config = t, map[string]any{}
	for name, value := range l.config {
		other.config[name] = value
	}
	for name, value := range set {
		other.config[name] = value
	}
	return &other
}

// hidesItsSecrets requires that an output holds neither of the configuration's three secrets.
func (l *lab) hidesItsSecrets(result binary.Result) {
	l.t.Helper()
	output := string(bytes.Join(result.Lines, []byte("\n")))
	for _, name := range []string{"tenant_id", "client_id", "client_secret_value"} {
		if secret, ok := l.config[name].(string); ok && len(secret) > len("common") {
			assert.NotContains(l.t, output, secret, name)
		}
	}
}

// statusOf is the one connection status of an output.
func statusOf(t *testing.T, result binary.Result) destination.ConnectionStatus {
	t.Helper()
	var found []destination.ConnectionStatus
	for _, m := range messages(t, result) {
		if m.ConnectionStatus != nil {
			found = append(found, *m.ConnectionStatus)
		}
	}
	require.Len(t, found, 1, "%s", result.Lines)
	return found[0]
}

func TestCheckOfAClosedServerIsAnErrorOfTheRun(t *testing.T) {
	if testing.Short() {
		t.Skip("the connector tries again for a minute or two")
	}
	l := newLab(t, simulator.Options{Seed: 1})
	require.NoError(t, l.server.Close())
	result := l.run("check", "--config", l.configFile())
	assert.Equal(t, 1, result.ExitCode)
	failed := requireOneError(t, result)
	assert.Equal(t, "transient_error", failed.FailureType)
	l.hidesItsSecrets(result)
}

func TestCheckOfAnUntrustedServerNamesTheVariable(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	l.file("ca.pem", newLab(t, simulator.Options{Seed: 2}).server.CAPEM)
	result := l.run("check", "--config", l.configFile())
	assert.Equal(t, 0, result.ExitCode)
	assert.Contains(t, statusOf(t, result).Message, "DATAVERSE_CA_FILE")
}

func TestAMissingFileOfAuthoritiesIsReported(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	missing := filepath.Join(l.directory, "nothing.pem")
	result := l.runWith([]string{"DATAVERSE_CA_FILE=" + missing}, "check", "--config", l.configFile())
	assert.Equal(t, 0, result.ExitCode)
	assert.Contains(t, statusOf(t, result).Message, missing)
}

// requireOneError returns the one error of an output.
func requireOneError(t *testing.T, result binary.Result) destination.Error {
	t.Helper()
	var found []destination.Error
	for _, m := range messages(t, result) {
		if m.Trace != nil && m.Trace.Error != nil {
			found = append(found, *m.Trace.Error)
		}
	}
	require.Len(t, found, 1, "%s", result.Lines)
	assert.Empty(t, found[0].StackTrace)
	assert.NotContains(t, found[0].Message+found[0].InternalMessage, "goroutine")
	return found[0]
}
