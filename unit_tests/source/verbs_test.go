package source_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source"
)

func TestSpecPrintsTheSpecification(t *testing.T) {
	code, o := runArgs(t, nil, "spec")
	assert.Equal(t, 0, code)
	require.Len(t, o.messages, 1)
	raw, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	assert.JSONEq(t, string(raw), string(o.messages[0].Spec))
}

func TestACheckOfAGoodConfigurationSucceeds(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "check", process{})
	assert.Equal(t, 0, code)
	require.Len(t, o.of("CONNECTION_STATUS"), 1, o.text)
	assert.Equal(t, "SUCCEEDED", o.of("CONNECTION_STATUS")[0].ConnectionStatus.Status)
	assert.Equal(t, map[string]bool{"source-microsoft-dataverse/1.2.3": true}, e.agents)
}

func TestDiscoverOffersTheTablesOfTheEnvironment(t *testing.T) {
	code, o := newEnvironment(t).run(t, "discover", process{})
	assert.Equal(t, 0, code)
	require.Len(t, o.of("CATALOG"), 1, o.text)
	streams := o.of("CATALOG")[0].Catalog.Streams
	require.Len(t, streams, 2)
	assert.Equal(t, "account", streams[0].Name)
	assert.Contains(t, streams[0].SupportedSyncModes, "incremental")
	assert.Equal(t, "tag", streams[1].Name)
	assert.NotContains(t, streams[1].SupportedSyncModes, "incremental")
}

func TestDiscoverOffersMetadataIfTheConfigurationDoes(t *testing.T) {
	e := newEnvironment(t)
	_, o := e.run(t, "discover", process{settings: e.settings(map[string]any{"metadata_streams": true})})
	require.Len(t, o.of("CATALOG"), 1, o.text)
	assert.Len(t, o.of("CATALOG")[0].Catalog.Streams, 2+4)
}

func TestATooLargePageSizeBringsAWarning(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "check", process{settings: e.settings(map[string]any{"odata_maxpagesize": 10000})})
	assert.Equal(t, 0, code)
	require.NotEmpty(t, o.of("LOG"))
	assert.Equal(t, "WARN", o.of("LOG")[0].Log.Level)
	assert.Contains(t, o.of("LOG")[0].Log.Message, "odata_maxpagesize")
}

func TestAPatternThatMatchesNoTableBringsAWarning(t *testing.T) {
	e := newEnvironment(t)
	settings := e.settings(map[string]any{"include_tables": []string{"account", "acoun?"}, "exclude_tables": []string{"msdyn_*"}})
	for _, verb := range []string{"check", "discover"} {
		t.Run(verb, func(t *testing.T) {
			code, o := e.run(t, verb, process{settings: settings})
			assert.Equal(t, 0, code)
			warned := warnings(o)
			require.Len(t, warned, 2, o.text)
			assert.Contains(t, warned[0], `The pattern "acoun?" in include_tables matches no table of the environment.`)
			assert.Contains(t, warned[1], `The pattern "msdyn_*" in exclude_tables matches no table of the environment.`)
		})
	}
}

func TestCheckFailsIfANamedTableIsMissing(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "check", process{settings: e.settings(map[string]any{"include_tables": []string{"account", "acount"}})})
	assert.Equal(t, 0, code)
	status := o.of("CONNECTION_STATUS")[0].ConnectionStatus
	assert.Equal(t, "FAILED", status.Status)
	assert.Equal(t, "include_tables names 1 table that the environment does not have: acount (the nearest is account). Correct the logical name, or "+
		"remove it from include_tables.", status.Message)
}

// warnings returns the texts of the logs at level WARN.
func warnings(o output) []string {
	var texts []string
	for _, m := range o.of("LOG") {
		if m.Log.Level == "WARN" {
			texts = append(texts, m.Log.Message)
		}
	}
	return texts
}

func TestAMissingStateFileBringsAWarning(t *testing.T) {
	e := newEnvironment(t)
	config, catalog := file(t, "config.json", e.settings(nil)), file(t, "catalog.json", configured("account", "incremental"))
	absent := filepath.Join(t.TempDir(), "sate.json")
	env := map[string]string{"DATAVERSE_CA_FILE": e.caFile}
	code, o := runArgs(t, env, "read", "--config", config, "--catalog", catalog, "--state", absent)
	assert.Equal(t, 0, code, o.text)
	assert.Len(t, o.of("RECORD"), 1)
	require.Len(t, warnings(o), 1)
	assert.Contains(t, warnings(o)[0], "The state file "+absent+" does not exist")
}

func TestAPanicIsReportedAsASystemError(t *testing.T) {
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	e := newEnvironment(t)
	var stdout strings.Builder
	code := source.Run(t.Context(), source.Process{
		Specification: specification, Args: []string{"discover", "--config", file(t, "config.json", e.settings(nil))}, Stdout: &stdout,
		Getenv: func(name string) string {
			if name == "DATAVERSE_CA_FILE" { // asked for when the configuration has been read
				panic("the secret is " + secret)
			}
			return ""
		},
	})
	o := parse(t, stdout.String())
	assertFailed(t, code, o, "system_error", "The connector failed with an unexpected error.")
	failure := o.failures()[0].Trace.Error
	assert.NotContains(t, failure.Message, ".go:")
	assert.Contains(t, failure.Internal, "panic: the secret is ****")
	assert.Contains(t, failure.Internal, "source.(*invocation).discover", "the developer sees where it was")
	assertQuiet(t, o)
}

// configured is a catalog of streams with their modes.
func configured(modes ...string) map[string]any {
	var streams []any
	for i := 0; i+1 < len(modes); i += 2 {
		name, mode := modes[i], modes[i+1]
		streams = append(streams, map[string]any{
			"stream": map[string]any{
				"name": name, "supported_sync_modes": []string{"full_refresh", mode},
				"json_schema": map[string]any{"properties": map[string]any{
					name + "id": map[string]any{"type": "string"}, "name": map[string]any{"type": "string"},
					"_ab_cdc_updated_at": map[string]any{"type": "string"}, "_ab_cdc_deleted_at": map[string]any{"type": "string"},
				}},
			},
			"sync_mode": mode, "destination_sync_mode": "append_dedup",
			"cursor_field": []string{"_ab_cdc_updated_at"}, "primary_key": [][]string{{name + "id"}},
		})
	}
	return map[string]any{"streams": streams}
}

func TestReadReadsTheStreamsOfTheCatalog(t *testing.T) {
	code, o := newEnvironment(t).run(t, "read", process{catalog: configured("account", "incremental", "tag", "full_refresh")})
	assert.Equal(t, 0, code, o.text)
	assert.Empty(t, o.failures())
	assert.Len(t, o.of("RECORD"), 3)
	for _, stream := range []string{"account", "tag"} {
		assert.Equal(t, []string{"STARTED", "RUNNING", "COMPLETE"}, o.statuses(stream))
	}
}

func TestReadResumesFromTheStateItWrote(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "read", process{catalog: configured("account", "incremental")})
	require.Equal(t, 0, code, o.text)
	states := o.of("STATE")
	require.NotEmpty(t, states)
	e.respond(api+"accounts", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "$select=accountid,name&$deltatoken=919058%2108%2f22" {
			refuse(http.StatusBadRequest, `{"error":{"code":"0x1","message":"another link"}}`)(w, r)
			return
		}
		good(`{"@odata.context":"HOST/api/data/v9.2/$metadata#accounts(accountid,name)/$delta","value":[`+
			`{"@odata.context":"c","id":"a1","reason":"deleted"}],"@odata.deltaLink":"HOST/api/data/v9.2/accounts?$select=accountid,name&$deltatoken=919060%2108%2f23"}`)(w, r)
	})
	last := states[len(states)-1].State.Stream.State
	code, o = e.run(t, "read", process{catalog: configured("account", "incremental"), state: []any{map[string]any{
		"type": "STREAM", "stream": map[string]any{"stream_descriptor": map[string]any{"name": "account"}, "stream_state": last},
	}}})
	require.Equal(t, 0, code, o.text)
	require.Len(t, o.of("RECORD"), 1)
	assert.NotNil(t, o.of("RECORD")[0].Record.Data["_ab_cdc_deleted_at"])
}

func TestACatalogWithoutStreamsIsAConfigError(t *testing.T) {
	code, o := newEnvironment(t).run(t, "read", process{catalog: map[string]any{"streams": []any{}}})
	assertFailed(t, code, o, "config_error", "The configured catalog selects no stream.")
}

func TestAnInvalidCommandLineIsExplained(t *testing.T) {
	for name, args := range map[string][]string{
		"no verb":             {},
		"an unknown verb":     {"write", "--config", "x"},
		"no configuration":    {"check"},
		"no catalog":          {"read", "--config", "x"},
		"a flag with nothing": {"check", "--config"},
	} {
		t.Run(name, func(t *testing.T) {
			code, o := runArgs(t, nil, args...)
			assert.Equal(t, 2, code)
			require.Len(t, o.failures(), 1, o.text)
			assert.Equal(t, "config_error", o.failures()[0].Trace.Error.FailureType)
		})
	}
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	e := newEnvironment(t)
	good, absent := file(t, "config.json", e.settings(nil)), filepath.Join(t.TempDir(), "absent.json")
	broken := filepath.Join(t.TempDir(), "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte("{"), 0o600))
	catalog := file(t, "catalog.json", configured("account", "incremental"))
	env := map[string]string{"DATAVERSE_CA_FILE": e.caFile}
	for name, args := range map[string][]string{
		"the configuration is absent":           {"discover", "--config", absent},
		"the configuration is broken":           {"discover", "--config", broken},
		"the configuration of a read is broken": {"read", "--config", broken, "--catalog", catalog},
		"the catalog is absent":                 {"read", "--config", good, "--catalog", absent},
		"the catalog is broken":                 {"read", "--config", good, "--catalog", broken},
		"the state is broken":                   {"read", "--config", good, "--catalog", catalog, "--state", broken},
	} {
		t.Run(name, func(t *testing.T) {
			code, o := runArgs(t, env, args...)
			assertFailed(t, code, o, "config_error", "")
			assert.Contains(t, o.failures()[0].Trace.Error.Message, ".json")
		})
	}
	t.Run("a check of an absent configuration has failed", func(t *testing.T) {
		code, o := runArgs(t, env, "check", "--config", absent)
		assertRefused(t, code, o, absent)
	})
}

func TestTheSocketChannelIsRejected(t *testing.T) {
	e := newEnvironment(t)
	env := map[string]string{"DATA_CHANNEL_MEDIUM": "SOCKET"}
	code, o := e.run(t, "read", process{catalog: configured("account", "incremental"), env: env})
	assertFailed(t, code, o, "system_error", "The connector writes its messages to standard output and does not support DATA_CHANNEL_MEDIUM=SOCKET. ")
	assert.Empty(t, o.of("RECORD"))

	code, _ = e.run(t, "check", process{env: map[string]string{"DATA_CHANNEL_MEDIUM": "STDIO"}})
	assert.Equal(t, 0, code)
}

func TestDebugLogsAreWrittenOnRequest(t *testing.T) {
	e := newEnvironment(t)
	for name, example := range map[string]struct {
		env   map[string]string
		debug bool
	}{
		"by default":         {nil, false},
		"LOG_LEVEL=debug":    {map[string]string{"LOG_LEVEL": "debug"}, true},
		"LOG_LEVEL=DEBUG":    {map[string]string{"LOG_LEVEL": "DEBUG"}, true},
		"LOG_LEVEL=info":     {map[string]string{"LOG_LEVEL": "info"}, false},
		"LOG_LEVEL=nonsense": {map[string]string{"LOG_LEVEL": "nonsense"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			code, o := e.run(t, "check", process{env: example.env})
			assert.Equal(t, 0, code)
			debug := false
			for _, m := range o.of("LOG") {
				debug = debug || m.Log.Level == "DEBUG"
			}
			assert.Equal(t, example.debug, debug, o.text)
		})
	}
}

// closedPipe is a writer whose reader is gone.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAClosedOutputIsAFailure(t *testing.T) {
	code := source.Run(t.Context(), source.Process{
		Specification: []byte("{}"), Args: []string{"spec"}, Getenv: func(string) string { return "" }, Stdout: closedPipe{},
	})
	assert.Equal(t, 1, code)
}

func TestAReadThatIsStoppedFailsWithoutAnError(t *testing.T) {
	e := newEnvironment(t)
	ctx, stop := context.WithCancel(t.Context())
	e.respond(api+"accounts", func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	})
	specification, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	env := map[string]string{"DATAVERSE_CA_FILE": e.caFile}
	var stdout lines
	code := source.Run(ctx, source.Process{
		Specification: specification, Stdout: &stdout, Getenv: func(name string) string { return env[name] },
		Args: []string{"read", "--config", file(t, "config.json", e.settings(nil)), "--catalog", file(t, "catalog.json", configured("account", "incremental"))},
	})
	o := parse(t, string(stdout))
	assert.Equal(t, 1, code)
	assert.Empty(t, o.failures())
	assert.Equal(t, []string{"STARTED", "INCOMPLETE"}, o.statuses("account"))
}

type lines []byte

func (l *lines) Write(p []byte) (int, error) {
	*l = append(*l, p...)
	return len(p), nil
}
