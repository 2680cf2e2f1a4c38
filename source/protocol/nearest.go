package protocol

import (
	"slices"
	"strings"
)

// Nearest returns the name that a mistyped word most likely means, "" if none is near. Letter case, hyphens and
// underscores do not count. A name is near if few letters differ, or if one of word and name is a part of the other, such
// as tenant of tenant_id. Of equally near names the first counts.
func Nearest(word string, names []string) string {
	const part = 3 // the fewest letters that count as a part: shorter ones are in too many names
	word = letters(word)
	nearest, least := "", len(word)+1
	for _, name := range names {
		if distance := editDistance(word, letters(name)); distance < least {
			nearest, least = name, distance
		}
	}
	if least <= (len(word)+1)/3 {
		return nearest
	}
	at := slices.IndexFunc(names, func(name string) bool {
		short, long := word, letters(name)
		if len(short) > len(long) {
			short, long = long, short
		}
		return len(short) >= part && strings.Contains(long, short)
	})
	if at < 0 {
		return ""
	}
	return names[at]
}

// letters returns a word in lower case without hyphens and underscores.
func letters(word string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(word))
}

// editDistance returns the number of bytes to insert, delete, replace, or swap with their neighbor to turn a into b (the
// optimal string alignment distance).
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
