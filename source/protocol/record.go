package protocol

import (
	"bytes"
	"errors"
	"strconv"
)

// Records is a chunk of encoded RECORD lines of one stream. It is the argument of airbyte.RecordWriter and is written
// at once: it should hold all lines that are ready, or enough of them to make the system call cheap.
type Records struct {
	// Lines holds whole lines. Each consists of the result of RecordHead, a JSON object, and what AppendRecordEnd
	// appends.
	Lines []byte
	// Count is the number of lines.
	Count int
}

// The envelope of a RECORD (AirbyteRecordMessage in
// https://github.com/airbytehq/airbyte-protocol/blob/main/protocol-models/src/main/resources/airbyte_protocol/v0/airbyte_protocol.yaml).
// Streams encode records concurrently, and those encoded later may be written first. So a line is encoded with a
// placeholder for its time, as long as any time until the year 2286, and the Writer puts the time of the write there.
const (
	emittedAtName        = `"emitted_at":`
	emittedAtPlaceholder = "1000000000000"
)

// RecordHead returns the text before the data in each RECORD line of a stream. The stream's name and the time precede
// the data, so that the time has the same place in every line and cannot be mistaken for a column of that name.
func RecordHead(stream string) []byte {
	head := appendText([]byte(`{"type":"RECORD","record":{"stream":`), stream)
	return append(append(escapeSeparators(head), `,`+emittedAtName+emittedAtPlaceholder...), `,"data":`...)
}

// FieldChange is a value that could not be delivered as it is (AirbyteRecordMessageMetaChange). Destinations show it in
// _airbyte_meta.
type FieldChange struct {
	Field  string
	Change Change
	Reason ChangeReason
}

// Change is how a value was changed.
type Change string

// Nulled is a value that is delivered as null.
const Nulled Change = "NULLED"

// ChangeReason is why a value was changed.
type ChangeReason string

// The reasons.
const (
	// SourceSerializationError is the reason if a value is not of the type that the stream's schema declares.
	SourceSerializationError ChangeReason = "SOURCE_SERIALIZATION_ERROR"
	// SourceFieldSizeLimitation is the reason if a value is longer than the source delivers.
	SourceFieldSizeLimitation ChangeReason = "SOURCE_FIELD_SIZE_LIMITATION"
	// SourceRecordSizeLimitation is the reason if the record would be longer than the source delivers.
	SourceRecordSizeLimitation ChangeReason = "SOURCE_RECORD_SIZE_LIMITATION"
	// SourceRetrievalError is the reason if the source could not retrieve a value.
	SourceRetrievalError ChangeReason = "SOURCE_RETRIEVAL_ERROR"
)

// AppendRecordEnd appends the text after the data in a RECORD line: the changes made to it, if any, and a line feed.
func AppendRecordEnd(line []byte, changes []FieldChange) []byte {
	if len(changes) == 0 {
		return append(line, "}}\n"...)
	}
	line = append(line, `,"meta":{"changes":[`...)
	for i, c := range changes {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendText(append(line, `{"field":`...), c.Field)
		line = append(append(append(line, `,"change":"`...), c.Change...), '"')
		line = append(append(append(line, `,"reason":"`...), c.Reason...), `"}`...)
	}
	return append(line, "]}}}\n"...)
}

// stampRecords sets the emitted_at of RECORD lines of one stream, in place.
func stampRecords(lines []byte, emittedAt int64) error {
	stamp := strconv.AppendInt(nil, emittedAt, 10)
	from := bytes.Index(lines, []byte(emittedAtName)) + len(emittedAtName)
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n') + 1
		to := from + len(stamp)
		if from < len(emittedAtName) || to >= end || string(lines[from-len(emittedAtName):from]) != emittedAtName || lines[to] != ',' {
			return errors.New("a line has no emitted_at of thirteen digits in the place where the first one has it")
		}
		copy(lines[from:to], stamp)
		lines = lines[end:]
	}
	return nil
}
