package schema

import (
	"fmt"
	"hash/fnv"
)

// English is the language code (LCID) of the labels that definitions state.
const English = 1033

// Translate returns a label in a language, and whether there is one. own are translations that the definition states, empty
// for a language that the label lacks. Where it states none, an English label has its language code behind it in other
// languages, and lacks a translation in one of eight cases, unless the language is the organization's base language.
func Translate(text string, own map[int]string, code, base int) (string, bool) {
	if translated, stated := own[code]; stated && (translated != "" || code != base) {
		return translated, translated != ""
	}
	if code == English {
		return text, true
	}
	if sum := fnv.New32a(); code != base {
		fmt.Fprint(sum, text, code) // a hash does not fail
		if sum.Sum32()%8 == 0 {
			return "", false
		}
	}
	return fmt.Sprintf("%s (%d)", text, code), true
}
