package record

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/protocol"
)

const (
	// MaxValue is the length of the longest value that is delivered, in bytes as the service sent it, without quotation
	// marks. A longer one becomes null; nothing is truncated. Two such values fit into a record.
	MaxValue = 8 << 20
	// maxRecord is the length of the longest record that is delivered, in bytes. Airbyte Cloud accepts records of up to
	// 20 MB (Airbyte, "Understand Airbyte Cloud limits").
	maxRecord = 20_000_000
	// maxFastRow is the length of the longest row that FastRow reads. Neither its values nor its record can be too long:
	// escapes make a text at most three times as long.
	maxFastRow = 1 << 20
)

// isTooLong reports whether a value is longer than MaxValue.
func isTooLong(value []byte) bool { return len(value) > MaxValue+len(`""`) }

// cell is a value in the data of a line: the position of its member, including the comma before the name.
type cell struct {
	column   int // of the plan, or noColumn
	from, to int
}

func (c cell) length() int { return c.to - c.from }

// fitRecord replaces the largest values of the current line by null until the record is short enough. It keeps keys,
// cursors and the columns of change data capture.
func (e *Encoder) fitRecord() error {
	line := e.lines.buffer[e.lines.from:]
	cells, err := e.cellsOf(line[len(e.head):])
	if err != nil {
		return err
	}
	nulled := e.cellsToNull(cells, len(line)+len(e.changes)*changeLength-maxRecord)
	short, data := line[:len(e.head)], line[len(e.head):]
	for _, c := range cells {
		if !slices.Contains(nulled, c) {
			short = append(short, data[c.from:c.to]...)
			continue
		}
		short = append(short, e.plan.columns[c.column].null...)
		e.noteChange(c.column, protocol.SourceRecordSizeLimitation)
	}
	e.lines.buffer = e.lines.buffer[:e.lines.from+len(short)]
	return nil
}

// cellsToNull returns the largest cells that make a line shorter by the given number of bytes once they are null, or by
// as much as possible.
func (e *Encoder) cellsToNull(cells []cell, over int) []cell {
	largest := slices.SortedStableFunc(slices.Values(cells), func(a, b cell) int { return cmp.Compare(b.length(), a.length()) })
	var nulled []cell
	for _, c := range largest {
		if over <= 0 || c.length() <= changeLength {
			break
		}
		if c.column != noColumn && e.plan.columns[c.column].mayBeNulled() {
			nulled = append(nulled, c)
			over -= c.length() - len(e.plan.columns[c.column].null) - changeLength
		}
	}
	return nulled
}

// mayBeNulled reports whether the value of a column may be replaced by null after it was written: it is no key and no
// cursor, and no other member was written along with it.
func (c *column) mayBeNulled() bool { return !c.required && len(c.null) == len(c.member)+len("null") }

// cellsOf returns the values in the data of a line, which is a sequence of members with a comma before each.
func (e *Encoder) cellsOf(data []byte) ([]cell, error) {
	var cells []cell
	d := jsontext.NewDecoder(bytes.NewBuffer(append(append([]byte{'{'}, data[1:]...), '}')), jsontext.AllowDuplicateNames(true))
	_, err := d.ReadToken()
	for from := 0; err == nil && d.PeekKind() == '"'; {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			break
		}
		column := noColumn
		if i, planned := e.plan.byName[name.String()]; planned {
			column = e.plan.members[i].column
		}
		err = d.SkipValue()
		to := int(d.InputOffset())
		cells = append(cells, cell{column, from, to})
		from = to
	}
	if err != nil {
		return nil, fmt.Errorf("shorten a record of %s: %w", e.plan.Stream, err)
	}
	return cells, nil
}
