package odata

import (
	"net/url"
	"strings"
)

// QueryOption is one name=value of a query string, decoded.
type QueryOption struct {
	Name, Value string
}

// QueryOptions decodes a query string. Unlike url.ParseQuery it lets ';' stand, which separates the options inside $expand.
func QueryOptions(rawQuery string) ([]QueryOption, *Error) {
	var list []QueryOption
	for part := range strings.SplitSeq(rawQuery, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, BadQuery("The query string '%s' is not properly percent-encoded.", part)
		}
		list = append(list, QueryOption{n, value})
	}
	return list, nil
}

// SplitSelect reads the names of a $select; nil means all properties.
func SplitSelect(value string) ([]string, *Error) {
	selected := []string{}
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, BadQuery("The value of the $select query option, '%s', is not valid: a property name is missing.", value)
		}
		if name == "*" {
			return nil, nil
		}
		selected = append(selected, name)
	}
	return selected, nil
}

// SplitOutside cuts text at a separator that stands outside parentheses and quotes. It reports false where they are not balanced.
func SplitOutside(text string, separator byte) ([]string, bool) {
	var parts []string
	depth, start, quoted := 0, 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == separator && depth == 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
		if depth < 0 {
			return nil, false
		}
	}
	return append(parts, text[start:]), depth == 0 && !quoted
}
