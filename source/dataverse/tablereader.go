package dataverse

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// eachTable reads the tables in one array of a response.
func (c *Client) eachTable(body io.Reader, array string, found func(Table)) error {
	r := &tableReader{response: c.fastReaders.get(body), lookupTargets: c.options.LookupTargets}
	defer c.fastReaders.put(r.response)
	r.column = newDecoder(&r.text)
	err := eachDefinition(r.response, array, func(d *jsontext.Decoder) error {
		t, err := r.table(d)
		if err == nil {
			found(t)
		}
		return err
	})
	return r.response.correctPlace(err)
}

// tableReader reads the tables of one response.
type tableReader struct {
	response *fastReader
	cached   columnTemplates
	columns  []Column          // of the current table
	column   *jsontext.Decoder // of a column that matches no template
	text     bytes.Reader      // of that column
	variable []variableValue   // in it
	// lookupTargets reports that the response has the targets of lookups because they were requested.
	lookupTargets bool
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
	t.Elastic, t.Virtual = storage(kind, provider)
	t.Columns = slices.Clone(r.columns)
	slices.SortStableFunc(t.Columns, byProperty)
	return t, err
}

// storage reports where the rows of a table are stored that are not in the environment's database. Older versions of the
// service do not send TableType.
func storage(tableType, provider string) (elastic, virtual bool) {
	elastic = tableType == "Elastic" || strings.EqualFold(provider, elasticProvider)
	return elastic, tableType == "Virtual" || tableType == "" && provider != "" && !elastic
}

func byProperty(a, b Column) int { return strings.Compare(a.Property, b.Property) }

// readColumns reads the columns of a table. Columns that match a template are not decoded: most of a response is the
// same null members over and over, and comparing text is many times faster than decoding it.
func (r *tableReader) readColumns(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	r.columns = r.columns[:0]
	return r.response.eachElement(d, r.matchColumn, func() error {
		text, err := d.ReadValue()
		if err != nil {
			return err
		}
		return r.decodeColumn(text)
	})
}

// matchColumn reads the column at the beginning of a text if it matches a template, and returns its length, otherwise
// 0.
func (r *tableReader) matchColumn(text []byte) int {
	column, length := r.cached.match(text)
	if length > 0 {
		r.addColumn(column)
	}
	return length
}

// decodeColumn decodes a column and caches its text as a template.
func (r *tableReader) decodeColumn(text jsontext.Value) error {
	r.text.Reset(text)
	r.column.Reset(&r.text, decoding())
	r.variable = r.variable[:0]
	column, err := readColumn(r.column, r.noteVariable)
	if err != nil {
		return err
	}
	r.addColumn(column)
	r.cached.add(text, column, r.variable)
	if len(r.cached.start) > 0 {
		r.response.start = append([]byte{','}, r.cached.start...)
	}
	return nil
}

// noteVariable notes a value that differs from column to column, if it needs no decoding.
func (r *tableReader) noteVariable(of columnMember, value jsontext.Value, end int64) {
	if (of == metadataID || of == logicalName) && plainStringLength(value) == len(value) {
		r.variable = append(r.variable, variableValue{of, int(end) - len(value), int(end)})
	}
}

// addColumn adds a column to the current table if rows have it.
func (r *tableReader) addColumn(column definedColumn) {
	if column.inRows() {
		column.polymorphic = column.polymorphic && r.lookupTargets
		r.columns = append(r.columns, column.column())
	}
}
