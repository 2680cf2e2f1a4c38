package protocol

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/bitstrapped/airbyte"
)

// Flag describes a flag of the command line.
type Flag struct {
	// Name is the name without its dashes.
	Name string
	// Value is a placeholder for the flag's value, "" for a flag that is on or off.
	Value string
	// Usage is a sentence about what the flag does.
	Usage string
	// Required reports whether the verbs that have the flag need it.
	Required bool
	// Default is what holds without the flag, "" if that needs no words.
	Default string

	sample string                                          // of a value, "" if the placeholder needs none
	verbs  []Verb                                          // for which help lists the flag
	set    func(c *Command, value string) (problem string) // for a flag with a value: the problem continues "The value of --x"
	enable func(c *Command, on bool)                       // for a flag without one
}

// versionFlag is the flag that stands for the verb version.
const versionFlag = "version"

// Flags returns the flags that help lists for a verb.
func Flags(verb Verb) []Flag {
	return slices.DeleteFunc(flags(), func(f Flag) bool {
		return f.Usage == "" || !slices.Contains(f.verbs, verb) || verb == Version || verb == Help
	})
}

func flags() []Flag {
	protocolVerbs := []Verb{Check, Discover, Read, Spec}
	return []Flag{
		{
			Name: "config", Value: "FILE", Usage: "The configuration, a JSON file.", Required: true,
			verbs: []Verb{Check, Doctor, ListTables, PrintCatalog, Read, Discover},
			set:   func(c *Command, value string) string { c.Config = value; return "" },
		},
		{
			Name: "catalog", Value: "FILE", Usage: "The configured catalog: the streams to read, as the command catalog prints them.",
			Required: true, verbs: []Verb{Read},
			set: func(c *Command, value string) string { c.Catalog = value; return "" },
		},
		{
			Name: "state", Value: "FILE", Usage: "The state to continue from: the output of an earlier read, or its STATE lines alone.",
			Default: "every stream is read in full", verbs: []Verb{Read},
			set: func(c *Command, value string) string { c.State = value; return "" },
		},
		{
			Name: "tables", Value: "PATTERNS", Usage: "The tables to select: logical names or patterns, with commas between them.",
			Required: true, sample: "'account,contact,new_*'", verbs: []Verb{PrintCatalog},
			set: func(c *Command, value string) (problem string) {
				c.Tables, problem = addPatterns(c.Tables, value)
				return problem
			},
		},
		{
			Name: "sync-mode", Value: "MODE", Usage: "The sync mode: full_refresh or incremental.",
			Default: "incremental for tables that offer it, else full_refresh", verbs: []Verb{PrintCatalog}, set: setSyncMode,
		},
		{
			Name: "split", Value: "N", Usage: "Divide the streams among N workers, with about the same number of rows each.",
			Default: "all streams", verbs: []Verb{PrintCatalog},
			set: func(c *Command, value string) (problem string) {
				c.Parts, problem = positive(value)
				return problem
			},
		},
		{
			Name: "part", Value: "I", Usage: "With --split, the part to print, from 1 to N.", verbs: []Verb{PrintCatalog},
			set: func(c *Command, value string) (problem string) {
				c.Part, problem = positive(value)
				return problem
			},
		},
		{
			Name: "filter", Value: "PATTERNS", Usage: "Only these tables: logical names or patterns, with commas between them.",
			Default: "all tables", verbs: []Verb{Doctor, ListTables},
			set: func(c *Command, value string) (problem string) {
				c.Filter, problem = addPatterns(c.Filter, value)
				return problem
			},
		},
		{
			Name: "json", Usage: "Print JSON for programs.", Default: "text for people", verbs: []Verb{Doctor, ListTables},
			enable: func(c *Command, on bool) { c.JSON = on },
		},
		{
			Name: "no-color", Usage: "Do not color the report, as NO_COLOR does.", Default: "colors at a terminal", verbs: []Verb{Doctor},
			enable: func(c *Command, on bool) { c.NoColor = on },
		},
		{
			Name: "report", Value: "FILE", Usage: "Write a report of the sync: a page if the name of the file ends in .html, else JSON.",
			Default: "no report", verbs: []Verb{Read},
			set: func(c *Command, value string) string { c.Report = value; return "" },
		},
		{
			Name: "no-progress", Usage: "Do not display the progress on standard error.",
			Default: "displayed if standard error is a terminal and standard output is not",
			verbs:   []Verb{Read}, enable: func(c *Command, on bool) { c.NoProgress = on },
		},
		{
			Name: "debug", Usage: "Log more, as LOG_LEVEL=debug does.", verbs: Verbs(),
			enable: func(c *Command, on bool) { c.Debug = on },
		},
		{Name: versionFlag, verbs: Verbs(), enable: func(*Command, bool) {}},
		// Flags of the low-code CDK, which callers may pass to every source (airbyte-python-cdk, airbyte_cdk/entrypoint.py).
		{Name: "manifest-path", Value: "FILE", verbs: protocolVerbs, set: func(*Command, string) string { return "" }},
		{Name: "components-path", Value: "FILE", verbs: protocolVerbs, set: func(*Command, string) string { return "" }},
	}
}

// findFlag returns the flag of a name; -v is the flag --version.
func findFlag(name string) (Flag, bool) {
	if name == "v" {
		name = versionFlag
	}
	all := flags()
	if at := slices.IndexFunc(all, func(f Flag) bool { return f.Name == name }); at >= 0 {
		return all[at], true
	}
	return Flag{}, false
}

// belongsTo reports whether a verb accepts the flag. The verbs of the protocol accept all flags that the protocol has.
func (f Flag) belongsTo(verb Verb) bool {
	ofProtocol := slices.Contains([]string{"config", "catalog", "state"}, f.Name)
	return slices.Contains(f.verbs, verb) || ofProtocol && verb.OfProtocol()
}

// Form returns the flag as one writes it: --name, and the placeholder of its value.
func (f Flag) Form() string {
	if f.Value == "" {
		return "--" + f.Name
	}
	return "--" + f.Name + " " + f.Value
}

// takesList reports whether the flag's value is a list.
func (f Flag) takesList() bool { return f.Value == "PATTERNS" }

// example returns the form, with a sample of the value if there is one.
func (f Flag) example() string {
	if f.sample == "" {
		return f.Form()
	}
	return f.Form() + ", such as --" + f.Name + " " + f.sample
}

// addPatterns adds a list of patterns, split at its commas. Patterns are in lower case, as logical names are.
func addPatterns(all []string, value string) (more []string, problem string) {
	before := len(all)
	for pattern := range strings.SplitSeq(value, ",") {
		pattern = strings.ToLower(strings.TrimSpace(pattern))
		if pattern == "" {
			continue
		}
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Sprintf("has the malformed pattern %q. Use *, ?, and [a-z], and close each bracket", pattern)
		}
		all = append(all, pattern)
	}
	if len(all) == before {
		return nil, "has no pattern. Write logical names of tables with commas between, such as 'account,new_*'"
	}
	return all, ""
}

// positive reads a whole number from 1 on.
func positive(value string) (n int, problem string) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Sprintf("is %q. Write a whole number from 1 on", value)
	}
	return n, ""
}

func setSyncMode(c *Command, value string) (problem string) {
	mode := airbyte.SyncMode(value)
	modes := []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental}
	if !slices.Contains(modes, mode) {
		return fmt.Sprintf("is %q, but the sync modes are %s and %s", value, modes[0], modes[1])
	}
	c.SyncMode = mode
	return ""
}
