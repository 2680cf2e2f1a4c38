package integration_tests_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestSpecPrintsTheSpecification(t *testing.T) {
	l := newLab(t, simulator.Options{})
	written, err := os.ReadFile(filepath.Join("..", "spec.json"))
	require.NoError(t, err)
	for name, args := range map[string][]string{
		"alone": {"spec"}, "with --debug": {"spec", "--debug"}, "with the flags of other verbs": {"--config", "c.json", "spec"},
	} {
		t.Run(name, func(t *testing.T) {
			result := l.run(args...)
			assert.Equal(t, 0, result.ExitCode)
			found := messages(t, result)
			require.Len(t, found, 1)
			assert.JSONEq(t, string(written), string(found[0].Spec))
		})
	}
}

func TestTheVersionIsOneLine(t *testing.T) {
	l := newLab(t, simulator.Options{})
	for _, arg := range []string{"--version", "-v", "version"} {
		result := l.run(arg)
		assert.Equal(t, 0, result.ExitCode)
		require.Len(t, result.Lines, 1)
		assert.Regexp(t, `^source-microsoft-dataverse \S+ \w+/\w+ go1\.\d+`, string(result.Lines[0]))
	}
}

// oneStream is a configured catalog of one stream.
const oneStream = `{"streams":[{"stream":{"name":"account","json_schema":{"properties":{"accountid":{"type":["null","string"]}}}},"sync_mode":"full_refresh","destination_sync_mode":"overwrite"}]}`

func TestAFileThatCannotBeUsedIsReported(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	config := l.configFile()
	catalog := l.file("catalog.json", []byte(oneStream))
	broken := l.file("broken.json", []byte(`{"streams":[`))
	absent := filepath.Join(l.directory, "absent.json")
	for name, wrong := range map[string]struct {
		args []string
		want string
	}{
		"discover, no such config": {[]string{"discover", "--config", absent}, absent},
		"discover, broken config":  {[]string{"discover", "--config", broken}, broken},
		"read, no such config":     {[]string{"read", "--config", absent, "--catalog", catalog}, absent},
		"read, no such catalog":    {[]string{"read", "--config", config, "--catalog", absent}, absent},
		"read, broken catalog":     {[]string{"read", "--config", config, "--catalog", broken}, broken},
		"read, a catalog of none":  {[]string{"read", "--config", config, "--catalog", l.file("none.json", []byte(`{}`))}, `has no member "streams"`},
		"read, a catalog of no stream": {
			[]string{"read", "--config", config, "--catalog", l.file("empty.json", []byte(`{"streams":[]}`))}, "The configured catalog selects no stream",
		},
		"read, broken state": {[]string{"read", "--config", config, "--catalog", catalog, "--state", broken}, broken},
		"read, a state of old": {
			[]string{"read", "--config", config, "--catalog", catalog, "--state", l.file("old.json", []byte(`{"account":{"x":1}}`))}, "a legacy state",
		},
		"read, a state that is a directory": {[]string{"read", "--config", config, "--catalog", catalog, "--state", l.directory}, l.directory},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.with(t, nil)
			result := l.run(wrong.args...)
			assert.Equal(t, 1, result.ExitCode)
			failed := requireOneError(t, result)
			assert.Equal(t, "config_error", failed.FailureType)
			assert.Contains(t, failed.Message, wrong.want)
		})
	}
}

func TestCheckOfAMissingConfigurationFileFails(t *testing.T) {
	l := newLab(t, simulator.Options{})
	result := l.run("check", "--config", filepath.Join(l.directory, "absent.json"))
	assert.Equal(t, 0, result.ExitCode)
	assert.Contains(t, statusOf(t, result).Message, "absent.json cannot be read")
}

func TestFlagsMayHaveAnyOrderAndForm(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, Rows: map[string]int{"subject": 3}})
	c := l.configured("subject")
	config, catalog := l.configFile(), l.file("catalog.json", c)
	state := l.file("state.json", []byte("[]"))
	for name, args := range map[string][]string{
		"as the platform gives them":     {"read", "--config", config, "--catalog", catalog},
		"before the command":             {"--catalog", catalog, "--state", state, "--config", config, "read"},
		"with equals signs":              {"read", "--config=" + config, "--state=" + state, "--catalog=" + catalog},
		"with --debug between":           {"read", "--debug", "--config", config, "--debug", "--catalog", catalog},
		"with flags of the low-code CDK": {"read", "--config", config, "--catalog", catalog, "--manifest-path", "x", "--components-path=y"},
		"with a state that is absent":    {"read", "--config", config, "--catalog", catalog, "--state", filepath.Join(l.directory, "absent.json")},
		"with a state that is empty":     {"read", "--config", config, "--catalog", catalog, "--state", l.file("empty.json", []byte(""))},
		"with a state that is null":      {"read", "--config", config, "--catalog", catalog, "--state", l.file("null.json", []byte("null"))},
		"with a state of an empty list":  {"read", "--config", config, "--catalog", catalog, "--state", state},
		"with a stream's state of null": {
			"read", "--config", config, "--catalog", catalog, "--state",
			l.file("nulls.json", []byte(`[{"type":"STREAM","stream":{"stream_descriptor":{"name":"subject","namespace":null},"stream_state":null}}]`)),
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.with(t, nil)
			report, result := l.apply(destination.New(), c, l.run(args...))
			assert.Equal(t, 0, result.ExitCode)
			assert.Equal(t, 3, report.Records())
		})
	}
}

func TestAnInvalidConfiguredCatalogIsReported(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, DefaultRows: 3})
	streams := l.discover()
	for name, wrong := range map[string]struct {
		spoil func(*destination.ConfiguredStream)
		want  string
	}{
		"a sync mode that does not exist": {func(s *destination.ConfiguredStream) { s.SyncMode = "INVALID" }, `"INVALID"`},
		"no columns at all":               {func(s *destination.ConfiguredStream) { s.Stream.JSONSchema.Properties = nil }, "json_schema.properties"},
		"no name":                         {func(s *destination.ConfiguredStream) { s.Stream.Name = "" }, "no name"},
	} {
		t.Run(name, func(t *testing.T) {
			l := l.with(t, nil)
			c, err := destination.Configure(streams, "account")
			require.NoError(t, err)
			wrong.spoil(c.Streams[0])
			result := l.run("read", "--config", l.configFile(), "--catalog", l.file("catalog.json", c))
			assert.Equal(t, 1, result.ExitCode)
			assert.Contains(t, requireOneError(t, result).Message, wrong.want)
		})
	}
}

func TestACatalogFullOfNullsIsRead(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1, Rows: map[string]int{"subject": 3}})
	c := l.configured("subject")
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	var document map[string][]map[string]any
	require.NoError(t, json.Unmarshal(raw, &document))
	for _, name := range []string{"generation_id", "minimum_generation_id", "sync_id", "destination_object_name", "include_files"} {
		document["streams"][0][name] = nil
	}
	document["streams"][0]["stream"].(map[string]any)["namespace"] = nil
	result := l.run("read", "--config", l.configFile(), "--catalog", l.file("catalog.json", document))
	report, _ := l.apply(destination.New(), c, result)
	assert.Equal(t, 3, report.Records())
}

func TestSocketModeIsRejected(t *testing.T) {
	l := newLab(t, simulator.Options{})
	result := l.runWith([]string{"DATA_CHANNEL_MEDIUM=SOCKET"}, "read", "--config", l.configFile(), "--catalog", l.file("catalog.json", []byte(oneStream)))
	assert.Equal(t, 1, result.ExitCode)
	assert.Contains(t, requireOneError(t, result).Message, "DATA_CHANNEL_MEDIUM")
}

// outputOf parses an output, which may be empty.
func outputOf(t *testing.T, stdout string) []destination.Message {
	t.Helper()
	var result binary.Result
	for line := range strings.Lines(stdout) {
		result.Lines = append(result.Lines, []byte(strings.TrimSuffix(line, "\n")))
	}
	return messages(t, result)
}
