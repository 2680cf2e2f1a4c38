package catalog

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// PatternError reports all patterns that match nothing. Its text is sentences: what is wrong, then what to do.
type PatternError struct{ text string }

func (e *PatternError) Error() string { return e.text }

// Matching returns the tables that match at least one of the patterns, in their order. A pattern is a glob in the syntax
// of path.Match and in lower case. The error is a *PatternError if a pattern matches no table.
func Matching(tables []dataverse.TableSummary, patterns []string) ([]dataverse.TableSummary, error) {
	matching, unused := filter(tables, lowerName, patterns)
	if len(unused) == 0 {
		return matching, nil
	}
	var problems []string
	for _, pattern := range unused {
		problems = append(problems, unmatched(pattern, tables))
	}
	return nil, &PatternError{strings.Join(problems, " ") +
		` To list the tables of the environment, run "source-microsoft-dataverse tables --config FILE".`}
}

// Select returns the tables to configure as streams: those of Matching that have an entity set and for which offered
// returns true. The error is a *PatternError if a pattern matches no such table.
func Select(tables []dataverse.TableSummary, patterns []string, offered func(logicalName string) bool) ([]dataverse.TableSummary, error) {
	matching, err := Matching(tables, patterns)
	if err != nil {
		return nil, err
	}
	usable := func(t dataverse.TableSummary) bool { return t.Table.EntitySet != "" && offered(t.Table.LogicalName) }
	var problems []string
	for _, pattern := range patterns {
		var leftOut dataverse.TableSummary
		if !slices.ContainsFunc(matching, func(t dataverse.TableSummary) bool {
			if matches(pattern, lowerName(t)) && !usable(t) {
				leftOut = t
			}
			return matches(pattern, lowerName(t)) && usable(t)
		}) {
			problems = append(problems, unusable(pattern, leftOut))
		}
	}
	if len(problems) > 0 {
		return nil, &PatternError{strings.Join(problems, " ")}
	}
	return slices.DeleteFunc(matching, func(t dataverse.TableSummary) bool { return !usable(t) }), nil
}

// selectStreams returns the streams that match at least one of the patterns. The error is a *PatternError with a text for each
// pattern that matches none.
func selectStreams(streams []protocol.Stream, patterns []string, problem func(pattern string) string) ([]protocol.Stream, error) {
	selected, unused := filter(streams, func(s protocol.Stream) string { return s.Name }, patterns)
	if len(unused) == 0 {
		return selected, nil
	}
	problems := make([]string, len(unused))
	for i, pattern := range unused {
		problems[i] = problem(pattern)
	}
	return nil, &PatternError{strings.Join(problems, " ")}
}

// filter returns the elements of a list whose names match at least one of the patterns, in their order, and the patterns that match
// none.
func filter[T any](list []T, name func(T) string, patterns []string) (matching []T, unused []string) {
	used := make([]bool, len(patterns))
	for _, element := range list {
		found := false
		for i, pattern := range patterns {
			if matches(pattern, name(element)) {
				found, used[i] = true, true
			}
		}
		if found {
			matching = append(matching, element)
		}
	}
	for i, pattern := range patterns {
		if !used[i] {
			unused = append(unused, pattern)
		}
	}
	return matching, unused
}

// matches reports whether a name matches a pattern. A pattern that is not valid matches nothing.
func matches(pattern, name string) bool {
	matched, err := path.Match(pattern, name)
	return err == nil && matched
}

func lowerName(t dataverse.TableSummary) string { return strings.ToLower(t.Table.LogicalName) }

// unusable returns what is wrong with a pattern that matches only tables that no stream can have, one of which is given.
func unusable(pattern string, t dataverse.TableSummary) string {
	if t.Table.EntitySet == "" {
		return fmt.Sprintf("The pattern %q matches only tables whose rows the Web API cannot list, such as %s. Remove it from --tables.",
			pattern, t.Table.LogicalName)
	}
	return fmt.Sprintf("The pattern %q matches only tables that the configuration leaves out, such as %s. "+
		"Change include_tables or exclude_tables in the configuration, or remove the pattern from --tables.", pattern, t.Table.LogicalName)
}

// unmatched returns what is wrong with a pattern that matches no table.
func unmatched(pattern string, tables []dataverse.TableSummary) string {
	near, found := nearest(pattern, tables)
	words := strings.Fields(pattern)
	switch {
	case len(words) > 1 && !strings.EqualFold(near.DisplayName, pattern):
		return fmt.Sprintf("The pattern %q has spaces, but no logical name has one. Put commas between the names: '%s'.", pattern, strings.Join(words, ","))
	case !found:
		return fmt.Sprintf("The pattern %q matches no table of the environment, and no table has a similar name.", pattern)
	case near.DisplayName == "":
		return fmt.Sprintf("The pattern %q matches no table of the environment. The nearest table is %s.", pattern, near.Table.LogicalName)
	default:
		return fmt.Sprintf("The pattern %q matches no table of the environment. The nearest table is %s (%s).",
			pattern, near.Table.LogicalName, near.DisplayName)
	}
}

// nearest returns the table that a pattern most likely means: the one with that display name, or one with a similar
// logical name or, for a pattern, a similar beginning of the name.
func nearest(pattern string, tables []dataverse.TableSummary) (near dataverse.TableSummary, found bool) {
	word := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`*?[]\`, r) {
			return -1
		}
		return r
	}, pattern)
	glob := word != pattern
	names := make([]string, 0, len(tables))
	for _, t := range tables {
		if strings.EqualFold(t.DisplayName, word) {
			return t, true
		}
		name := t.Table.LogicalName
		if glob { // one letter may be missing in the pattern
			name = name[:min(len(name), len(word)+1)]
		}
		names = append(names, name)
	}
	name := protocol.Nearest(word, names)
	for i, t := range tables {
		if name != "" && names[i] == name {
			return t, true
		}
	}
	return near, false
}
