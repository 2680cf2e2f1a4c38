package record

import (
	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/jsonscan"
	"source-microsoft-dataverse/source/protocol"
)

// TypicalLength returns about how many bytes a RECORD line of the stream has, by the names and the types of its columns. It is
// for estimates before the first page: how long the values are, and how many are null, is only guessed.
func (p *Plan) TypicalLength() int64 {
	length := len(protocol.RecordHead(p.Stream)) + len(protocol.AppendRecordEnd(nil, nil))
	for i := range p.columns {
		length += len(p.columns[i].member) + typicalValue(p.columns[i].kinds)
	}
	for i := range p.labels {
		length += len(p.labels[i].members[noLabel])
	}
	for i := range p.lists {
		length += len(p.lists[i].null)
	}
	if p.cursorSet {
		length += len(`,"`+catalog.UpdatedAt+`":""`) + len("2006-01-02T15:04:05.000000Z")
	}
	if p.deletedSet {
		length += len(`,"` + catalog.DeletedAt + `":null`)
	}
	return int64(length)
}

// typicalValue returns a typical length of values of some kinds: many columns of Dataverse are null in most rows, and a guid
// or a time has up to 38 characters.
func typicalValue(kinds jsonscan.Kind) int {
	if kinds&jsonscan.String != 0 {
		return 16
	}
	return 4
}
