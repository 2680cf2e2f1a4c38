package protocol

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bitstrapped/airbyte"
)

// Verb is a command of the connector.
type Verb string

// The verbs of the protocol. Standard output has nothing but messages while one of them runs.
// https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol
const (
	Spec     Verb = "spec"
	Check    Verb = "check"
	Discover Verb = "discover"
	Read     Verb = "read"
)

// The verbs for people. Standard output has their result alone, in a form of their own.
const (
	Doctor       Verb = "doctor"
	ListTables   Verb = "tables"
	PrintCatalog Verb = "catalog"
	Version      Verb = "version"
	Help         Verb = "help"
)

// Verbs returns all verbs in the order in which help lists them.
func Verbs() []Verb {
	return []Verb{Check, Doctor, ListTables, PrintCatalog, Read, Discover, Spec, Version, Help}
}

// OfProtocol reports whether a verb is one of the protocol's.
func (v Verb) OfProtocol() bool {
	return slices.Contains([]Verb{Spec, Check, Discover, Read}, v)
}

// Command is a parsed command line. Config, Catalog, State and Report are paths, "" if the flag is absent.
type Command struct {
	Verb    Verb
	Config  string
	Catalog string
	State   string
	// Report is the file to which read writes its report.
	Report string
	// NoProgress switches off the display of read at a terminal.
	NoProgress bool
	// JSON asks tables and doctor for JSON.
	JSON bool
	// NoColor switches off the colors of doctor.
	NoColor bool
	// Filter and Tables are patterns in the syntax of path.Match: those of the tables that the verb tables lists or doctor
	// examines, all if there is none, and those of the tables that the verb catalog selects.
	Filter, Tables []string
	// SyncMode is the mode of the streams that the verb catalog selects, "" for the best that each of them offers.
	SyncMode airbyte.SyncMode
	// Parts and Part ask the verb catalog for one of so many parts of its streams, numbered from 1. Parts is 0 for all streams.
	Parts, Part int
	// Topic is the verb that the verb help explains, "" for all of them.
	Topic Verb
	Debug bool
}

// ParseCommand reads the arguments that follow the program's name.
//
// Flags come before or after the verb, in any order, as "--flag value" or "--flag=value". If a flag is given twice, the
// last value counts, but lists of patterns add up. The verbs of the protocol accept all of its flags, whether or not they
// need them, and those of the low-code CDK, which callers may pass to every source. Any other flag or word is an error: a
// mistyped --state would otherwise read everything again. --help anywhere asks for help; --version without a verb for the
// version.
//
// The error is a *UsageError.
func ParseCommand(args []string) (Command, error) {
	p := parser{all: args, rest: args}
	if p.asksForHelp() {
		return p.help()
	}
	for len(p.rest) > 0 {
		if err := p.next(); err != nil {
			return Command{}, err
		}
	}
	return p.complete()
}

type parser struct {
	command Command
	given   []given // the flags, in their order
	all     []string
	rest    []string
	list    string // the value of the flag before rest, if it is a list, else ""
}

// given is a flag of the command line, as it was spelled.
type given struct {
	flag Flag
	word string
}

// next consumes one word, or a flag with its value.
func (p *parser) next() error {
	word, list := p.pop(), p.list
	p.list = ""
	if !isFlag(word) {
		if list != "" && p.intended() != "" && !slices.Contains(Verbs(), Verb(word)) {
			return p.separateWords(list, word)
		}
		return p.verb(word)
	}
	spelled, value, joined := strings.Cut(word, "=")
	flag, known := findFlag(strings.TrimLeft(spelled, "-"))
	if !known {
		return p.unknownFlag(spelled)
	}
	p.given = append(p.given, given{flag, spelled})
	if flag.Value == "" {
		return p.setSwitch(flag, value, joined)
	}
	if !joined {
		if len(p.rest) == 0 || isFlag(p.rest[0]) {
			return p.misuse("The flag %s needs a value: %s.", spelled, flag.Form())
		}
		value = p.pop()
	}
	if strings.TrimSpace(value) == "" {
		if flag.Required {
			return p.misuse("The value of %s is empty. Write %s.", spelled, flag.example())
		}
		return p.misuse("The value of %s is empty. Write %s, or omit the flag.", spelled, flag.Form())
	}
	if value == "-" && flag.Value == "FILE" {
		return p.misuse("The value of %s is -, but the connector does not read standard input. Name a file, such as /dev/stdin.", spelled)
	}
	if problem := flag.set(&p.command, value); problem != "" {
		return p.misuse("The value of %s %s.", spelled, problem)
	}
	if flag.takesList() {
		p.list = value
	}
	return nil
}

// setSwitch sets a flag that needs no value, but takes true and false.
func (p *parser) setSwitch(flag Flag, value string, joined bool) error {
	if joined && value != "true" && value != "false" {
		return p.misuse("The flag --%s takes no value except true and false.", flag.Name)
	}
	flag.enable(&p.command, value != "false")
	return nil
}

// verb sets the verb, or the topic of help.
func (p *parser) verb(word string) error {
	verb := Verb(word)
	switch {
	case !slices.Contains(Verbs(), verb):
		return p.unknownWord(word)
	case p.command.Verb == Help && p.command.Topic == "":
		p.command.Topic = verb
	case verb == Help:
		p.command.Verb, p.command.Topic = Help, p.command.Verb
	case p.command.Verb != "" && p.command.Verb != verb:
		return p.misuse("The command line has two commands, %s and %s. Give one.", p.command.Verb, verb)
	default:
		p.command.Verb = verb
	}
	return nil
}

// asksForHelp reports whether a word is a flag that asks for help.
func (p *parser) asksForHelp() bool {
	return slices.ContainsFunc(p.all, func(word string) bool {
		return slices.Contains([]string{"--help", "-help", "-h", "-?"}, word)
	})
}

// help returns the verb help with the first verb as its topic. A first word that is no verb is a mistyped one.
func (p *parser) help() (Command, error) {
	if first := p.all[0]; !isFlag(first) && !slices.Contains(Verbs(), Verb(first)) {
		return Command{}, p.unknownWord(first)
	}
	topic := p.intended()
	if topic == "" && slices.Contains(p.all, string(Help)) {
		topic = Help
	}
	return Command{Verb: Help, Topic: topic}, nil
}

// intended returns the first verb of the command line other than help, "" if there is none.
func (p *parser) intended() Verb {
	for _, word := range p.all {
		if verb := Verb(word); verb != Help && slices.Contains(Verbs(), verb) {
			return verb
		}
	}
	return ""
}

// complete checks that the command line has a verb, the flags that the verb needs, and no others.
func (p *parser) complete() (Command, error) {
	c := p.command
	for _, g := range p.given {
		if g.flag.Name != versionFlag {
			continue
		}
		if c.Verb != "" && c.Verb != Version {
			return Command{}, p.misuse("The flag %s prints the version and does not belong to %s. To log more, use --debug.", g.word, c.Verb)
		}
		c.Verb = Version
	}
	if c.Verb == "" {
		return Command{}, p.misuse("The command line has no command. Run \"%s help\" to see the commands.", program)
	}
	for _, g := range p.given {
		if !g.flag.belongsTo(c.Verb) {
			return Command{}, p.misuse("The flag %s belongs to %s, not to %s.%s", g.word, list(g.flag.verbs), c.Verb, p.seeHelp(c.Verb))
		}
	}
	for _, flag := range Flags(c.Verb) {
		if flag.Required && !p.gives(flag.Name) {
			return Command{}, p.misuse("The command %s needs %s.%s", c.Verb, flag.example(), p.seeHelp(c.Verb))
		}
	}
	return c, p.checkParts(c)
}

// checkParts checks that --split and --part come together and agree.
func (p *parser) checkParts(c Command) error {
	switch {
	case c.Parts > 0 && c.Part == 0:
		return p.misuse("The flag --split needs --part as well: the number of the part to print, from 1 to %d.", c.Parts)
	case c.Part > 0 && c.Parts == 0:
		return p.misuse("The flag --part needs --split as well: the number of parts.")
	case c.Part > c.Parts:
		return p.misuse("The value of --part is %d, but --split makes %d parts. The first is 1, the last %d.", c.Part, c.Parts, c.Parts)
	default:
		return nil
	}
}

// gives reports whether the command line has a flag.
func (p *parser) gives(name string) bool {
	return slices.ContainsFunc(p.given, func(g given) bool { return g.flag.Name == name })
}

// pop removes the next word and returns it.
func (p *parser) pop() string {
	word := p.rest[0]
	p.rest = p.rest[1:]
	return word
}

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

func list(verbs []Verb) string {
	texts := make([]string, len(verbs))
	for i, verb := range verbs {
		texts[i] = string(verb)
	}
	return strings.Join(texts, ", ")
}

// misuse returns a *UsageError of the verb that the command line seems to mean.
func (p *parser) misuse(format string, args ...any) error {
	return &UsageError{Message: fmt.Sprintf(format, args...), Verb: p.intended()}
}
