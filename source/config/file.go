package config

import (
	"encoding/json"
	"fmt"

	"source-microsoft-dataverse/source/protocol"
)

// readMembers reads the members of the file's object that are not null. Its errors do not quote the content.
func readMembers(path string, form form) (map[string]json.RawMessage, error) {
	data, err := protocol.ReadInput(path)
	if err != nil {
		return nil, fileProblem("The configuration file %s cannot be read: %v. Check the path given with --config.", path, err)
	}
	if swapped := protocol.Swapped(path, "--config", data, protocol.Configuration); swapped != "" {
		return nil, fileProblem("%s", swapped)
	}
	var document json.RawMessage
	if err := protocol.Decode(data, &document); err != nil {
		return nil, fileProblem("The configuration file %s %v.", path, err)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) != nil || members == nil {
		return nil, fileProblem("The configuration file %s is not a JSON object. Write the settings in braces, as in {\"url\": \"…\"}.", path)
	}
	for name, value := range members {
		if string(value) == "null" {
			delete(members, name)
		}
	}
	if wrapper := form.wrapper(members); wrapper != "" {
		return nil, fileProblem("The configuration file %s has its settings inside %q at %s. Move them out of it, to the top level of the file.",
			path, wrapper, protocol.MemberPosition(data, wrapper))
	}
	return members, nil
}

// fileProblem is the problem of a file that has no settings to look at.
func fileProblem(format string, args ...any) *Error {
	return &Error{Problems: []string{fmt.Sprintf(format, args...)}}
}
