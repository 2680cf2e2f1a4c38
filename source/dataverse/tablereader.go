package dataverse

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// eachTable reads the tables in one array of an answer.
func (c *Client) eachTable(body io.Reader, array string, found func(Table)) error {
	r := &tableReader{answer: c.skimmers.over(body)}
	defer c.skimmers.done(r.answer)
	r.answer.take = r.skim
	r.column = newDecoder(&r.text)
	err := eachDefinition(r.answer, array, func(d *jsontext.Decoder) error {
		t, err := r.table(d)
		if err == nil {
			found(t)
		}
		return err
	})
	return r.answer.place(err)
}

// tableReader reads the tables of one answer.
type tableReader struct {
	answer   *skimmer
	familiar patterns
	columns  []Column          // of the table at hand
	column   *jsontext.Decoder // of a column that is not familiar
	text     bytes.Reader      // of that column
	differs  []differentValue  // in it
}

// table reads a table. The service sends null for whatever does not apply.
func (r *tableReader) table(d *jsontext.Decoder) (Table, error) {
	var t Table
	if d.PeekKind() == 'n' {
		return t, d.SkipValue()
	}
	var kind, provider string
	r.columns = r.columns[:0]
	err := eachMember(d, func(name []byte) error {
		switch string(name) {
		case "LogicalName":
			return readString(d, &t.LogicalName)
		case "EntitySetName":
			return readString(d, &t.EntitySet)
		case "PrimaryIdAttribute":
			return readString(d, &t.PrimaryID)
		case "ChangeTrackingEnabled":
			return readBool(d, &t.Tracked)
		case "TableType":
			return readString(d, &kind)
		case "DataProviderId":
			return readString(d, &provider)
		case "Attributes":
			return r.readColumns(d)
		default:
			return d.SkipValue()
		}
	})
	t.Elastic = kind == "Elastic" || strings.EqualFold(provider, elasticProvider)
	t.Virtual = kind == "Virtual" || kind == "" && provider != "" && !t.Elastic
	t.Columns = slices.Clone(r.columns)
	slices.SortStableFunc(t.Columns, byProperty)
	return t, err
}

func byProperty(a, b Column) int { return strings.Compare(a.Property, b.Property) }

// readColumns reads the columns of a table. The skimmer takes those that are familiar.
func (r *tableReader) readColumns(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	if err := open(d, '['); err != nil {
		return err
	}
	r.columns = r.columns[:0]
	for {
		kind := d.PeekKind()
		r.answer.behind = false
		if kind == ']' {
			_, err := d.ReadToken()
			return broken(err)
		}
		text, err := d.ReadValue()
		if err != nil {
			return broken(err)
		}
		if err := r.readColumn(text); err != nil {
			return err
		}
		r.answer.behind = true
	}
}

// skim takes the column that a text begins with, if it is a familiar one: an answer is mostly the same null members over
// and over, and comparing text is many times as fast as decoding it.
func (r *tableReader) skim(text []byte) int {
	column, length := r.familiar.match(text)
	if length > 0 {
		r.keep(column)
	}
	return length
}

// readColumn reads a column that is not familiar, and makes it so.
func (r *tableReader) readColumn(text jsontext.Value) error {
	r.text.Reset(text)
	r.column.Reset(&r.text, decoding())
	r.differs = r.differs[:0]
	column, err := readColumn(r.column, r.note)
	if err != nil {
		return err
	}
	r.keep(column)
	r.familiar.learn(text, column, r.differs)
	if len(r.familiar.start) > 0 {
		r.answer.start = append([]byte{','}, r.familiar.start...)
	}
	return nil
}

// note notes a value that differs from column to column, if it is of a form that is known without decoding.
func (r *tableReader) note(of columnMember, value jsontext.Value, end int64) {
	if (of == metadataID || of == logicalName) && plainText(value) == len(value) {
		r.differs = append(r.differs, differentValue{of, int(end) - len(value), int(end)})
	}
}

func (r *tableReader) keep(column definedColumn) {
	if column.inRows() {
		r.columns = append(r.columns, column.column())
	}
}
