package listing

import "github.com/mattn/go-runewidth"

// terminal measures texts as terminals show them: two cells for a wide character, none for a combining one. The locale
// does not matter, unlike in the package's default.
func terminal() *runewidth.Condition {
	return &runewidth.Condition{StrictEmojiNeutral: true}
}

// cellsOf returns the number of terminal cells that a text takes.
func cellsOf(text string) int { return terminal().StringWidth(text) }

// cut shortens a text to a number of cells, and marks that it is shortened.
func cut(text string, cells int) string { return terminal().Truncate(text, cells, "…") }
