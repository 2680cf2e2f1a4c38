package source

import (
	"fmt"

	"source-microsoft-dataverse/source/protocol"
)

// printHelp prints the help text of a verb, or for "" the overview.
func (p Process) printHelp(topic protocol.Verb) error {
	_, err := fmt.Fprint(p.Stdout, helpText(topic))
	if err != nil {
		return fmt.Errorf("print the help text: %w", err)
	}
	return nil
}

func helpText(topic protocol.Verb) string {
	if topic == "" {
		topic = "COMMAND"
	}
	return fmt.Sprintf("usage: %s %s [FLAGS]\n", name, topic)
}
