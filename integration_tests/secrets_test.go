package integration_tests_test

import (
	"bytes"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/source"
)

// tokens are the shapes that no message but STATE may hold: the values of $deltatoken and $skiptoken, bearer tokens. Three
// dots stand where one was taken out.
var tokens = regexp.MustCompile(`(?i)(delta|skip)token=[^.]|pagingcookie|%2521|\d+(!|%21)\d\d(/|%2f)|eyJ[A-Za-z0-9_-]+\.|Bearer [^.]`)

// keepsTokensToItself requires that neither secrets nor tokens stand in an output, but for states.
func (l *lab) keepsTokensToItself(result binary.Result) {
	l.t.Helper()
	l.hidesItsSecrets(result)
	for _, line := range result.Lines {
		if !bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) {
			assert.NotRegexp(l.t, tokens, string(line))
		}
	}
	assert.Empty(l.t, result.Stderr)
}

func TestNoOutputShowsSecretsOrTokens(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"task": 90, "contoso_child": 90}})
	d, catalog := destination.New(), l.configured("task", "contoso_child")
	debug := func() binary.Result { return l.run(append(l.readArgs(d, catalog), "--debug")...) }
	first := debug()
	l.keepsTokensToItself(first)
	l.apply(d, catalog, first)
	require.Regexp(t, tokens, string(d.StateFile()), "the test knows a token when it sees one")
	for _, verb := range []string{"check", "discover"} {
		l.keepsTokensToItself(l.run(verb, "--config", l.configFile(), "--debug"))
	}
	newWorkload(t, l.environment, 6).change("task", 20)
	l.keepsTokensToItself(debug())
}

func TestErrorsShowNoTokens(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]faults.Fault{
		"a refusal that quotes ids":     {Then: faults.Error{Status: 403, Code: "0x80040220", Message: "Principal " + simulator.DefaultApplication().ClientID + " of tenant " + simulator.DefaultApplication().TenantID}},
		"a next page that is refused":   {Then: faults.Error{Status: 400, Code: "0x80040203", Message: "Invalid argument."}},
		"an expired token":              {Then: faults.Error{Status: 400, Code: "0x80044352", Message: "Version stamp associated with the client has expired. Please perform a full sync."}},
		"a redirect to a sign-in page":  {Then: faults.Response{Status: 302, Body: []byte("moved")}},
		"a page that is too long a url": {Then: faults.Response{Status: 414, Body: []byte("Request URL Too Long")}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 6, Rows: map[string]int{"task": 90}})
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			newWorkload(t, l.environment, 6).change("task", 20)
			l.server.Inject(fault.On(faults.Contains("/tasks?")).Always())
			l.server.Inject(fault.On(faults.Contains("/$batch")).Always()) // where urls go that are too long
			result := l.run(append(l.readArgs(d, catalog), "--debug")...)
			assert.Equal(t, 1, result.ExitCode)
			l.keepsTokensToItself(result)
		})
	}
}

func TestAPanicShowsNoSecrets(t *testing.T) {
	specification, err := os.ReadFile("../spec.json")
	require.NoError(t, err)
	for _, verb := range []string{"check", "discover", "read"} {
		t.Run(verb, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 6})
			s := newSecrets()
			l.config["tenant_id"], l.config["client_id"], l.config["client_secret_value"] = s.application.TenantID, s.application.ClientID, s.application.Secret
			args := []string{verb, "--config", l.configFile()}
			if verb == "read" {
				args = append(args, "--catalog", l.file("catalog.json", []byte(oneStream)))
			}
			var stdout bytes.Buffer
			code := source.Run(t.Context(), source.Process{
				Specification: specification, Version: "panic", Args: append(args, "--debug"), Stdout: &stdout,
				Getenv: func(name string) string {
					if name == "DATAVERSE_CA_FILE" { // asked for when the secrets are known
						panic("at " + s.application.Secret + " of " + s.application.TenantID + "/" + s.application.ClientID)
					}
					return variablesHere("")(name)
				},
			})
			assert.Equal(t, 1, code)
			assert.Contains(t, stdout.String(), "panic")
			assert.Empty(t, s.in(bytes.Split(stdout.Bytes(), []byte{'\n'})))
		})
	}
}
