package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Selection is the tables to offer as streams: those that match a pattern of include_tables, or all if it has no pattern,
// without those that match a pattern of exclude_tables. Patterns are globs on logical names in the syntax of path.Match;
// letter case does not matter. The zero Selection is all tables.
type Selection struct {
	include []string
	exclude []string
	only    []string // see Narrow
}

// Includes reports whether the table of a logical name is selected.
func (s Selection) Includes(logicalName string) bool {
	match := func(pattern string) bool { return matches(pattern, logicalName) }
	if slices.ContainsFunc(s.exclude, match) {
		return false
	}
	return (len(s.include) == 0 || slices.ContainsFunc(s.include, match)) && (len(s.only) == 0 || slices.ContainsFunc(s.only, match))
}

// Narrow returns the selection without the tables that match none of the patterns, which are those of the flag --filter, in
// lower case. No patterns leave it as it is.
func (s Selection) Narrow(patterns []string) Selection {
	s.only = patterns
	return s
}

// Restricted reports whether include_tables or Narrow has a pattern, so that only some tables are selected.
func (s Selection) Restricted() bool { return len(s.include)+len(s.only) > 0 }

// Names reports whether include_tables has the logical name itself, not only a pattern that matches it.
func (s Selection) Names(logicalName string) bool {
	return slices.Contains(s.include, strings.ToLower(logicalName))
}

// Pattern is a pattern of a configuration and the setting that has it.
type Pattern struct{ Setting, Glob string }

// Unmatched returns the patterns that match none of the tables, those of include_tables first.
func (s Selection) Unmatched(logicalNames []string) []Pattern {
	var unmatched []Pattern
	for _, list := range []struct {
		setting string
		globs   []string
	}{{"include_tables", s.include}, {"exclude_tables", s.exclude}, {"--filter", s.only}} {
		for _, glob := range list.globs {
			if !slices.ContainsFunc(logicalNames, func(name string) bool { return matches(glob, name) }) {
				unmatched = append(unmatched, Pattern{Setting: list.setting, Glob: glob})
			}
		}
	}
	return unmatched
}

func matches(glob, logicalName string) bool {
	matched, err := path.Match(glob, strings.ToLower(logicalName))
	return err == nil && matched
}

// normalize returns patterns in the form that Includes needs, and adds the malformed ones to the problems.
func (f *findings) normalize(field string, patterns []string) []string {
	var normal []string
	for _, pattern := range patterns {
		trimmed := strings.ToLower(strings.TrimSpace(pattern))
		if trimmed == "" {
			f.add(field, "has an empty entry. Enter a table's logical name, or remove the entry.")
			continue
		}
		if _, err := path.Match(trimmed, ""); err != nil {
			f.add(field, fmt.Sprintf("has the malformed pattern %q. Use *, ?, and [a-z], and close each bracket.", pattern))
			continue
		}
		normal = append(normal, trimmed)
	}
	return normal
}
