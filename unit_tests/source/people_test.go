package source_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source"
)

// terminals is which of a process's streams a person sees.
type terminals struct{ stdout, stderr bool }

// runSeen runs the connector where a person sees its streams, and returns what is on them.
func runSeen(t *testing.T, seen terminals, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	var out, errors strings.Builder
	code = source.Run(t.Context(), source.Process{
		Specification: specification, Version: "1.2.3", Args: args, Getenv: func(name string) string { return env[name] },
		Stdout: &out, Stderr: &errors, StdoutTerminal: seen.stdout, StderrTerminal: seen.stderr,
	})
	return code, out.String(), errors.String()
}

func TestAVerbOfTheProtocolNamesTheOneForPeople(t *testing.T) {
	e := newEnvironment(t)
	config := file(t, "config.json", e.settings(nil))
	env := map[string]string{"DATAVERSE_CA_FILE": e.caFile}
	for verb, test := range map[string]struct {
		args []string
		line string
	}{
		"spec":     {[]string{"spec"}, "spec prints messages for programs. For the settings as a list, run: source-microsoft-dataverse help check"},
		"check":    {[]string{"check", "--config", config}, "check prints messages for programs. For a report to read, run: source-microsoft-dataverse doctor --config " + config},
		"discover": {[]string{"discover", "--config", config}, "discover prints messages for programs. For a list of tables to read, run: source-microsoft-dataverse tables --config " + config},
	} {
		t.Run(verb, func(t *testing.T) {
			_, alone, quiet := runSeen(t, terminals{}, env, test.args...)
			assert.Empty(t, quiet)
			_, stdout, stderr := runSeen(t, terminals{stdout: true, stderr: true}, env, test.args...)
			assert.Equal(t, test.line+"\n", stderr)
			assert.Equal(t, withoutTimes(alone), withoutTimes(stdout), "a terminal changes nothing on standard output")
			_, _, stderr = runSeen(t, terminals{stdout: true}, env, test.args...)
			assert.Empty(t, stderr)
		})
	}
}

func TestAVerbThatFailsNamesNoOther(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "config.json")
	for _, args := range [][]string{
		{"check", "--config", absent}, {"discover", "--config", absent}, {"read", "--config", absent, "--catalog", absent},
	} {
		_, stdout, stderr := runSeen(t, terminals{stdout: true, stderr: true}, nil, args...)
		assert.Contains(t, stdout, absent)
		assert.Empty(t, stderr, args[0])
	}
}

func TestAReadAdvisesToSaveItsMessages(t *testing.T) {
	e := newEnvironment(t)
	env := map[string]string{"DATAVERSE_CA_FILE": e.caFile}
	args := []string{"read", "--config", file(t, "config.json", e.settings(nil)), "--catalog", file(t, "catalog.json", configured("account", "incremental"))}
	_, stdout, stderr := runSeen(t, terminals{stdout: true, stderr: true}, env, args...)
	assert.Equal(t, "read prints messages for programs. To save them, redirect the output to a file: > rows.jsonl\n", stderr, stdout)
	_, _, stderr = runSeen(t, terminals{stdout: true, stderr: true}, env, append(args, "--state", file(t, "state.json", []any{}))...)
	assert.Equal(t, "read prints messages for programs. To save them, redirect the output to a new file.\n", stderr)
}

func TestAdviceHasTheProgramAsTyped(t *testing.T) {
	for program, shown := range map[string]string{"./connector": "./connector", "./my connector": "source-microsoft-dataverse"} {
		var stderr strings.Builder
		source.Run(t.Context(), source.Process{
			Specification: []byte("{}"), Program: program, Args: []string{"spec"}, Getenv: func(string) string { return "" },
			Stdout: io.Discard, Stderr: &stderr, StdoutTerminal: true, StderrTerminal: true,
		})
		assert.True(t, strings.HasSuffix(stderr.String(), " run: "+shown+" help check\n"), stderr.String())
	}
}

// withoutTimes removes the times of an output.
func withoutTimes(output string) string {
	before, after, found := strings.Cut(output, `"emitted_at":`)
	if !found {
		return output
	}
	return before + after[strings.Index(after, ","):]
}

func TestAFailureIsSeenWhereItsMessageIsNot(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "config.json")
	sentence := "The configuration is invalid: The configuration file " + absent + " cannot be read: no such file or directory. " +
		"Check the path given with --config.\n"
	code, stdout, stderr := runSeen(t, terminals{stderr: true}, nil, "discover", "--config", absent)
	assert.Equal(t, 1, code)
	assert.Contains(t, stdout, `"type":"ERROR"`)
	assert.Equal(t, sentence, stderr)
	_, _, stderr = runSeen(t, terminals{}, nil, "discover", "--config", absent)
	assert.Empty(t, stderr, "the platform logs lines of standard error as errors of their own")
}

func TestAVerbForPeopleFailsOnStandardErrorAlone(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "config.json")
	for _, seen := range []terminals{{}, {stdout: true, stderr: true}} {
		code, stdout, stderr := runSeen(t, seen, nil, "tables", "--config", absent)
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, absent+" cannot be read")
	}
}

func TestALineOnStandardErrorShowsNoSecret(t *testing.T) {
	e := newEnvironment(t)
	e.respond(token, refuseSignIn(401, 7000215, "invalid_client"))
	env := map[string]string{"DATAVERSE_CA_FILE": e.caFile, "LOG_LEVEL": "debug"}
	code, stdout, stderr := runSeen(t, terminals{}, env, "tables", "--config", file(t, "config.json", e.settings(nil)))
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.NotEmpty(t, stderr)
	for _, value := range []string{tenantID, clientID, secret} {
		assert.NotContains(t, stderr, value)
	}
}

func TestTheLogLevelIsThatOfTheVariable(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "config.json")
	for value, warned := range map[string]bool{"": false, "INFO": false, "warning": false, "FATAL": false, "verbose": true, "0": true} {
		_, stdout, _ := runSeen(t, terminals{}, map[string]string{"LOG_LEVEL": value}, "check", "--config", absent)
		assert.Equal(t, warned, strings.Contains(stdout, "LOG_LEVEL has the unknown value"), value)
	}
	_, stdout, _ := runSeen(t, terminals{}, map[string]string{"LOG_LEVEL": "verbose"}, "spec")
	assert.NotContains(t, stdout, "LOG_LEVEL", "the specification is the first message")
}
