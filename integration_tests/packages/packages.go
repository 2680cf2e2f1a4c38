// Package packages knows how the connector delivers the rows of finance & operations, to compare a destination with them.
package packages

import (
	"encoding/json"
	"iter"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

// Rows yields the rows of an entity as records have them, of all companies that are given, each with its company. A text has at most
// that many characters, as in the cells of a workbook; 0 is any number. The rows of a shared entity are yielded once.
func Rows(e *finops.Environment, entity *finops.Entity, most int, companies ...string) iter.Seq2[string, map[string]json.RawMessage] {
	if entity.Shared {
		companies = companies[:1]
	}
	return func(yield func(string, map[string]json.RawMessage) bool) {
		for _, company := range companies {
			for row := range e.Rows(entity.Label, company) {
				values := map[string]json.RawMessage{}
				if !entity.Shared {
					values["dataAreaId"] = quoted(company)
				}
				for i := range entity.Fields {
					f := &entity.Fields[i]
					values[f.Name] = value(f, row[f.Name], most)
				}
				if !yield(company, values) {
					return
				}
			}
		}
	}
}

// value returns a value as a record has it.
func value(f *finops.Field, text string, most int) json.RawMessage {
	switch f.Type {
	case finops.Int32, finops.Int64, finops.Decimal:
		return json.RawMessage(text)
	case finops.Date:
		if text == finops.None {
			return json.RawMessage("null")
		}
	case finops.DateTime:
		if strings.HasPrefix(text, finops.None) {
			return json.RawMessage("null")
		}
		return quoted(strings.Replace(text, " ", "T", 1) + "Z")
	case finops.String:
		if characters := []rune(text); most > 0 && len(characters) > most {
			return quoted(string(characters[:most]))
		}
	case finops.Enum, finops.GUID:
	}
	return quoted(text)
}

func quoted(text string) json.RawMessage {
	raw, _ := json.Marshal(text) // a string always marshals
	return raw
}
