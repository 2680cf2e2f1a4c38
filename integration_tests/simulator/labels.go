package simulator

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// LabeledRows yields what Rows yields, each row with the label of every choice column's value as a further property, such as
// statuscode_label. It is null if the value is null or one of its codes has no option. Of several codes, the labels are in
// the order of the codes. A label is in the first of the languages in which it exists, otherwise in the base language.
func (e *Environment) LabeledRows(table string, languages ...int) iter.Seq2[string, map[string]json.RawMessage] {
	t, _ := e.Table(table)
	languages = append(slices.Clone(languages), e.database.Languages()[0])
	return func(yield func(string, map[string]json.RawMessage) bool) {
		for id, row := range e.Rows(table) {
			for i := range t.Columns {
				c := &t.Columns[i]
				if value, exists := row[c.Property()]; exists && len(c.Options) > 0 {
					row[c.Property()+"_label"] = labelOf(c, string(value), languages)
				}
			}
			if !yield(id, row) {
				return
			}
		}
	}
}

// labelOf returns the label of a value as JSON.
func labelOf(c *schema.Column, value string, languages []int) json.RawMessage {
	codes := map[string][]int{"true": {1}, "false": {0}, "null": nil}[value]
	if codes == nil && value != "null" {
		if json.Unmarshal([]byte("["+strings.Trim(value, `"`)+"]"), &codes) != nil {
			return json.RawMessage("null")
		}
	}
	slices.Sort(codes)
	var texts []string
	for _, code := range codes {
		at := slices.IndexFunc(c.Options, func(o schema.Option) bool { return o.Value == code })
		if at < 0 {
			return json.RawMessage("null")
		}
		for _, language := range languages {
			if text, exists := schema.Translate(c.Options[at].Label, c.Options[at].Translations, language, languages[len(languages)-1]); exists {
				texts = append(texts, text)
				break
			}
		}
	}
	if len(texts) == 0 {
		return json.RawMessage("null")
	}
	quoted, _ := json.Marshal(strings.Join(texts, ", ")) // a string always marshals
	return quoted
}
