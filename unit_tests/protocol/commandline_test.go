package protocol_test

import (
	"strings"
	"testing"

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
		{"read without a state", "read --config c.json --catalog t.json", read},
		{"read with a state", "read --config c.json --catalog t.json --state s.json", stateful},
		{"read in reverse order", "read --state s.json --catalog=t.json --config c.json", stateful},
		{"debug last", "discover --config c.json --debug", debug},
		{"debug first", "--debug discover --config c.json", debug},
		{"debug switched off", "check --debug=false --config c.json", check},
		{"the last of two values counts", "check --config old.json --config c.json", check},
		{"the low-code flags are passed over", "check --manifest-path m.yaml --components-path=p.py --config c.json", check},
		{"an unknown flag is passed over", "check --new --config c.json", check},
		{"an unknown flag's value is passed over", "check --new thing --config c.json", check},
		{"an unknown joined value is passed over", "check --new=thing --config c.json", check},
		{"an unknown flag leaves the verb alone", "--new check --config c.json", check},
		{"an unknown flag's value before the verb is passed over", "--new thing check --config c.json", check},
		{"the version is asked for without a verb", "--version", protocol.Command{Verb: protocol.Version}},
		{"with a verb the version is ignored", "check --version --config c.json", check},
		{"an unknown flag at the end is passed over", "check --config c.json --new", check},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			command, err := protocol.ParseCommand(strings.Fields(test.line))
			require.NoError(t, err)
			assert.Equal(t, test.want, command)
		})
	}
}

func TestAnInvalidCommandLineIsRejected(t *testing.T) {
	tests := []struct {
		name, line, says string
	}{
		{"nothing at all", "", "the command line has no command"},
		{"flags without a verb", "--config c.json", "the command line has no command"},
		{"an unknown verb", "write --config c.json", `"write" is not a command`},
		{"two verbs", "check read --config c.json", "the command line has two commands, check and read"},
		{"check without a configuration", "check", "check needs --config"},
		{"read without a catalog", "read --config c.json", "read needs --catalog"},
		{"a flag without its value at the end", "check --config", "--config needs the path of a file"},
		{"a flag without its value before another", "read --config --catalog t.json", "--config needs the path of a file"},
		{"an empty joined value", "check --config=", "the path given with --config is empty"},
		{"a low-code flag without its value", "check --config c.json --manifest-path", "--manifest-path needs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := protocol.ParseCommand(strings.Fields(test.line))
			var usage *protocol.UsageError
			require.ErrorAs(t, err, &usage)
			assert.Contains(t, usage.Problem, test.says)
			assert.Contains(t, err.Error(), "usage: ", "the error says how to call the connector")
		})
	}
}

func TestAPathMayHaveSpaces(t *testing.T) {
	command, err := protocol.ParseCommand([]string{"check", "--config", "my config.json"})
	require.NoError(t, err)
	assert.Equal(t, "my config.json", command.Config)
}

func TestHelpIsTheUsage(t *testing.T) {
	for _, line := range []string{"--help", "-h", "read --help", "--help check", "discover -h --config c.json"} {
		t.Run(line, func(t *testing.T) {
			_, err := protocol.ParseCommand(strings.Fields(line))
			var usage *protocol.UsageError
			require.ErrorAs(t, err, &usage)
			assert.Empty(t, usage.Problem, "nothing is wrong")
			assert.True(t, strings.HasPrefix(err.Error(), "usage: spec | check --config FILE"), err.Error())
		})
	}
}
