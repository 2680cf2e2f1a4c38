package dataverse

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// MetadataKind is what rows of metadata describe.
type MetadataKind string

// The kinds of metadata.
const (
	TableMetadata        MetadataKind = "tables"
	ColumnMetadata       MetadataKind = "columns"
	ChoiceMetadata       MetadataKind = "choices"
	RelationshipMetadata MetadataKind = "relationships"
)

// MetadataKinds returns all kinds.
func MetadataKinds() []MetadataKind {
	return []MetadataKind{TableMetadata, ColumnMetadata, ChoiceMetadata, RelationshipMetadata}
}

// TypicalRows returns about how many rows describe a table, for estimates.
func (k MetadataKind) TypicalRows() int64 {
	switch k {
	case ColumnMetadata:
		return 60
	case ChoiceMetadata:
		return 50
	case RelationshipMetadata:
		return 15
	case TableMetadata:
		return 1
	}
	return 0
}

// Rows returns the table that the rows of a kind form: its columns and its key. It is no table of the environment, so it
// has no name.
func (k MetadataKind) Rows() Table {
	switch k {
	case TableMetadata:
		return metadataTable([]string{"table_name"},
			[]string{
				"table_name", "metadata_id", "entity_set_name", "schema_name", "display_name", "display_collection_name", "description", "primary_id",
				"primary_name", "ownership", "table_type",
			},
			[]string{"object_type_code"},
			[]string{"is_intersect", "is_activity", "is_custom", "change_tracking"})
	case ColumnMetadata:
		return metadataTable([]string{"table_name", "column_name"},
			[]string{
				"table_name", "column_name", "property_name", "metadata_id", "schema_name", "attribute_type", "attribute_type_name", "attribute_of", "display_name",
				"description", "option_set_name", "targets", "date_behavior", "required",
			},
			[]string{"precision", "max_length", "source_type"},
			[]string{"is_custom", "is_secured"})
	case ChoiceMetadata:
		return metadataTable([]string{"table_name", "column_name", "value", "language_code"},
			[]string{
				"table_name", "column_name", "kind", "option_set_name", "label", "description", "color", "external_value", "invariant_name",
			},
			[]string{"value", "language_code", "position", "state", "default_status"},
			[]string{"is_global", "is_managed", "is_hidden"})
	case RelationshipMetadata:
		return metadataTable([]string{"schema_name"},
			[]string{
				"schema_name", "metadata_id", "kind", "referencing_table", "referencing_column", "referencing_navigation", "referenced_table",
				"referenced_column", "referenced_navigation", "intersect_table", "intersect_referencing_column",
				"intersect_referenced_column", "cascade_delete",
			},
			nil,
			[]string{"is_custom"})
	default:
		return Table{}
	}
}

// metadataTable returns the table of a key and columns of texts, numbers and Booleans.
func metadataTable(key, texts, numbers, flags []string) Table {
	t := Table{PrimaryID: key[0], KeyColumns: key}
	add := func(typ ColumnType, names []string) {
		for _, name := range names {
			t.Columns = append(t.Columns, Column{Property: name, Type: typ})
		}
	}
	add(String, texts)
	add(Integer, numbers)
	add(Boolean, flags)
	slices.SortFunc(t.Columns, byProperty)
	return t
}

// metadataRows passes rows of metadata to a sink. Rows are JSON objects, whose values are mostly those of the definition
// as the service sent them.
type metadataRows struct {
	sink    Sink
	line    []byte            // the current row
	reader  bytes.Reader      // of a row that the sink does not take as text
	decoder *jsontext.Decoder // that reads it
	err     error             // the first error of the sink
}

// begin begins a row.
func (r *metadataRows) begin() { r.line = append(r.line[:0], '{') }

// name appends the name of a member.
func (r *metadataRows) name(name string) {
	if len(r.line) > 1 {
		r.line = append(r.line, ',')
	}
	r.line = append(append(append(r.line, '"'), name...), `":`...)
}

// value appends a member with a JSON value, null if it is nil.
func (r *metadataRows) value(name string, value []byte) {
	r.name(name)
	if value == nil {
		r.line = append(r.line, "null"...)
		return
	}
	r.line = append(r.line, value...)
}

// word appends a member with a text that needs no escapes.
func (r *metadataRows) word(name, text string) {
	r.name(name)
	r.line = append(append(append(r.line, '"'), text...), '"')
}

// text appends a member with a text, null if it is empty.
func (r *metadataRows) text(name, text string) {
	if text == "" {
		r.value(name, nil)
		return
	}
	r.name(name)
	r.line, _ = jsontext.AppendQuote(r.line, text) // its error is invalid UTF-8, which it replaces
}

// number appends a member with a number, null if it is nil.
func (r *metadataRows) number(name string, n *int) {
	if n == nil {
		r.value(name, nil)
		return
	}
	r.name(name)
	r.line = strconv.AppendInt(r.line, int64(*n), 10)
}

// flag appends a member that is true or false.
func (r *metadataRows) flag(name string, is bool) {
	r.name(name)
	r.line = strconv.AppendBool(r.line, is)
}

// end ends the row and passes it on.
func (r *metadataRows) end() {
	r.line = append(r.line, '}')
	if r.err != nil || r.sink.FastRow(r.line) > 0 {
		return
	}
	r.reader.Reset(r.line)
	if r.decoder == nil {
		r.decoder = newDecoder(&r.reader)
	} else {
		r.decoder.Reset(&r.reader, decoding())
	}
	if err := r.sink.Row(r.decoder); err != nil {
		r.err = fmt.Errorf("read a row of metadata: %w", err)
	}
}
