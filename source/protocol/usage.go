package protocol

import (
	"fmt"
	"slices"
	"strings"
)

// UsageError is an invalid command line.
type UsageError struct {
	// Message is sentences: what is wrong, then what to write.
	Message string
	// Verb is the verb that the command line has, "" if it has none.
	Verb Verb
}

// Error returns the message.
func (e *UsageError) Error() string { return e.Message }

// program is the connector's name in messages about the command line.
const program = "source-microsoft-dataverse"

// unknownFlag returns the error of a flag that does not exist, with the nearest flag of the verb.
func (p *parser) unknownFlag(word string) error {
	verb := p.intended()
	var names []string
	for _, flag := range flags() {
		if flag.Usage != "" && (verb == "" || flag.belongsTo(verb)) {
			names = append(names, flag.Name)
		}
	}
	if nearest := Nearest(word, append(names, "help", versionFlag)); nearest != "" {
		return p.misuse("The flag %s is unknown. Did you mean --%s?%s", word, nearest, p.seeHelp(verb))
	}
	return p.misuse("The flag %s is unknown.%s", word, p.seeHelp(verb))
}

// unknownWord returns the error of a word that is neither a verb nor a flag.
func (p *parser) unknownWord(word string) error {
	if dashed := strings.TrimLeft(word, "–—−"); dashed != word {
		return p.misuse("The argument %s begins with a long dash. Write --%s with two hyphens.", word, dashed)
	}
	verb := p.intended()
	var names []string
	for _, v := range Verbs() {
		names = append(names, string(v))
	}
	nearest, isPath := Nearest(word, names), strings.ContainsAny(word, `./\`)
	switch {
	case nearest != "" && !isPath:
		return p.misuse("The command %q is unknown. Did you mean %s? Run \"%s help\" to see the commands.", word, nearest, program)
	case verb != "":
		return p.misuse("The argument %q has no flag before it. Name a file by its flag, such as --config %s.%s", word, word, p.seeHelp(verb))
	default:
		return p.misuse("The command %q is unknown. The commands are %s.", word, strings.Join(names, ", "))
	}
}

// separateWords returns the error of words that follow the list of a flag, as if a space separated its names.
func (p *parser) separateWords(list, word string) error {
	flag, names := p.given[len(p.given)-1].word, strings.TrimSuffix(list, ",")+","+strings.Trim(word, ",")
	for _, next := range p.rest {
		if isFlag(next) || slices.Contains(Verbs(), Verb(next)) {
			break
		}
		names += "," + strings.Trim(next, ",")
	}
	return p.misuse("The argument %q follows the value of %s. Put commas between the names, without spaces: %s '%s'.", word, flag, flag, names)
}

// seeHelp is the sentence, after a space, that names the command for help with a verb.
func (p *parser) seeHelp(verb Verb) string {
	topic := "help"
	if verb != "" {
		topic += " " + string(verb)
	}
	return fmt.Sprintf(" Run \"%s %s\" to see its flags.", program, topic)
}
