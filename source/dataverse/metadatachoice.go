package dataverse

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The properties of an option (Web API reference, OptionMetadata and the types derived from it).
const (
	optionValue = iota
	optionLabel
	optionDescription
	optionColor
	optionExternalValue
	optionState
	optionDefaultStatus
	optionInvariantName
	optionManaged
	optionHidden
)

func newOptionReader() *objectReader {
	return newObjectReader(
		"Value", "Label", "Description", "Color", "ExternalValue", "State", "DefaultStatus", "InvariantName", "IsManaged", "IsHidden",
	)
}

// The properties of an option set (Web API reference, OptionSetMetadata and BooleanOptionSetMetadata).
const (
	setName = iota
	setGlobal
	setOptions
	setFalse
	setTrue
)

func newOptionSetReader() *objectReader {
	return newObjectReader("Name", "IsGlobal", "Options", "FalseOption", "TrueOption")
}

// choiceRow writes the rows of the choice column at the beginning of a text: one for each option and language in which it has
// a label.
func (r *metadataReader) choiceRow(text []byte) int {
	length, v := r.object.read(text), r.object.values
	column := string(nameIn(v[choiceLogicalName]))
	if length == 0 || column == "" || !r.enter(nameIn(v[choiceTable])) {
		return 0
	}
	kind := choiceKind(ColumnType(strings.TrimSuffix(string(nameIn(r.inner(v[choiceTypeName]))), "Type")))
	if set := v[choiceOptionSet]; r.repeated || kind == "" || set == nil || set[0] != '{' {
		return length
	}
	s := r.set.values // read along with the column
	if s[setOptions] != nil {
		position := 0
		for option := range slices.Chunk(r.options.values, len(r.option.values)) {
			position++
			r.optionRows(option, column, kind, position)
		}
	}
	if kind == "boolean" {
		for i, option := range [][]byte{s[setFalse], s[setTrue]} {
			if r.option.read(option) > 0 {
				r.optionRows(r.option.values, column, kind, i+1)
			}
		}
	}
	return length
}

// choicesByType reads the choice columns of the tables with one request for each table and type.
func (r *metadataReader) choicesByType(ctx context.Context) (time.Time, error) {
	var tables []Table
	_, err := r.client.Tables(ctx, r.request.Tables, func(t Table) error {
		tables = append(tables, t)
		return nil
	})
	if err != nil {
		return time.Time{}, err
	}
	var choices []Choice
	failed, err := r.client.Choices(ctx, tables, nil, func(c Choice) error {
		choices = append(choices, c)
		return nil
	})
	switch {
	case err != nil:
		return time.Time{}, err
	case len(failed) > 0:
		return time.Time{}, failed[0]
	}
	now := time.Now().UTC()
	if err := r.rows.sink.Begin(ctx, now); err != nil {
		return now, fmt.Errorf("%w: %w", ErrSink, err)
	}
	for _, c := range choices {
		for i, option := range c.Set.Options {
			r.writeOption(c, option, i+1)
		}
	}
	if r.rows.err != nil {
		r.rows.sink.Discard()
	}
	return now, r.rows.err
}

// writeOption writes the rows of an option that was decoded.
func (r *metadataReader) writeOption(c Choice, o Option, position int) {
	for _, label := range o.Label.Texts {
		row := &r.rows
		row.begin()
		row.word("table_name", c.Table)
		row.word("column_name", c.Column)
		row.number("value", &o.Value)
		row.number("language_code", &label.Language)
		row.word("kind", choiceKind(c.Type))
		row.text("option_set_name", c.Set.Name)
		row.flag("is_global", c.Set.Global)
		row.text("label", label.Text)
		row.text("description", o.Description.only(label.Language))
		row.text("color", o.Color)
		row.text("external_value", o.ExternalValue)
		row.number("position", &position)
		row.number("state", o.State)
		row.number("default_status", o.DefaultStatus)
		row.text("invariant_name", o.InvariantName)
		row.flag("is_managed", o.Managed)
		row.flag("is_hidden", o.Hidden)
		row.end()
	}
}

// choiceKind returns the word for a type of choice columns, empty for any other type.
func choiceKind(t ColumnType) string {
	switch t { //nolint:exhaustive // the others are no choices
	case Picklist:
		return "picklist"
	case MultiSelect:
		return "multi_select"
	case State:
		return "state"
	case Status:
		return "status"
	case Boolean:
		return "boolean"
	default:
		return ""
	}
}

// optionRows writes the rows of an option, which has the given position among those of its column.
func (r *metadataReader) optionRows(v [][]byte, column, kind string, position int) {
	row := &r.rows
	if v[optionValue] == nil {
		return
	}
	for label, language := range r.labels.all(v[optionLabel]) {
		if language == nil {
			continue
		}
		row.begin()
		row.word("table_name", r.table)
		row.word("column_name", column)
		row.value("value", v[optionValue])
		row.value("language_code", language)
		row.word("kind", kind)
		row.value("option_set_name", r.set.values[setName])
		row.value("is_global", r.set.values[setGlobal])
		row.value("label", label)
		row.value("description", r.in(language, v[optionDescription]))
		row.value("color", v[optionColor])
		row.value("external_value", v[optionExternalValue])
		row.number("position", &position)
		row.value("state", v[optionState])
		row.value("default_status", v[optionDefaultStatus])
		row.value("invariant_name", v[optionInvariantName])
		row.value("is_managed", v[optionManaged])
		row.value("is_hidden", v[optionHidden])
		row.end()
	}
}

// in returns the text of a Label in a language, nil if it has none.
func (r *metadataReader) in(language, label []byte) []byte {
	for text, of := range r.described.all(label) {
		if bytes.Equal(of, language) {
			return text
		}
	}
	return nil
}
