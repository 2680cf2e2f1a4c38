package dataverse

import (
	"bytes"
	"slices"
	"strconv"
)

// labelReader finds the text of a Label in one language (Web API reference, Label).
type labelReader struct {
	label, localized *objectReader
	languages        [][]byte // their codes, the preferred one first
}

func newLabelReader(languages []int) *labelReader {
	r := &labelReader{
		label:     newObjectReader("LocalizedLabels", "UserLocalizedLabel"),
		localized: newObjectReader("Label", "LanguageCode"),
	}
	for _, code := range languages {
		r.languages = append(r.languages, strconv.AppendInt(nil, int64(code), 10))
	}
	return r
}

// text returns the label in the first of the languages that it has, else in the language of the application user, else in
// any. The result is a JSON string, or nil if there is no label.
func (r *labelReader) text(label []byte) []byte {
	if r.label.read(label) == 0 {
		return nil
	}
	all, user := r.label.values[0], r.label.values[1]
	var found []byte
	rank := len(r.languages) + 1 // lower is better
	for one := range elements(all) {
		text, language := r.one(one)
		if at := r.rank(language); text != nil && at < rank {
			found, rank = text, at
		}
	}
	if rank < len(r.languages) {
		return found
	}
	if text, _ := r.one(user); text != nil {
		return text
	}
	return found
}

// rank returns the position of a language among those that are preferred, or their number.
func (r *labelReader) rank(language []byte) int {
	at := slices.IndexFunc(r.languages, func(code []byte) bool { return bytes.Equal(code, language) })
	if at < 0 {
		return len(r.languages)
	}
	return at
}

// one reads a LocalizedLabel. The text is nil if it is empty.
func (r *labelReader) one(localized []byte) (text, language []byte) {
	if r.localized.read(localized) == 0 || len(r.localized.values[0]) <= len(`""`) {
		return nil, nil
	}
	return r.localized.values[0], r.localized.values[1]
}
