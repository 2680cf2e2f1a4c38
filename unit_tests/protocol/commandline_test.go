package protocol_test

import (
	"strings"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/protocol"
)

func TestCommandLinesOfKnownCallersAreUnderstood(t *testing.T) {
	check := protocol.Command{Verb: protocol.Check, Config: "c.json"}
	read := protocol.Command{Verb: protocol.Read, Config: "c.json", Catalog: "t.json"}
	stateful := protocol.Command{Verb: protocol.Read, Config: "c.json", Catalog: "t.json", State: "s.json"}
	debug := protocol.Command{Verb: protocol.Discover, Config: "c.json", Debug: true}
	tests := []struct {
		name string
		line string
		want protocol.Command
	}{
		{"spec needs nothing", "spec", protocol.Command{Verb: protocol.Spec}},
		{"spec takes debug", "spec --debug", protocol.Command{Verb: protocol.Spec, Debug: true}},
		{"flags follow the verb", "check --config c.json", check},
		{"flags come before the verb", "--config c.json check", check},
		{"a value is joined by an equals sign", "check --config=c.json", check},
		{"a joined value has equals signs", "check --config=a=b", protocol.Command{Verb: protocol.Check, Config: "a=b"}},
		{"one dash is as good as two", "check -config c.json", check},
		{"a verb as a file's name", "check --config read", protocol.Command{Verb: protocol.Check, Config: "read"}},
		{"a verb twice", "check check --config c.json", check},
		{"read without a state", "read --config c.json --catalog t.json", read},
		{"read with a state", "read --config c.json --catalog t.json --state s.json", stateful},
		{"read in reverse order", "read --state s.json --catalog=t.json --config c.json", stateful},
		{"debug last", "discover --config c.json --debug", debug},
		{"debug first", "--debug discover --config c.json", debug},
		{"debug switched off", "check --debug=false --config c.json", check},
		{"the last of two values counts", "check --config old.json --config c.json", check},
		{"the low-code flags are passed over", "check --manifest-path m.yaml --components-path=p.py --config c.json", check},
		{
			"a flag of another verb of the protocol is passed over", "spec --config c.json --catalog t.json --state s.json",
			protocol.Command{Verb: protocol.Spec, Config: "c.json", Catalog: "t.json", State: "s.json"},
		},
		{
			"read with a report", "read --config c.json --catalog t.json --report r.html --no-progress",
			protocol.Command{Verb: protocol.Read, Config: "c.json", Catalog: "t.json", Report: "r.html", NoProgress: true},
		},
		{"doctor", "doctor --config c.json", protocol.Command{Verb: protocol.Doctor, Config: "c.json"}},
		{
			"doctor for programs", "--no-color doctor --json --filter=Account --config c.json",
			protocol.Command{Verb: protocol.Doctor, Config: "c.json", JSON: true, NoColor: true, Filter: []string{"account"}},
		},
		{"tables", "tables --config c.json", protocol.Command{Verb: protocol.ListTables, Config: "c.json"}},
		{
			"tables as JSON with a filter", "tables --config c.json --json --filter Account,new_*,",
			protocol.Command{Verb: protocol.ListTables, Config: "c.json", JSON: true, Filter: []string{"account", "new_*"}},
		},
		{
			"lists of patterns add up", "tables --filter account --config c.json --filter=contact,lead",
			protocol.Command{Verb: protocol.ListTables, Config: "c.json", Filter: []string{"account", "contact", "lead"}},
		},
		{
			"a verb after a list", "--config c.json --tables account catalog",
			protocol.Command{Verb: protocol.PrintCatalog, Config: "c.json", Tables: []string{"account"}},
		},
		{
			"catalog", "catalog --config c.json --tables account --sync-mode full_refresh",
			protocol.Command{
				Verb: protocol.PrintCatalog, Config: "c.json", Tables: []string{"account"}, SyncMode: airbyte.SyncModeFullRefresh,
			},
		},
		{
			"a part of a catalog", "catalog --config c.json --tables account --split 4 --part=2",
			protocol.Command{Verb: protocol.PrintCatalog, Config: "c.json", Tables: []string{"account"}, Parts: 4, Part: 2},
		},
		{"the version by a flag", "--version", protocol.Command{Verb: protocol.Version}},
		{"the version by a short flag", "-v", protocol.Command{Verb: protocol.Version}},
		{"the version by a verb", "version", protocol.Command{Verb: protocol.Version}},
		{"the version by both", "version --version", protocol.Command{Verb: protocol.Version}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			command, err := protocol.ParseCommand(strings.Fields(test.line))
			require.NoError(t, err)
			assert.Equal(t, test.want, command)
		})
	}
}

func TestHelpIsAskedForInManyWays(t *testing.T) {
	tests := []struct {
		line  string
		topic protocol.Verb
	}{
		{"--help", ""},
		{"-h", ""},
		{"help", ""},
		{"help help", protocol.Help},
		{"read help", protocol.Read},
		{"help read", protocol.Read},
		{"help tables --debug", protocol.ListTables},
		{"read --help", protocol.Read},
		{"--help check", protocol.Check},
		{"catalog -h --no-such-flag", protocol.PrintCatalog},
		{"discover --config c.json --help", protocol.Discover},
		{"--no-such-flag --help", ""},
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			command, err := protocol.ParseCommand(strings.Fields(test.line))
			require.NoError(t, err)
			assert.Equal(t, protocol.Help, command.Verb)
			assert.Equal(t, test.topic, command.Topic)
		})
	}
}

func TestAnInvalidCommandLineIsRejected(t *testing.T) {
	tests := []struct {
		name, line, message string
		verb                protocol.Verb
	}{
		{"nothing at all", "", `The command line has no command. Run "source-microsoft-dataverse help" to see the commands.`, ""},
		{
			"flags without a verb", "--config c.json",
			`The command line has no command. Run "source-microsoft-dataverse help" to see the commands.`, "",
		},
		{
			"an unknown verb", "write --config c.json",
			`The command "write" is unknown. The commands are check, doctor, tables, catalog, read, discover, spec, version, help.`, "",
		},
		{
			"a mistyped verb", "raed --config c.json",
			`The command "raed" is unknown. Did you mean read? Run "source-microsoft-dataverse help" to see the commands.`, "",
		},
		{
			"help with a mistyped verb", "help chek",
			`The command "chek" is unknown. Did you mean check? Run "source-microsoft-dataverse help" to see the commands.`, "",
		},
		{
			"a mistyped verb with --help", "chek --help",
			`The command "chek" is unknown. Did you mean check? Run "source-microsoft-dataverse help" to see the commands.`, "",
		},
		{"two verbs", "check read --config c.json", "The command line has two commands, check and read. Give one.", protocol.Check},
		{
			"a mistyped flag", "read --config c.json --catalog t.json --stat=state.json",
			`The flag --stat is unknown. Did you mean --state? Run "source-microsoft-dataverse help read" to see its flags.`, protocol.Read,
		},
		{
			"a flag like none", "check --colour --config c.json",
			`The flag --colour is unknown. Run "source-microsoft-dataverse help check" to see its flags.`, protocol.Check,
		},
		{
			"a flag of another verb", "catalog --config c.json --filter a",
			`The flag --filter belongs to doctor, tables, not to catalog. Run "source-microsoft-dataverse help catalog" to see its flags.`,
			protocol.PrintCatalog,
		},
		{
			"a flag of the protocol for a verb of people", "tables --config c.json --state s.json",
			`The flag --state belongs to read, not to tables. Run "source-microsoft-dataverse help tables" to see its flags.`,
			protocol.ListTables,
		},
		{
			"check without a configuration", "check",
			`The command check needs --config FILE. Run "source-microsoft-dataverse help check" to see its flags.`, protocol.Check,
		},
		{
			"read without a catalog", "read --config c.json",
			`The command read needs --catalog FILE. Run "source-microsoft-dataverse help read" to see its flags.`, protocol.Read,
		},
		{
			"catalog without tables", "catalog --config c.json",
			`The command catalog needs --tables PATTERNS, such as --tables 'account,contact,new_*'. ` +
				`Run "source-microsoft-dataverse help catalog" to see its flags.`, protocol.PrintCatalog,
		},
		{"a flag without its value at the end", "check --config", "The flag --config needs a value: --config FILE.", protocol.Check},
		{
			"a flag without its value before another", "read --config --catalog t.json",
			"The flag --config needs a value: --config FILE.", protocol.Read,
		},
		{
			"an empty joined value", "check --config=", "The value of --config is empty. Write --config FILE.",
			protocol.Check,
		},
		{
			"an empty value of a list that is needed", "catalog --config c.json --tables=",
			"The value of --tables is empty. Write --tables PATTERNS, such as --tables 'account,contact,new_*'.", protocol.PrintCatalog,
		},
		{
			"an empty value of a flag that is not needed", "tables --config c.json --filter=",
			"The value of --filter is empty. Write --filter PATTERNS, or omit the flag.", protocol.ListTables,
		},
		{
			"names with spaces between them", "catalog --tables account contact lead --config c.json",
			`The argument "contact" follows the value of --tables. Put commas between the names, without spaces: ` +
				`--tables 'account,contact,lead'.`, protocol.PrintCatalog,
		},
		{
			"names with commas and spaces between them", "tables --config c.json --filter account, contact",
			`The argument "contact" follows the value of --filter. Put commas between the names, without spaces: ` +
				`--filter 'account,contact'.`, protocol.ListTables,
		},
		{
			"a mistyped verb after a list", "--config c.json --filter account tabels",
			`The command "tabels" is unknown. Did you mean tables? Run "source-microsoft-dataverse help" to see the commands.`, "",
		},
		{
			"standard input", "check --config -",
			"The value of --config is -, but the connector does not read standard input. Name a file, such as /dev/stdin.", protocol.Check,
		},
		{"a switch with a value", "check --debug=yes --config c.json", "The flag --debug takes no value except true and false.", protocol.Check},
		{
			"a file without its flag", "check config.json",
			`The argument "config.json" has no flag before it. Name a file by its flag, such as --config config.json. ` +
				`Run "source-microsoft-dataverse help check" to see its flags.`, protocol.Check,
		},
		{
			"a long dash", "check —config c.json",
			"The argument —config begins with a long dash. Write --config with two hyphens.", protocol.Check,
		},
		{
			"a short flag that asks for the version", "read -v --config c.json --catalog t.json",
			"The flag -v prints the version and does not belong to read. To log more, use --debug.", protocol.Read,
		},
		{
			"a sync mode that does not exist", "catalog --config c.json --tables a --sync-mode full",
			`The value of --sync-mode is "full", but the sync modes are full_refresh and incremental.`, protocol.PrintCatalog,
		},
		{
			"a split without a part", "catalog --config c.json --tables a --split 4",
			"The flag --split needs --part as well: the number of the part to print, from 1 to 4.", protocol.PrintCatalog,
		},
		{
			"a part without a split", "catalog --config c.json --tables a --part 1",
			"The flag --part needs --split as well: the number of parts.", protocol.PrintCatalog,
		},
		{
			"a part that does not exist", "catalog --config c.json --tables a --split 4 --part 5",
			"The value of --part is 5, but --split makes 4 parts. The first is 1, the last 4.", protocol.PrintCatalog,
		},
		{
			"a part numbered from 0", "catalog --config c.json --tables a --split 4 --part 0",
			`The value of --part is "0". Write a whole number from 1 on.`, protocol.PrintCatalog,
		},
		{
			"a malformed pattern", "tables --config c.json --filter acc[",
			`The value of --filter has the malformed pattern "acc[". Use *, ?, and [a-z], and close each bracket.`, protocol.ListTables,
		},
		{
			"no pattern", "catalog --config c.json --tables ,",
			"The value of --tables has no pattern. Write logical names of tables with commas between, such as 'account,new_*'.",
			protocol.PrintCatalog,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := protocol.ParseCommand(strings.Fields(test.line))
			var usage *protocol.UsageError
			require.ErrorAs(t, err, &usage)
			assert.Equal(t, test.message, err.Error())
			assert.Equal(t, test.verb, usage.Verb)
		})
	}
}

func TestAPathMayHaveSpaces(t *testing.T) {
	command, err := protocol.ParseCommand([]string{"check", "--config", "my config.json"})
	require.NoError(t, err)
	assert.Equal(t, "my config.json", command.Config)
}
