package prose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Grouped returns a number with a comma between groups of three digits.
func Grouped[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	slices.Reverse(groups)
	return strings.Join(append([]string{digits}, groups...), ",")
}

// Quantity returns a number with its noun, such as "1 table" or "1,240 tables".
func Quantity[N int | int64](n N, noun string) string {
	return Grouped(n) + " " + Plural(n, noun)
}

// Plural returns the form of a regular noun that goes with a number.
func Plural[N int | int64](n N, noun string) string { return Form(n, noun, noun+"s") }

// Form returns the form of a word that goes with a number.
func Form[N int | int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Capital returns a text with a capital letter at its beginning.
func Capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// List returns texts with commas between them, as a part of a sentence. If there are more than most, List returns the first most
// of them and the number of the others.
func List(texts []string, most int) string {
	if len(texts) <= most {
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s, and %s more", strings.Join(texts[:most], ", "), Grouped(len(texts)-most))
}
