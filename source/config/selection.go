package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Selection tells which tables are offered as streams: those that a pattern of include_tables names, or all if there is
// none, without those that a pattern of exclude_tables names. Patterns are globs on logical names in the syntax of
// path.Match; letter case does not matter. The zero Selection offers all.
type Selection struct {
	include []string
	exclude []string
}

// Includes tells whether the table of that logical name is offered.
func (s Selection) Includes(logicalName string) bool {
	matches := func(pattern string) bool { return fits(pattern, logicalName) }
	if slices.ContainsFunc(s.exclude, matches) {
		return false
	}
	return len(s.include) == 0 || slices.ContainsFunc(s.include, matches)
}

// Pattern is a pattern of a configuration and the setting it stands in.
type Pattern struct{ Setting, Glob string }

// Idle returns the patterns that fit none of the tables, those of include_tables first.
func (s Selection) Idle(logicalNames []string) []Pattern {
	var idle []Pattern
	for _, list := range []struct {
		setting string
		globs   []string
	}{{"include_tables", s.include}, {"exclude_tables", s.exclude}} {
		for _, glob := range list.globs {
			if !slices.ContainsFunc(logicalNames, func(name string) bool { return fits(glob, name) }) {
				idle = append(idle, Pattern{Setting: list.setting, Glob: glob})
			}
		}
	}
	return idle
}

func fits(glob, logicalName string) bool {
	matched, err := path.Match(glob, strings.ToLower(logicalName))
	return err == nil && matched
}

// patterns returns the patterns in the form Includes needs, and notes the malformed ones.
func (f *findings) patterns(field string, patterns []string) []string {
	var normal []string
	for _, pattern := range patterns {
		trimmed := strings.ToLower(strings.TrimSpace(pattern))
		if trimmed == "" {
			f.add(field, "holds an empty entry. Enter a table's logical name or take the entry out.")
			continue
		}
		if _, err := path.Match(trimmed, ""); err != nil {
			f.add(field, fmt.Sprintf("holds the malformed pattern %q. Use *, ? and [a-z], each bracket closed.", pattern))
			continue
		}
		normal = append(normal, trimmed)
	}
	return normal
}
