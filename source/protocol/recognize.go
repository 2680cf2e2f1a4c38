package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Kind is a kind of file that a caller passes to the connector, in words that follow "is".
type Kind string

// The kinds of files that callers confuse.
const (
	Configuration     Kind = "a configuration"
	DiscoveredCatalog Kind = "the catalog that discover prints"
	SelectedCatalog   Kind = "a configured catalog"
	State             Kind = "a state"
	ReadOutput        Kind = "the output of read"
	CheckOutput       Kind = "the output of check"
	Specification     Kind = "a specification as spec prints it"
	FailedOutput      Kind = "the output of a command that failed"
	APIConnection     Kind = "a connection as Airbyte's API describes it"
)

// instead is where a file of the kind belongs.
func (k Kind) instead() string {
	switch k {
	case Configuration:
		return "Pass it with --config."
	case SelectedCatalog:
		return "Pass it with --catalog."
	case DiscoveredCatalog:
		return fmt.Sprintf(`To make a configured catalog, run "%s catalog --config FILE --tables 'account,contact' > catalog.json".`, program)
	case State, ReadOutput:
		return "Pass it with --state."
	case CheckOutput, Specification, FailedOutput, APIConnection:
		return "Check the path."
	default:
		return ""
	}
}

// Swapped returns the sentences about a file that is of another kind than its flag takes, "" if the file is of that kind or
// of no kind that Recognize knows.
func Swapped(path, flag string, data []byte, want Kind) string {
	is := Recognize(data)
	if is == "" || is == want {
		return ""
	}
	return fmt.Sprintf("The file %s, given with %s, is %s, not %s. %s", path, flag, is, want, is.instead())
}

// shape has the members by which Recognize tells kinds apart.
type shape struct {
	Type          string          `json:"type"`
	Streams       []shapeOfStream `json:"streams"`
	Stream        json.RawMessage `json:"stream"`
	Global        json.RawMessage `json:"global"`
	Data          json.RawMessage `json:"data"`
	SyncCatalog   json.RawMessage `json:"syncCatalog"`
	Specification json.RawMessage `json:"connectionSpecification"`
}

type shapeOfStream struct {
	Stream json.RawMessage `json:"stream"`
	Schema json.RawMessage `json:"json_schema"`
}

// Recognize returns the kind of a file, "" if it is of no kind that callers confuse. Lines are the output of a command,
// whose kind the first message shows that is neither LOG nor TRACE.
func Recognize(data []byte) Kind {
	decoder := json.NewDecoder(bytes.NewReader(data))
	var output Kind
	for {
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return output
		}
		if value[0] == '[' {
			var first []shape
			if json.Unmarshal(value, &first) == nil && len(first) > 0 && first[0].kind() == State {
				return State
			}
			return output
		}
		var s shape
		if json.Unmarshal(value, &s) != nil {
			return output
		}
		kind := s.kind()
		if kind == "" && output == "" && isConfiguration(value) {
			return Configuration
		}
		if kind != FailedOutput {
			return kind
		}
		output = kind
	}
}

// kind returns the kind of a document or of a message.
func (s shape) kind() Kind {
	switch s.Type {
	case "LOG", "TRACE":
		return FailedOutput
	case "CATALOG":
		return DiscoveredCatalog
	case "RECORD", "STATE":
		return ReadOutput
	case "CONNECTION_STATUS":
		return CheckOutput
	case "SPEC":
		return Specification
	case "STREAM", "GLOBAL", "LEGACY":
		return State
	}
	switch {
	case s.Stream != nil || s.Global != nil:
		return State
	case s.SyncCatalog != nil:
		return APIConnection
	case s.Specification != nil:
		return Specification
	case len(s.Streams) > 0 && s.Streams[0].Stream == nil && s.Streams[0].Schema != nil:
		return DiscoveredCatalog
	case s.Streams != nil:
		return SelectedCatalog
	default:
		return ""
	}
}

// isConfiguration reports whether an object has a text that configurations of connectors have, an address or a credential,
// or the member in which an API wraps a configuration.
func isConfiguration(object json.RawMessage) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return false
	}
	for name, value := range members {
		name = strings.ToLower(name)
		for _, part := range []string{"url", "host", "client", "secret", "password"} {
			if strings.Contains(name, part) && value[0] == '"' {
				return true
			}
		}
		if strings.HasSuffix(name, "configuration") && value[0] == '{' {
			return true
		}
	}
	return false
}
