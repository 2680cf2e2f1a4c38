package integration_tests_test

import (
	"bytes"
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
	t.Parallel()
	l := serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Applications: applications()})
	elsewhere := newLab(t, simulator.Options{Seed: 2})
	l.file("ca.pem", bytes.Join([][]byte{l.server.CAPEM, elsewhere.server.CAPEM}, []byte("\n")))
	const users = "in the Power Platform admin center (Manage > Environments > this environment > Settings > Users + permissions > Application users)"
	const secret = "Microsoft Entra did not accept the client secret. Enter the Value of the secret as client_secret_value, not its Secret ID. The app " +
		"registration shows both under Certificates & secrets, the Value only right after the secret was created. (AADSTS7000215)"
	for name, bad := range map[string]struct {
		set  map[string]any
		want string
	}{
		"a wrong secret":               {map[string]any{"client_secret_value": "wrong~secret-0123456789"}, secret},
		"the secret's id in its place": {map[string]any{"client_secret_value": "0a1b2c3d-0000-4000-8000-00000000abcd"}, secret},
		"an expired secret": {map[string]any{"client_id": expiredClient}, "The client secret has expired. Create a new one in the app registration " +
			"(Certificates & secrets) and enter its Value as client_secret_value. (AADSTS7000222)"},
		"an unknown tenant": {map[string]any{"tenant_id": "99999999-2222-4333-8444-555555555555"}, "There is no tenant with this tenant_id. Enter the " +
			"Directory (tenant) ID from the Overview page of the app registration. If the environment is in a national cloud, check url and " +
			"authority_host. (AADSTS90002)"},
		"an unknown application": {map[string]any{"client_id": "99999999-7777-4888-9999-aaaaaaaaaaaa"}, "The tenant has no application with this " +
			"client_id. Check that client_id is the Application (client) ID and that tenant_id is the directory in which the application is registered. " +
			"(AADSTS700016)"},
		"an environment that does not exist": {map[string]any{"url": elsewhere.server.URL}, "The tenant has no Dataverse environment at this url. Check " +
			"url, for example https://contoso.crm4.dynamics.com, and that the environment belongs to the tenant of tenant_id. (AADSTS500011)"},
		"no application user": {map[string]any{"client_id": strangerClient}, "The sign-in succeeded, but this environment has no application user for the " +
			"client_id. Create one " + users + " and assign it a security role."},
		"no security role": {map[string]any{"client_id": rolelessClient}, "The application user has no security role in this environment. Assign it one " +
			"that has Read at Organization level on the tables to sync."},
		"a disabled application user": {map[string]any{"client_id": disabledClient}, "The application user is deactivated in this environment, or does not " +
			"belong to a business unit. Activate it " + users + ", and check its business unit there."},
		"no tables left over": {map[string]any{"include_tables": []string{"nothing_*"}}, "include_tables and exclude_tables select no table of the " +
			"environment. Patterns match logical names, such as account or contoso_*. Correct the patterns."},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := l.with(t, bad.set)
			assert.Equal(t, userError("%s", bad.want), wrong.diagnose(t))
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
	t.Parallel()
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
