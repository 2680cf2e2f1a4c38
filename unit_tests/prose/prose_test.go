package prose_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/prose"
)

func TestNumbersHaveCommasAndNouns(t *testing.T) {
	for n, want := range map[int64]string{0: "0 rows", 1: "1 row", 999: "999 rows", 1000: "1,000 rows", 1_240_000: "1,240,000 rows"} {
		assert.Equal(t, want, prose.Quantity(n, "row"))
	}
}

func TestASentenceBeginsWithACapitalLetter(t *testing.T) {
	assert.Equal(t, "The application user", prose.Capital("the application user"))
	assert.Empty(t, prose.Capital(""))
}

func TestALongListIsCut(t *testing.T) {
	texts := []string{"account", "contact", "lead"}
	assert.Equal(t, "account, contact, lead", prose.List(texts, 3))
	assert.Equal(t, "account, contact, and 1 more", prose.List(texts, 2))
	assert.Empty(t, prose.List(nil, 2))
}

func TestLinesBreakBetweenWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                  {""},
		"one two three":     {"one two", "three"},
		" one \n two ":      {"one two"},
		"indivisible one":   {"indivisible", "one"},
		"東京 京都":             {"東京", "京都"},       // two cells each
		"Cafe\u0301 bar":    {"Cafe\u0301 bar"}, // the accent takes none
		"\u0301 bar":        {"\u0301 bar"},
		"a b c d e f g h i": {"a b c d", "e f g h", "i"},
	} {
		assert.Equal(t, want, prose.Lines(text, 8), text)
	}
}

func TestPrintableTextCannotMoveTheCursor(t *testing.T) {
	assert.Equal(t, "a [2Jbc d", prose.Printable("a\x1b[2Jb\u202ec\rd\n"))
	assert.Equal(t, "👩\u200d🚀", prose.Printable("👩\u200d🚀"))
}
