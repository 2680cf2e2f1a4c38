package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/source/protocol"
)

// form is the settings that a specification describes.
type form struct {
	Properties map[string]property `json:"properties"`
}

type property struct {
	Type  string   `json:"type"`
	Enum  []string `json:"enum"` // the values of a setting that has a choice, nil for any other
	Order int      `json:"order"`
}

func parseForm(schema []byte) (form, error) {
	var f form
	if err := json.Unmarshal(schema, &f); err != nil {
		return form{}, fmt.Errorf("parse the specification: %w", err)
	}
	return f, nil
}

// names returns the names of the settings in the order of the form.
func (f form) names() []string {
	return slices.SortedFunc(maps.Keys(f.Properties), func(a, b string) int { return f.Properties[a].Order - f.Properties[b].Order })
}

// has reports whether members have one of the settings.
func (f form) has(members map[string]json.RawMessage) bool {
	for name := range members {
		if _, ok := f.Properties[name]; ok {
			return true
		}
	}
	return false
}

// wrapper returns the member whose object has the settings, "" if the settings are where they belong: Airbyte's API returns
// a configuration inside connectionConfiguration or configuration.
func (f form) wrapper(members map[string]json.RawMessage) string {
	if f.has(members) {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var inner map[string]json.RawMessage
		if json.Unmarshal(members[name], &inner) == nil && f.has(inner) {
			return name
		}
	}
	return ""
}

// convert replaces the text of a number or a boolean by its value, as in "500" for 500: forms and templates write numbers
// as texts. It removes the empty text of a setting that is not a text, as of a field that was cleared.
func (f form) convert(members map[string]json.RawMessage) {
	for name, p := range f.Properties {
		var text string
		if json.Unmarshal(members[name], &text) != nil || p.Type == "string" && p.Enum == nil {
			continue
		}
		text = strings.TrimSpace(text)
		switch {
		case text == "":
			delete(members, name)
		case p.Type == "boolean" && slices.Contains([]string{"true", "false"}, strings.ToLower(text)):
			members[name] = json.RawMessage(strings.ToLower(text))
		case p.Type == "integer" || p.Type == "number":
			if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
				members[name] = json.RawMessage(text)
			}
		}
	}
}

// unknown returns the names of the members that are not settings, sorted. Airbyte adds some of its own, which are not
// mistakes: sourceType in the configurations of its API and of Terraform, and names that begin with two underscores.
func (f form) unknown(members map[string]json.RawMessage) []string {
	var names []string
	for name := range members {
		_, known := f.Properties[name]
		if !known && !strings.HasPrefix(name, "__") && name != "sourceType" && name != "source_type" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// warnUnknown warns of unknown settings, except those that a problem names.
func (f *findings) warnUnknown(form form, unknown []string) []string {
	var warnings []string
	for _, name := range unknown {
		nearest := protocol.Nearest(name, form.names())
		switch {
		case nearest == "":
			warnings = append(warnings, fmt.Sprintf("The setting %q is unknown and ignored. Correct its name, or remove it.", name))
		case f.renamed[nearest] != name:
			warnings = append(warnings, fmt.Sprintf("The setting %q is unknown and ignored. Did you mean %s?", name, nearest))
		}
	}
	return warnings
}

// isReference reports whether a value is a reference to a secret in Airbyte's storage, which Airbyte replaces by the secret
// before it runs a connector (airbytehq/airbyte-platform, SecretsHelpers).
func isReference(value json.RawMessage) bool {
	var reference struct {
		Coordinate json.RawMessage `json:"_secret"`
	}
	return json.Unmarshal(value, &reference) == nil && reference.Coordinate != nil
}

// isMasked reports whether a text is one that Airbyte shows in place of a secret.
func isMasked(text string) bool {
	return len(text) > 2 && strings.Trim(text, "*") == ""
}
