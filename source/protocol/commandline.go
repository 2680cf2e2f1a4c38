package protocol

import (
	"fmt"
	"slices"
	"strings"
)

// Verb is one of the four commands of a source.
// https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol
type Verb string

// The verbs of a source.
const (
	Spec     Verb = "spec"
	Check    Verb = "check"
	Discover Verb = "discover"
	Read     Verb = "read"
)

// Version is the flag --version without a verb. It is not part of the protocol.
const Version Verb = "--version"

// Command is a parsed command line. Config, Catalog and State are paths, "" if the flag is absent.
type Command struct {
	Verb    Verb
	Config  string
	Catalog string
	State   string
	Debug   bool
}

// UsageError is an invalid command line. Problem is empty if the command line asks for help.
type UsageError struct{ Problem string }

const usage = "usage: spec | check --config FILE | discover --config FILE | " +
	"read --config FILE --catalog FILE [--state FILE]; each accepts --debug; --version prints the version"

// Error is the problem followed by the usage line.
func (e *UsageError) Error() string {
	if e.Problem == "" {
		return usage
	}
	return e.Problem + "; " + usage
}

// ParseCommand reads the arguments that follow the program's name.
//
// Flags come before or after the verb, in any order, as "--flag value" or "--flag=value". If a flag is given twice, the
// last value counts. Unknown flags are ignored, because platforms may add some. An unknown flag takes the next word as its
// value unless that word is a flag or, before the verb, a verb: "--new x read", "--new read", and "read --new read" are
// all read.
//
// The error is a *UsageError.
func ParseCommand(args []string) (Command, error) {
	p := parser{rest: args}
	for len(p.rest) > 0 {
		if err := p.next(); err != nil {
			return Command{}, err
		}
	}
	if p.version && p.command.Verb == "" {
		p.command.Verb = Version
	}
	if err := p.command.complete(); err != nil {
		return Command{}, err
	}
	return p.command, nil
}

type parser struct {
	command Command
	version bool
	rest    []string
}

// next consumes one word, or a flag with its value.
func (p *parser) next() error {
	word := p.pop()
	if !isFlag(word) {
		return p.verb(word)
	}
	name, value, joined := strings.Cut(word, "=")
	name = strings.TrimLeft(name, "-")
	switch name {
	case "config":
		return p.value(&p.command.Config, name, value, joined)
	case "catalog":
		return p.value(&p.command.Catalog, name, value, joined)
	case "state":
		return p.value(&p.command.State, name, value, joined)
	case "manifest-path", "components-path":
		// Flags of the low-code CDK, which callers may pass to every source.
		var ignored string
		return p.value(&ignored, name, value, joined)
	case "help", "h":
		return &UsageError{}
	case "version":
		p.version = true
		return nil
	case "debug":
		p.command.Debug = !joined || value != "false"
		return nil
	default:
		p.skipUnknown(joined)
		return nil
	}
}

func (p *parser) verb(word string) error {
	verb := Verb(word)
	if !isVerb(word) {
		return &UsageError{Problem: fmt.Sprintf("%q is not a command of this source", word)}
	}
	if p.command.Verb != "" && p.command.Verb != verb {
		return &UsageError{Problem: fmt.Sprintf("the command line has two commands, %s and %s", p.command.Verb, verb)}
	}
	p.command.Verb = verb
	return nil
}

// value stores a flag's value: the text after "=" if joined, else the next word.
func (p *parser) value(target *string, name, value string, joined bool) error {
	if !joined {
		if len(p.rest) == 0 || isFlag(p.rest[0]) {
			return &UsageError{Problem: fmt.Sprintf("--%s needs the path of a file", name)}
		}
		value = p.pop()
	}
	if value == "" {
		return &UsageError{Problem: fmt.Sprintf("the path given with --%s is empty", name)}
	}
	*target = value
	return nil
}

// skipUnknown skips the value of an unknown flag, if the next word can be one.
func (p *parser) skipUnknown(joined bool) {
	if joined || len(p.rest) == 0 || isFlag(p.rest[0]) {
		return
	}
	if p.command.Verb == "" && isVerb(p.rest[0]) {
		return
	}
	p.pop()
}

// pop removes the next word and returns it.
func (p *parser) pop() string {
	word := p.rest[0]
	p.rest = p.rest[1:]
	return word
}

// complete checks that the command line has a verb and the flags that the verb needs.
func (c Command) complete() error {
	if c.Verb == "" {
		return &UsageError{Problem: "the command line has no command"}
	}
	if c.Verb != Spec && c.Verb != Version && c.Config == "" {
		return &UsageError{Problem: fmt.Sprintf("%s needs --config", c.Verb)}
	}
	if c.Verb == Read && c.Catalog == "" {
		return &UsageError{Problem: "read needs --catalog"}
	}
	return nil
}

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

func isVerb(word string) bool {
	return slices.Contains([]Verb{Spec, Check, Discover, Read}, Verb(word))
}
