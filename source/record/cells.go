package record

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
	"source-microsoft-dataverse/source/protocol"
)

// CellEncoder turns the rows of an entity file into RECORD lines. The columns are those of the configured stream; each member of a
// record is in the order of their names. It belongs to one goroutine.
type CellEncoder struct {
	stream     string
	head       []byte
	columns    []cellColumn // that the file may have
	own        []string     // the selected columns that every file lacks: the company and the execution
	constants  []byte       // their members
	conversion entityfile.Conversion

	lines   []byte
	count   int
	changes []protocol.FieldChange
	cells   []cell // of the current row
	nulled  map[nulledColumn]int
	stats   *ColumnStats
}

// cellColumn is a column of a file, with the text before its value in a record.
type cellColumn struct {
	property finops.Property
	member   []byte // ,"Name":
	absent   bool   // from the file
}

// NewCellEncoder returns an encoder of a configured stream, which counts nulled values in stats.
func NewCellEncoder(s protocol.ConfiguredStream, conversion entityfile.Conversion, stats *ColumnStats) *CellEncoder {
	e := &CellEncoder{stream: s.Name, head: protocol.RecordHead(s.Name), conversion: conversion, nulled: map[nulledColumn]int{}, stats: stats}
	for _, name := range slices.Sorted(maps.Keys(s.Columns)) {
		switch name {
		case catalog.Company, catalog.PackageExecution, catalog.PackageCompleted:
			e.own = append(e.own, name)
			continue
		}
		inKey := slices.ContainsFunc(s.PrimaryKey, func(path []string) bool { return len(path) == 1 && path[0] == name })
		e.columns = append(e.columns, cellColumn{
			property: finops.Property{Name: name, Type: catalog.CellType(s.Columns[name]), Key: inKey},
			member:   append(appendString([]byte{','}, name), ':'),
		})
	}
	return e
}

// Columns returns the names of the columns whose cells Row takes, in that order.
func (e *CellEncoder) Columns() []string {
	names := make([]string, len(e.columns))
	for i, c := range e.columns {
		names[i] = c.property.Name
	}
	return names
}

// Keys returns those of Columns that are in the key.
func (e *CellEncoder) Keys() []string {
	var names []string
	for _, c := range e.columns {
		if c.property.Key {
			names = append(names, c.property.Name)
		}
	}
	return names
}

// Begin begins a file. own are the values of the columns that no file has; one without a value is null. absent are those of Columns
// that this file does not have: they are null, and not empty texts.
func (e *CellEncoder) Begin(own map[string]string, absent []string) {
	for i := range e.columns {
		e.columns[i].absent = slices.Contains(absent, e.columns[i].property.Name)
	}
	e.constants = e.constants[:0]
	for _, name := range e.own {
		e.constants = append(appendString(append(e.constants, ','), name), ':')
		if value, found := own[name]; found {
			e.constants = appendString(e.constants, value)
		} else {
			e.constants = append(e.constants, "null"...)
		}
	}
}

// CellError reports a value of a key that cannot be delivered: null is no key.
type CellError struct{ Column, Reason string }

func (e *CellError) Error() string {
	return fmt.Sprintf("a value of the key column %s %s", e.Column, e.Reason)
}

// Row appends the record of a row, whose cells are in the order of Columns. A value that does not fit its column, or is too long,
// becomes null. The error is a *CellError, and nothing is appended then.
func (e *CellEncoder) Row(cells [][]byte) error {
	from := len(e.lines)
	e.changes, e.cells = e.changes[:0], e.cells[:0]
	e.lines = append(e.lines, e.head...)
	data := len(e.lines)
	for i := range e.columns {
		if err := e.append(i, cells[i]); err != nil {
			e.lines = e.lines[:from]
			return err
		}
	}
	for len(e.lines)-from+len(e.constants) > maxRecord {
		if !e.nullLargest() {
			break
		}
	}
	e.lines = append(e.lines, e.constants...)
	if len(e.lines) == data {
		e.lines = append(e.lines, '{')
	} else {
		e.lines[data] = '{' // in place of the first member's comma
	}
	e.lines = protocol.AppendRecordEnd(append(e.lines, '}'), e.changes)
	e.count++
	for _, change := range e.changes {
		e.nulled[nulledColumn{change.Field, change.Reason}]++
	}
	return nil
}

// append appends the member of a column.
func (e *CellEncoder) append(column int, text []byte) error {
	c := &e.columns[column]
	from := len(e.lines)
	e.lines = append(e.lines, c.member...)
	before := len(e.lines)
	reason := protocol.SourceSerializationError
	var parsed bool
	switch {
	case c.absent:
		e.lines, parsed = append(e.lines, "null"...), true
	case len(text) > MaxValue:
		reason = protocol.SourceFieldSizeLimitation
	default:
		e.lines, parsed = e.conversion.Append(e.lines, c.property, text)
	}
	switch {
	case !parsed && c.property.Key && reason == protocol.SourceFieldSizeLimitation:
		return &CellError{c.property.Name, "is longer than the connector delivers"}
	case !parsed && c.property.Key:
		return &CellError{c.property.Name, "is not of the type that its schema declares"}
	case !parsed:
		e.lines = append(e.lines[:before], "null"...)
		e.note(column, reason)
	}
	e.cells = append(e.cells, cell{column, from, len(e.lines)})
	return nil
}

// nullLargest replaces the largest value of the current row that is not in the key by null, and reports whether there is one that
// makes the record shorter.
func (e *CellEncoder) nullLargest() bool {
	largest := -1
	for i, c := range e.cells {
		if !e.columns[c.column].property.Key && c.length() > changeLength && (largest < 0 || c.length() > e.cells[largest].length()) {
			largest = i
		}
	}
	if largest < 0 {
		return false
	}
	c := &e.cells[largest]
	short := append(slices.Clone(e.columns[c.column].member), "null"...)
	by := c.length() - len(short)
	e.lines = slices.Replace(e.lines, c.from, c.to, short...)
	c.to -= by
	for i := largest + 1; i < len(e.cells); i++ {
		e.cells[i].from -= by
		e.cells[i].to -= by
	}
	e.note(c.column, protocol.SourceRecordSizeLimitation)
	return true
}

func (e *CellEncoder) note(column int, reason protocol.ChangeReason) {
	e.changes = append(e.changes, protocol.FieldChange{Field: e.columns[column].property.Name, Change: protocol.Nulled, Reason: reason})
}

// Len returns the number of bytes of the records since the last call of Records.
func (e *CellEncoder) Len() int { return len(e.lines) }

// Records returns the records since the last call. They are valid until the next call of Row.
func (e *CellEncoder) Records() protocol.Records {
	records := protocol.Records{Lines: e.lines, Count: e.count}
	e.stats.addPage(e.count, e.nulled)
	clear(e.nulled)
	e.lines, e.count = e.lines[:0], 0
	return records
}

func appendString(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // its error is invalid UTF-8, which it replaces
	return dst
}
