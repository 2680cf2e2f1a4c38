package integration_tests_test

import (
	endian "encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// misuse is a run of the connector that somebody got wrong, and what each stream then has. A run fails before it needs a
// network.
type misuse struct {
	name     string
	args     string            // separated by spaces
	files    map[string]string // besides goodFiles
	variable string            // an environment variable, as NAME=value

	code    int
	stderr  string // all of it
	problem string // the message of the only TRACE ERROR on stdout
	status  string // the message of the CONNECTION_STATUS on stdout, which is FAILED
	warning string // the message of the only LOG at level WARN on stdout
}

// onBoth is an invalid command line.
func onBoth(name, args, message string) misuse {
	return misuse{name: name, args: args, code: 2, stderr: message + "\n", problem: message}
}

// onStderr is an invalid command line of a verb for people.
func onStderr(name, args, message string) misuse {
	return misuse{name: name, args: args, code: 2, stderr: message + "\n"}
}

// aFile is a file that read cannot use.
func aFile(name, args, file, content, message string) misuse {
	return misuse{name: name, args: args, files: map[string]string{file: content}, code: 1, problem: message}
}

// aSetting is a configuration that check rejects.
func aSetting(name, content, message string) misuse {
	return misuse{name: name, args: "check --config config.json", files: map[string]string{"config.json": content}, status: message}
}

const (
	readArgs      = "read --config config.json --catalog catalog.json"
	readStateArgs = readArgs + " --state state.json"
	see           = ` Run "source-microsoft-dataverse help`
	flags         = `" to see its flags.`
)

// goodFiles are files that the connector can use.
func goodFiles() map[string]string {
	return map[string]string{
		"config.json": `{"url": "https://contoso.crm.dynamics.com", "tenant_id": "contoso.onmicrosoft.com",` +
			` "client_id": "9b7e6d5c-4a3f-4e2d-8c1b-0a9f8e7d6c5b", "client_secret_value": "Q~8kTzWq"}`,
		"catalog.json": oneStream,
	}
}

func misusesOfTheCommandLine() []misuse {
	return []misuse{
		onBoth("no command", "", `The command line has no command.`+see+`" to see the commands.`),
		onBoth("no command but a flag", "--config config.json", `The command line has no command.`+see+`" to see the commands.`),
		onBoth("a mistyped command", "chekc --config config.json",
			`The command "chekc" is unknown. Did you mean check?`+see+`" to see the commands.`),
		onBoth("a command of a destination", "write --config config.json",
			`The command "write" is unknown. The commands are check, doctor, tables, catalog, read, discover, spec, version, help.`),
		onBoth("a mistyped command of help", "help tabels", `The command "tabels" is unknown. Did you mean tables?`+see+`" to see the commands.`),
		onBoth("two commands", "check discover --config config.json", "The command line has two commands, check and discover. Give one."),
		onBoth("a mistyped state", readArgs+" --stat=state.json", "The flag --stat is unknown. Did you mean --state?"+see+" read"+flags),
		onBoth("a mistyped state with its value apart", readArgs+" --sate state.json",
			"The flag --sate is unknown. Did you mean --state?"+see+" read"+flags),
		onBoth("a flag before the command", "--conifg config.json check",
			"The flag --conifg is unknown. Did you mean --config?"+see+" check"+flags),
		onBoth("a flag that does not exist", "check --config config.json --colour", "The flag --colour is unknown."+see+" check"+flags),
		onBoth("a flag in capitals", "check --CONFIG config.json", "The flag --CONFIG is unknown. Did you mean --config?"+see+" check"+flags),
		onBoth("a short flag", "check -c config.json", "The flag -c is unknown."+see+" check"+flags),
		onBoth("verbose", readArgs+" -v", "The flag -v prints the version and does not belong to read. To log more, use --debug."),
		onBoth("a flag of another command", readArgs+" --filter account", "The flag --filter belongs to doctor, tables, not to read."+see+" read"+flags),
		onBoth("no configuration", "check", "The command check needs --config FILE."+see+" check"+flags),
		onBoth("no catalog", "read --config config.json", "The command read needs --catalog FILE."+see+" read"+flags),
		onBoth("a flag at the end without its value", "check --config", "The flag --config needs a value: --config FILE."),
		onBoth("a flag whose value is forgotten", "read --config --catalog catalog.json", "The flag --config needs a value: --config FILE."),
		onBoth("an empty value", "check --config=", "The value of --config is empty. Write --config FILE."),
		onBoth("a file without its flag", "check config.json",
			`The argument "config.json" has no flag before it. Name a file by its flag, such as --config config.json.`+see+" check"+flags),
		onBoth("a dash of a word processor", "check –config config.json",
			"The argument –config begins with a long dash. Write --config with two hyphens."),
		onStderr("catalog without tables", "catalog --config config.json",
			"The command catalog needs --tables PATTERNS, such as --tables 'account,contact,new_*'."+see+" catalog"+flags),
		onBoth("a mistyped doctor", "docter --config config.json",
			`The command "docter" is unknown. Did you mean doctor?`+see+`" to see the commands.`),
		onStderr("doctor without a configuration", "doctor --json", "The command doctor needs --config FILE."+see+" doctor"+flags),
		onStderr("a mistyped flag of doctor", "doctor --config config.json --no-colour",
			"The flag --no-colour is unknown. Did you mean --no-color?"+see+" doctor"+flags),
		onStderr("a flag of doctor for tables", "tables --config config.json --no-color",
			"The flag --no-color belongs to doctor, not to tables."+see+" tables"+flags),
		onStderr("a catalog for doctor", "doctor --config config.json --catalog catalog.json",
			"The flag --catalog belongs to read, not to doctor."+see+" doctor"+flags),
		onStderr("a mistyped flag of tables", "tables --config config.json --flter account",
			"The flag --flter is unknown. Did you mean --filter?"+see+" tables"+flags),
		onStderr("a sync mode that does not exist", "catalog --config config.json --tables account --sync-mode full",
			`The value of --sync-mode is "full", but the sync modes are full_refresh and incremental.`),
		onStderr("a split without a part", "catalog --config config.json --tables account --split 4",
			"The flag --split needs --part as well: the number of the part to print, from 1 to 4."),
		onStderr("a malformed pattern", "tables --config config.json --filter acc[",
			`The value of --filter has the malformed pattern "acc[". Use *, ?, and [a-z], and close each bracket.`),
	}
}

func misusesOfFiles() []misuse {
	state := `[{"type":"STREAM","stream":{"stream_descriptor":{"name":"account"},"stream_state":{"v":1}}}]`
	return []misuse{
		aFile("a configuration as catalog", readArgs, "catalog.json", goodFiles()["config.json"],
			"The file catalog.json, given with --catalog, is a configuration, not a configured catalog. Pass it with --config."),
		aFile("a state as catalog", readArgs, "catalog.json", state,
			"The file catalog.json, given with --catalog, is a state, not a configured catalog. Pass it with --state."),
		aFile("the output of discover as catalog", readArgs, "catalog.json", `{"type":"CATALOG","catalog":{"streams":[]}}`,
			"The file catalog.json, given with --catalog, is the catalog that discover prints, not a configured catalog. To make a configured "+
				`catalog, run "source-microsoft-dataverse catalog --config FILE --tables 'account,contact' > catalog.json".`),
		aFile("a catalog of Airbyte's API", readArgs, "catalog.json", `{"syncCatalog":{"streams":[]}}`,
			"The file catalog.json, given with --catalog, is a connection as Airbyte's API describes it, not a configured catalog. Check the path."),
		aFile("a catalog with no stream", readArgs, "catalog.json", `{"streams": []}`,
			"The configured catalog selects no stream. Select at least one stream in the connection."),
		aFile("a catalog with a trailing comma", readArgs, "catalog.json", "{\"streams\": [\n  {},\n]}",
			"The configured catalog catalog.json is not valid JSON. Line 2, column 5: a comma precedes the closing ]. Remove the comma."),
		aFile("an empty catalog", readArgs, "catalog.json", "", "The configured catalog catalog.json is empty."),
		{
			name: "no such catalog", args: "read --config config.json --catalog absent.json", code: 1,
			problem: "The configured catalog absent.json cannot be read: no such file or directory. Check the path given with --catalog.",
		},
		aFile("a catalog as state", readStateArgs, "state.json", oneStream,
			"The file state.json, given with --state, is a configured catalog, not a state. Pass it with --catalog."),
		aFile("a configuration as state", readStateArgs, "state.json", goodFiles()["config.json"],
			"The file state.json, given with --state, is a configuration, not a state. Pass it with --config."),
		aFile("a state of another program", readStateArgs, "state.json", `{"bookmarks": {"account": 1}}`,
			"Line 1 of the state file state.json cannot be used: it is a legacy state, one for all streams, or not a state message; "+
				`run "Refresh and remove records" on the streams to read them in full.`),
		aFile("an output without a state", readStateArgs, "state.json", `{"type":"LOG","log":{"level":"INFO","message":"m"}}`,
			"The state file state.json is the output of a read that wrote no state. Pass the output of an earlier read with --state, "+
				"or omit --state to read every stream in full."),
		aFile("a state that is cut off", readStateArgs, "state.json", state[:40],
			`The state file state.json is not valid JSON. Line 1, column 41: the file ends within a text, so a closing " is missing. Complete the file.`),
		{
			name: "a catalog as configuration for people", args: "tables --config catalog.json", code: 1,
			stderr: "The configuration is invalid: The file catalog.json, given with --config, is a configured catalog, not a configuration. " +
				"Pass it with --catalog.\n",
		},
		{
			name: "no such configuration for discover", args: "discover --config absent.json", code: 1,
			problem: "The configuration is invalid: The configuration file absent.json cannot be read: no such file or directory. " +
				"Check the path given with --config.",
		},
		{
			name: "a killed read's output as state", args: readStateArgs + " --debug=false", code: 1,
			files: map[string]string{
				"config.json": `{}`,
				"state.json":  `{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"v":1}}}}` + "\n" + `{"type":"REC`,
			},
			warning: "Line 2 of the state file state.json is incomplete, as after a read that was killed. The line is ignored.",
			problem: missingSettings,
		},
	}
}

const (
	missing = `url is missing. In the Power Platform admin center open the environment and copy its Environment URL, ` +
		`which looks like https://contoso.crm.dynamics.com.`
	missingSettings = "The configuration is invalid: " + missing +
		` tenant_id is missing. Enter the Directory (tenant) ID from the Overview page of the app registration in Microsoft Entra.` +
		` client_id is missing. Enter the Application (client) ID from the Overview page of the app registration in Microsoft Entra.` +
		` client_secret_value is missing. Enter the Value of a client secret of the app registration in Microsoft Entra.`
	credentials = `"tenant_id": "contoso.onmicrosoft.com", "client_id": "9b7e6d5c", "client_secret_value": "Q~8kTzWq"`
)

func misusesOfSettings() []misuse {
	return []misuse{
		aSetting("a trailing comma", "{\n  \"url\": \"https://contoso.crm.dynamics.com\",\n}",
			"The configuration file config.json is not valid JSON. Line 2, column 44: a comma precedes the closing }. Remove the comma."),
		aSetting("a comment", "{\n  // production\n}",
			"The configuration file config.json is not valid JSON. Line 2, column 3: a comment begins here, but JSON has no comments. Remove it."),
		aSetting("another format", "url: https://contoso.crm.dynamics.com\n",
			"The configuration file config.json is not valid JSON. Line 1, column 1: the file does not begin with {. Check that it is the right file."),
		aSetting("an old encoding", "{\"client_secret_value\": \"\xe4\"}",
			"The configuration file config.json is not UTF-8 text. Line 1, column 26: a byte belongs to no character. Save the file as UTF-8."),
		aSetting("an empty file", "", "The configuration file config.json is empty."),
		aSetting("a catalog as configuration", oneStream,
			"The file config.json, given with --config, is a configured catalog, not a configuration. Pass it with --catalog."),
		aSetting("a state as configuration", `[{"type":"STREAM","stream":{"stream_descriptor":{"name":"account"}}}]`,
			"The file config.json, given with --config, is a state, not a configuration. Pass it with --state."),
		aSetting("a configuration of Airbyte's API", "{\n \"sourceId\": \"1\",\n \"connectionConfiguration\": {"+credentials+"}\n}",
			`The configuration file config.json has its settings inside "connectionConfiguration" at line 3, column 2. `+
				`Move them out of it, to the top level of the file.`),
		aSetting("UTF-16 of PowerShell", utf16Text("{"+credentials+"}"), missing),
		aSetting("a secret that Airbyte masked", `{"url": "contoso.crm.dynamics.com", "tenant_id": "contoso.com", "client_id": "9b7e6d5c", "client_secret_value": "**********"}`,
			"client_secret_value is asterisks, which Airbyte shows in place of a secret. "+
				"Enter the Value of a client secret of the app registration in Microsoft Entra."),
		aSetting("a setting in camel case", `{"url": "contoso.crm.dynamics.com", "tenant_id": "contoso.com", "clientId": "9b7e6d5c", "client_secret_value": "Q~8kTzWq"}`,
			`client_id is missing. The setting "clientId" is unknown: rename it to client_id.`),
		aSetting("a text for a list", `{"url": "contoso.crm.dynamics.com", `+credentials+`, "include_tables": "account"}`,
			`include_tables has a value of the wrong type: array expected. Enter a list of logical names, such as ["account", "new_*"], or leave the field empty.`),
		aSetting("a number in words", `{"url": "contoso.crm.dynamics.com", `+credentials+`, "odata_maxpagesize": "all"}`,
			"odata_maxpagesize has a value of the wrong type: integer expected. Enter a whole number from 1 to 5000, or leave the field empty."),
		aSetting("the address of a portal", `{"url": "https://make.powerapps.com/environments/1", `+credentials+`}`,
			"url is the address of make.powerapps.com, which is not an environment. In the Power Platform admin center open the environment and copy "+
				"its Environment URL, which looks like https://contoso.crm.dynamics.com."),
		{
			name: "no such configuration", args: "check --config absent.json",
			status: "The configuration file absent.json cannot be read: no such file or directory. Check the path given with --config.",
		},
		{
			name: "a directory as configuration", args: "check --config .",
			status: "The configuration file . cannot be read: is a directory. Check the path given with --config.",
		},
		{
			name: "a mistyped setting", args: "check --config config.json",
			files:   map[string]string{"config.json": `{` + credentials + `, "include_table": ["account"]}`},
			warning: `The setting "include_table" is unknown and ignored. Did you mean include_tables?`, status: missing,
		},
		{
			name: "a mistyped setting for people", args: "tables --config config.json", code: 1,
			files:  map[string]string{"config.json": `{` + credentials + `, "include_table": ["account"]}`},
			stderr: "WARN: The setting \"include_table\" is unknown and ignored. Did you mean include_tables?\nThe configuration is invalid: " + missing + "\n",
		},
		{
			name: "an unknown log level", args: "check --config absent.json", variable: "LOG_LEVEL=verbose",
			warning: `The environment variable LOG_LEVEL has the unknown value "verbose" and is ignored. Set it to debug, info, warn, or error.`,
			status:  "The configuration file absent.json cannot be read: no such file or directory. Check the path given with --config.",
		},
		{
			name: "a mistyped log level", args: "check --config absent.json", variable: "LOG_LEVEL=debgu",
			warning: `The environment variable LOG_LEVEL has the unknown value "debgu" and is ignored. Did you mean debug?`,
			status:  "The configuration file absent.json cannot be read: no such file or directory. Check the path given with --config.",
		},
	}
}

// utf16Text encodes a text as PowerShell redirects it to a file.
func utf16Text(text string) string {
	var encoded []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		encoded = endian.LittleEndian.AppendUint16(encoded, unit)
	}
	return string(encoded)
}

func TestEachMisuseNamesItsCause(t *testing.T) {
	require.NoError(t, buildErr)
	for _, group := range [][]misuse{misusesOfTheCommandLine(), misusesOfFiles(), misusesOfSettings()} {
		for _, m := range group {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				m.run(t)
			})
		}
	}
}

func (m misuse) run(t *testing.T) {
	directory := t.TempDir()
	for _, files := range []map[string]string{goodFiles(), m.files} {
		for name, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600))
		}
	}
	var stdout, stderr strings.Builder
	command := exec.CommandContext(t.Context(), connector.Path, strings.Fields(m.args)...)
	command.Dir, command.Env = directory, append(os.Environ(), "LOG_LEVEL=", m.variable)
	command.Stdout, command.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := command.Run(); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	assert.Equal(t, m.code, command.ProcessState.ExitCode())
	assert.Equal(t, m.stderr, stderr.String())
	var problem, status, warning string
	for _, message := range outputOf(t, stdout.String()) {
		switch {
		case message.Trace != nil && message.Trace.Error != nil:
			problem += message.Trace.Error.Message
			assert.Equal(t, "config_error", message.Trace.Error.FailureType)
		case message.ConnectionStatus != nil:
			status += message.ConnectionStatus.Message
		case message.Log != nil && message.Log.Level == "WARN":
			warning += message.Log.Message
		}
	}
	assert.Equal(t, m.problem, problem)
	assert.Equal(t, m.status, status)
	assert.Equal(t, m.warning, warning)
}
