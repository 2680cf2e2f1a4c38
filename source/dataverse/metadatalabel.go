package dataverse

import (
	"bytes"
	"iter"
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
	var found []byte
	rank := len(r.languages) + 1 // lower is better
	for text, language := range r.all(label) {
		if at := r.rank(language); at < rank {
			found, rank = text, at
		}
	}
	if rank < len(r.languages) || r.label.read(label) == 0 {
		return found
	}
	if r.localized.read(r.label.values[1]) > 0 && len(r.localized.values[0]) > len(`""`) {
		return r.localized.values[0]
	}
	return found
}

// all returns the texts of a Label that are not empty, each with the code of its language. They are JSON values.
func (r *labelReader) all(label []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(text, language []byte) bool) {
		for v := range r.localized.eachIn(r.array(label)) {
			if len(v[0]) > len(`""`) && !yield(v[0], v[1]) {
				return
			}
		}
	}
}

// localizedLabels is how the service begins a Label.
const localizedLabels = `{"LocalizedLabels":[`

// array returns a text that begins with the array of a Label's texts.
func (r *labelReader) array(label []byte) []byte {
	if bytes.HasPrefix(label, []byte(localizedLabels)) { // whose end does not have to be found
		return label[len(localizedLabels)-1:]
	}
	if r.label.read(label) == 0 {
		return nil
	}
	return r.label.values[0]
}

// rank returns the position of a language among those that are preferred, or their number.
func (r *labelReader) rank(language []byte) int {
	at := slices.IndexFunc(r.languages, func(code []byte) bool { return bytes.Equal(code, language) })
	if at < 0 {
		return len(r.languages)
	}
	return at
}
