package simulator

import (
	"net/url"
	"slices"
	"strings"
)

// queryOption is one name=value of a query string, decoded.
type queryOption struct {
	name, value string
}

// queryOptions decodes a query string. Unlike url.ParseQuery it lets ';' stand, which separates the options inside $expand.
func queryOptions(rawQuery string) ([]queryOption, *apiError) {
	var list []queryOption
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
			return nil, badQuery("The query string '%s' is not properly percent-encoded.", part)
		}
		list = append(list, queryOption{n, value})
	}
	return list, nil
}

// metadataQuery is what a request for metadata may ask for.
type metadataQuery struct {
	selected []string // nil: everything
	filter   string
	expanded []expansion
	noLabels bool // LabelLanguages leaves out the environment's language
}

// expansion is a navigation property of $expand with its own options.
type expansion struct {
	name  string
	query metadataQuery
}

// parseMetadataQuery reads the options of a request for metadata. $top, $skip, $orderby and $count are refused, for
// metadata is answered whole (Microsoft, "Query schema definitions using the Web API").
func parseMetadataQuery(rawQuery string) (metadataQuery, *apiError) {
	options, err := queryOptions(rawQuery)
	if err != nil {
		return metadataQuery{}, err
	}
	return readMetadataOptions(options)
}

func readMetadataOptions(options []queryOption) (metadataQuery, *apiError) {
	var q metadataQuery
	seen := map[string]bool{}
	for _, o := range options {
		if strings.HasPrefix(o.name, "$") && seen[o.name] {
			return q, badQuery("Query option '%s' was specified more than once, but it must be specified at most once.", o.name)
		}
		seen[o.name] = true
		var err *apiError
		switch {
		case o.name == "$select":
			q.selected, err = splitSelect(o.value)
		case o.name == "$filter":
			q.filter = o.value
		case o.name == "$expand":
			q.expanded, err = parseExpand(o.value)
		case o.name == "LabelLanguages":
			q.noLabels = !slices.Contains(strings.Split(o.value, ","), "1033")
		case strings.HasPrefix(o.name, "$"):
			err = badQuery("The query parameter %s is not supported.", o.name)
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func splitSelect(value string) ([]string, *apiError) {
	selected := []string{}
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, badQuery("The value of the $select query option, '%s', is not valid: a property name is missing.", value)
		}
		if name == "*" {
			return nil, nil
		}
		selected = append(selected, name)
	}
	return selected, nil
}

func parseExpand(value string) ([]expansion, *apiError) {
	parts, ok := splitOutside(value, ',')
	if !ok {
		return nil, badQuery("')' or ',' expected at position %d in '%s'.", len(value), value)
	}
	var list []expansion
	for _, part := range parts {
		e, err := parseExpansion(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// parseExpansion reads Name or Name($select=...;$filter=...;$expand=...).
func parseExpansion(text string) (expansion, *apiError) {
	name, inside, nested := strings.Cut(text, "(")
	if !nested {
		return expansion{name: text}, nil
	}
	inside, closed := strings.CutSuffix(inside, ")")
	parts, ok := splitOutside(inside, ';')
	if !closed || !ok {
		return expansion{}, badQuery("')' or ',' expected at position %d in '%s'.", len(text), text)
	}
	var options []queryOption
	for _, part := range parts {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		options = append(options, queryOption{strings.TrimSpace(key), strings.TrimSpace(value)})
	}
	q, err := readMetadataOptions(options)
	return expansion{name, q}, err
}

// splitOutside cuts text at a separator that stands outside parentheses and quotes. It reports false where they are not balanced.
func splitOutside(text string, separator byte) ([]string, bool) {
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
