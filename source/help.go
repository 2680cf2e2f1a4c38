package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
)

// printHelp prints the help text of a verb, or for "" the overview.
func (p Process) printHelp(topic protocol.Verb) error {
	text := commands
	if topic != "" {
		var err error
		if text, err = p.helpOf(topic); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprint(p.Stdout, text); err != nil {
		return fmt.Errorf("print the help text: %w", err)
	}
	return nil
}

// helpOf returns the help text of a verb.
func (p Process) helpOf(verb protocol.Verb) (string, error) {
	text := helpTexts()[verb]
	var page strings.Builder
	fmt.Fprintf(&page, "Usage:\n  %s %s\n\n%s\n", name, text.usage, wrap(text.about, ""))
	if flags := protocol.Flags(verb); len(flags) > 0 {
		page.WriteString("\nFlags:\n")
		for _, flag := range flags {
			page.WriteString(entry(flag.Form(), describe(flag)))
		}
	}
	if variables := variablesOf(verb); len(variables) > 0 {
		page.WriteString("\nEnvironment variables:\n")
		for _, variable := range variables {
			page.WriteString(entry(variable.name, variable.meaning))
		}
	}
	if verb == protocol.Check {
		settings, err := settingsOf(p.Specification)
		if err != nil {
			return "", err
		}
		page.WriteString("\nSettings of the configuration:\n" + settings)
	}
	fmt.Fprintf(&page, "\nExample:\n%s\n", text.example)
	return page.String(), nil
}

// describe returns what a flag does and what holds without it.
func describe(flag protocol.Flag) string {
	switch {
	case flag.Required:
		return flag.Usage + " Required."
	case flag.Default != "":
		return flag.Usage + " Default: " + flag.Default + "."
	default:
		return flag.Usage
	}
}

// variable is an environment variable that the connector reads.
type variable struct{ name, meaning string }

// variablesOf returns the environment variables that matter to a verb.
func variablesOf(verb protocol.Verb) []variable {
	variables := []variable{
		{caFileVariable, "A PEM file of additional certificate authorities, for networks that inspect TLS."},
		{"SSL_CERT_FILE", "A PEM file of certificate authorities in place of the system's."},
		{"HTTPS_PROXY", "The proxy to use, such as proxy.example.com:3128. Default: none."},
		{"NO_PROXY", "The hosts to reach without the proxy, with commas between them."},
		{"AZURE_FEDERATED_TOKEN_FILE", "The token file of a workload identity. AKS sets it, as it does the variables that follow."},
		{"AZURE_TENANT_ID", "The tenant of a workload identity."},
		{"AZURE_CLIENT_ID", "The application of a workload identity."},
		{"AZURE_AUTHORITY_HOST", "The sign-in host of a workload identity."},
		{"LOG_LEVEL", "The least important logs to write: debug, info, warn, or error. Default: " + defaultLevel(verb) + "."},
	}
	switch verb {
	case protocol.Spec, protocol.Version, protocol.Help:
		return nil
	case protocol.Read:
		return append(variables,
			variable{"GOMEMLIMIT", "The memory to use, such as 500MiB. Default: most of the container's limit."},
			variable{"WORKER_JOB_ID", "The job of this read. Airbyte sets it. Retries of a job continue a full refresh."})
	case protocol.Doctor:
		return append(variables,
			variable{"NO_COLOR", "Any value: do not color the report."},
			variable{"LANG", "The locale. Marks and names are in ASCII unless it is one of UTF-8."})
	case protocol.Check, protocol.Discover, protocol.ListTables, protocol.PrintCatalog:
	}
	return variables
}

// settingsOf lists the settings that a specification has, in the order of the form.
func settingsOf(specification []byte) (string, error) {
	type setting struct {
		name    string
		Title   string `json:"title"`
		Default any    `json:"default"`
		Order   int    `json:"order"`
	}
	var document struct {
		Connection struct {
			Required   []string           `json:"required"`
			Properties map[string]setting `json:"properties"`
		} `json:"connectionSpecification"`
	}
	if err := json.Unmarshal(specification, &document); err != nil {
		return "", fmt.Errorf("parse the specification: %w", err)
	}
	var settings []setting
	for name, s := range document.Connection.Properties {
		s.name = name
		settings = append(settings, s)
	}
	slices.SortFunc(settings, func(a, b setting) int { return a.Order - b.Order })
	var list strings.Builder
	for _, s := range settings {
		meaning := s.Title + "."
		if slices.Contains(document.Connection.Required, s.name) {
			meaning += " Required."
		} else if s.Default != nil {
			meaning += fmt.Sprintf(" Default: %v.", s.Default)
		}
		list.WriteString(entry(s.name, meaning))
	}
	return list.String(), nil
}

// The width of help texts in characters, and the column of descriptions.
const (
	helpWidth  = 80
	helpColumn = 27
)

// entry returns a term and its description as a line, or as more lines if the term or the description is long.
func entry(term, description string) string {
	indent := strings.Repeat(" ", helpColumn)
	first := fmt.Sprintf("  %-*s", helpColumn-2, term)
	if len(first) > helpColumn || !strings.HasSuffix(first, " ") {
		first = "  " + term + "\n" + indent
	}
	return first + strings.TrimPrefix(wrap(description, indent), indent) + "\n"
}

// wrap breaks a text into lines of at most helpWidth characters, each after an indent. Line feeds in the text remain.
func wrap(text, indent string) string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		for _, line := range prose.Lines(paragraph, helpWidth-len(indent)) {
			lines = append(lines, strings.TrimRight(indent+line, " "))
		}
	}
	return strings.Join(lines, "\n")
}
