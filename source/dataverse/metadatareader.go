package dataverse

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// metadataReader reads the responses to one request for metadata. Definitions are read as text, one element of an array
// after the other, so that a response of any length takes the same memory.
type metadataReader struct {
	client  *Client
	request MetadataRequest
	rows    metadataRows

	response *fastReader
	left     map[string]bool // tables that are requested and not described yet
	related  map[string]bool // schema names of the relationships that have a row
	table    string          // whose columns are read; empty: its name has not come yet
	entered  string          // the table of the column before, empty: there is none
	repeated bool            // an earlier table of the response has the same name

	object  *objectReader // of the kind
	wrapped *objectReader // values such as {"Value": ...}
	set     *objectReader // OptionSet
	option  *objectReader
	options *objectList   // of the option set
	cascade *objectReader // CascadeConfiguration
	labels  *labelReader
	// described reads the descriptions of options, while labels reads their labels.
	described *labelReader
}

// read reads a response. It starts from nothing: an earlier attempt may have failed anywhere.
func (r *metadataReader) read(body io.Reader, array string) error {
	r.response = r.client.fastReaders.get(body)
	defer r.client.fastReaders.put(r.response)
	r.reset()
	err := eachDefinition(r.response, array, r.readTable)
	if err == nil {
		err = r.rows.err
	}
	return r.response.correctPlace(err)
}

func (r *metadataReader) reset() {
	r.rows.err = nil
	r.left, r.related = make(map[string]bool, len(r.request.Tables)), map[string]bool{}
	for _, name := range r.request.Tables {
		r.left[name] = true
	}
	r.object = newObjectReader(describedProperties(r.request.Kind)...)
	r.labels = newLabelReader(r.request.Languages)
	r.described = newLabelReader(nil)
	r.wrapped, r.cascade = newObjectReader("Value"), newObjectReader("Delete")
	r.set, r.option = newOptionSetReader(), newOptionReader()
	r.options = &objectList{element: r.option}
	if r.request.Kind == ChoiceMetadata {
		r.object.readInside(choiceOptionSet, r.set.read)
		r.set.readInside(setOptions, r.options.read)
	}
}

// readTable reads a table of the response: itself, or the elements of its arrays.
func (r *metadataReader) readTable(d *jsontext.Decoder) error {
	if r.request.Kind == TableMetadata {
		return r.readElement(d, r.tableRow)
	}
	if d.PeekKind() == 'n' {
		return d.SkipValue()
	}
	r.table, r.entered, r.repeated = "", "", false
	return eachMember(d, func(name []byte) error {
		row := r.elementOf(name)
		switch {
		case string(name) == "LogicalName":
			return readString(d, &r.table)
		case row == nil, d.PeekKind() == 'n':
			return d.SkipValue()
		default:
			return r.response.eachElement(d, row, func() error { return r.readElement(d, row) })
		}
	})
}

// elementOf returns what writes the rows of an element of a table's array, nil for members that have no rows.
func (r *metadataReader) elementOf(member []byte) func(text []byte) int {
	switch string(member) {
	case "Attributes":
		if r.request.Kind == ChoiceMetadata {
			return r.choiceRow
		}
		return r.columnRow
	case "ManyToOneRelationships":
		return r.manyToOneRow
	case "ManyToManyRelationships":
		return r.manyToManyRow
	default:
		return nil
	}
}

// readElement reads an element from the decoder: the first one of an array, and each that eachElement leaves to it.
func (r *metadataReader) readElement(d *jsontext.Decoder, row func(text []byte) int) error {
	text, err := d.ReadValue()
	if err != nil || text.Kind() == 'n' {
		return err
	}
	if first := bytes.IndexByte(text, ':') + 1; r.response.start == nil && first > 0 {
		r.response.start = append([]byte{','}, text[:first]...)
	}
	if row(text) > 0 {
		return nil
	}
	text = bytes.Clone(text)
	if text.Compact() != nil || row(text) == 0 {
		return misshapen(d.StackPointer())
	}
	return nil
}
