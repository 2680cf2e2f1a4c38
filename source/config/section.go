package config

import (
	"encoding/json"
	"maps"
	"strings"
	"unicode"
)

// section is an object of settings within the configuration.
type section struct {
	field   string // the setting at the top level that it belongs to
	path    string // its own, such as additional_credentials[0].credentials
	members map[string]json.RawMessage
}

// sectionOf returns the object of a value, with a problem if it is none. A null or a blank text in it is an absent setting.
func (l *loader) sectionOf(field, path string, value json.RawMessage) section {
	s := section{field: field, path: path}
	if value == nil {
		return s
	}
	if json.Unmarshal(value, &s.members) != nil || s.members == nil {
		l.found.addIn(field, path, "has a value of the wrong type: object expected. "+l.found.remedy(field))
		return s
	}
	maps.DeleteFunc(s.members, func(_ string, value json.RawMessage) bool {
		var text string
		return string(value) == "null" || json.Unmarshal(value, &text) == nil && strings.TrimSpace(text) == ""
	})
	return s
}

// foundIn reports whether there is a problem of the section or of one of its settings.
func (l *loader) foundIn(s section) bool { return l.found.hasIn(s.path) }

func (s section) has(name string) bool { return s.members[name] != nil }

// add adds a problem of one of the section's settings.
func (l *loader) add(s section, name, predicate string) {
	l.found.addIn(s.field, s.path+"."+name, predicate)
}

// text returns a text of a section without the spaces around it, "" if it is absent or unusable.
func (l *loader) text(s section, name string) string {
	value, ok := s.members[name]
	if !ok {
		return ""
	}
	var text string
	switch {
	case isReference(value):
		l.add(s, name, "is a reference to a secret that only Airbyte can resolve. "+l.found.remedy(name))
	case json.Unmarshal(value, &text) != nil:
		l.add(s, name, "has a value of the wrong type: string expected. "+l.found.remedy(name))
	case isMasked(strings.TrimSpace(text)):
		l.add(s, name, "is asterisks, which Airbyte shows in place of a secret. "+l.found.remedy(name))
	}
	return strings.TrimSpace(text)
}

// path returns the path of a file that a setting of a section names, "" if it is absent or unusable. It never is the content of
// the file, which messages about the file would show.
func (l *loader) path(s section, name, content string) string {
	path := l.text(s, name)
	if !isContent(path) {
		return path
	}
	l.add(s, name, "is the content of a file, not its path. "+content)
	return ""
}

// isContent reports whether a text is that of a certificate, a key or a token, and not a path.
func isContent(text string) bool {
	const longest = 1024 // characters: shorter than any certificate with its key
	return len(text) > longest || strings.Contains(text, "-----") || strings.ContainsFunc(text, unicode.IsControl) || jwt.MatchString(text)
}
