package source

import "source-microsoft-dataverse/source/protocol"

// commands is the help text without a verb.
const commands = `source-microsoft-dataverse replicates the tables of Microsoft Dataverse, and so
of the Dynamics 365 applications built on it. It is an Airbyte source.

Usage:
  source-microsoft-dataverse COMMAND [FLAGS]

From a configuration to rows, in this order:
  check      Test the configuration.
  doctor     Report what would go wrong, and how long a first sync takes.
  tables     List the tables of the environment.
  catalog    Select tables, and print the catalog that read needs.
  read       Print the rows of the selected tables, or only the changes.

For Airbyte and other programs:
  discover   Print all tables with their columns as Airbyte's catalog.
  spec       Print the settings of the configuration as a JSON schema.

About the connector:
  version    Print the version.
  help       Explain a command, as in "source-microsoft-dataverse help read".

The configuration is a JSON file, such as config.json:
  {
    "url": "https://contoso.crm.dynamics.com",
    "tenant_id": "00000000-0000-0000-0000-000000000001",
    "client_id": "00000000-0000-0000-0000-000000000002",
    "client_secret_value": "the Value of a client secret"
  }

Example:
  source-microsoft-dataverse check --config config.json
  source-microsoft-dataverse doctor --config config.json
  source-microsoft-dataverse tables --config config.json
  source-microsoft-dataverse catalog --config config.json \
    --tables 'account,contact' > catalog.json
  source-microsoft-dataverse read --config config.json \
    --catalog catalog.json > rows.jsonl

Exit codes:
  0  success; check also ends with 0 if it rejects the configuration
  1  failure: the last message has the cause and what to do; doctor ends with 1
     if it finds an error, because a sync would fail
  2  the command line is invalid
`

// helpText is what help prints about a verb besides its flags and variables.
type helpText struct{ usage, about, example string }

func helpTexts() map[protocol.Verb]helpText {
	return map[protocol.Verb]helpText{
		protocol.Check: {
			"check --config FILE [FLAGS]",
			"Tests the configuration: signs in to Microsoft Entra, lists the tables of the environment, and examines whether the " +
				"application user can read them. The result is a CONNECTION_STATUS message of the Airbyte protocol, SUCCEEDED, or FAILED " +
				"with all causes. Warnings are logged.",
			"  source-microsoft-dataverse check --config config.json",
		},
		protocol.Doctor: {
			"doctor --config FILE [FLAGS]",
			"Examines the environment and the rights of the application user, and reports to a person what would fail or be missing in a " +
				"sync, with what to do about it. It also times pages of the selected tables, estimates how long their first sync takes, " +
				"and suggests how often to sync. It changes nothing. The exit code is 1 if it finds an error, otherwise 0.",
			"  source-microsoft-dataverse doctor --config config.json --filter 'acc*'",
		},
		protocol.ListTables: {
			"tables --config FILE [FLAGS]",
			"Lists the tables of the environment, whether or not the configuration selects them: the logical name, the display name, " +
				"the number of rows as far as Dataverse knows it, whether changes, including deletions, can be followed or why not, " +
				"and whether the application user can read the table.",
			"  source-microsoft-dataverse tables --config config.json --filter 'account*'",
		},
		protocol.PrintCatalog: {
			"catalog --config FILE --tables PATTERNS [FLAGS]",
			"Prints a configured catalog for read: the streams of the tables that match a pattern, with all their columns, keys, " +
				"and cursors. In a pattern, * matches any characters, ? matches one character, and [a-z] one character of a range. " +
				"Tables that the application user cannot read are left out with a warning. Edit the file to remove columns. " +
				"With --split and --part, it prints one of several catalogs, so that several workers read the environment.",
			"  source-microsoft-dataverse catalog --config config.json \\\n    --tables 'account,contact' > catalog.json\n" +
				"  source-microsoft-dataverse catalog --config config.json \\\n    --tables '*' --split 4 --part 1 > catalog-1.json",
		},
		protocol.Read: {
			"read --config FILE --catalog FILE [FLAGS]",
			"Reads the tables of a configured catalog and prints messages of the Airbyte protocol, one a line: RECORD for each " +
				"row, STATE for each page, and LOG. Save the output: the next read takes it as --state and continues where this " +
				"one ended. Of a table that is read incrementally, it then prints only what was created, changed, or deleted.",
			"  source-microsoft-dataverse read --config config.json --catalog catalog.json \\\n    > rows.jsonl\n" +
				"  source-microsoft-dataverse read --config config.json --catalog catalog.json \\\n    --state rows.jsonl > changes.jsonl",
		},
		protocol.Discover: {
			"discover --config FILE [FLAGS]",
			"Prints a CATALOG message of the Airbyte protocol: all tables that the configuration selects, with their columns, " +
				"keys, and sync modes. For a list to read use the command tables, for the catalog that read needs the command catalog.",
			"  source-microsoft-dataverse discover --config config.json > discovered.jsonl",
		},
		protocol.Spec: {
			"spec",
			"Prints a SPEC message of the Airbyte protocol: the settings of the configuration as a JSON schema, from which Airbyte " +
				"makes its form. \"help check\" lists the settings for people.",
			"  source-microsoft-dataverse spec",
		},
		protocol.Version: {
			"version",
			"Prints the version, the platform, the version of Go, and the revision of the source code. The flags -v and --version " +
				"do the same.",
			"  source-microsoft-dataverse version",
		},
		protocol.Help: {
			"help [COMMAND]",
			"Explains a command, or lists all commands. The flags -h and --help do the same with each command.",
			"  source-microsoft-dataverse help read",
		},
	}
}

// defaultLevel is the level at which a verb logs.
func defaultLevel(verb protocol.Verb) string {
	if verb.OfProtocol() {
		return "info"
	}
	return "warn"
}
