package prose

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// terminal measures texts as terminals show them: two cells for a wide character, none for a combining one. The locale
// does not matter, unlike in the package's default.
func terminal() *runewidth.Condition {
	return &runewidth.Condition{StrictEmojiNeutral: true}
}

// Cells returns the number of terminal cells that a text takes.
func Cells(text string) int { return terminal().StringWidth(text) }

// Cut shortens a text to a number of cells, and marks that it is shortened.
func Cut(text string, cells int) string { return terminal().Truncate(text, cells, "…") }

// Printable returns a text without what moves the cursor or changes the order of the text, and without white space at its ends.
// Names come from the environment, where others choose them.
func Printable(text string) string {
	const joiner, nonJoiner = '\u200d', '\u200c' // parts of words and emoji
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == joiner, r == nonJoiner, unicode.IsPrint(r):
			return r
		case unicode.Is(unicode.Cf, r):
			return -1
		default:
			return ' '
		}
	}, text))
}

// Lines breaks a text between words into lines of at most the given number of cells. A longer word has a line of its own. Lines
// returns at least one line.
func Lines(text string, cells int) []string {
	lines := []string{""}
	width := 0 // of the last line
	for word := range strings.FieldsSeq(text) {
		last, length := &lines[len(lines)-1], Cells(word)
		switch {
		case *last == "":
			*last, width = word, length
		case width+1+length > cells:
			lines, width = append(lines, word), length
		default:
			*last, width = *last+" "+word, width+1+length
		}
	}
	return lines
}
