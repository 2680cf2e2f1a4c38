package record

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/jsonscan"
)

// KeySink takes the keys of a page's rows and deletions, and nothing else. It is a dataverse.Sink for scans that need
// no more, and belongs to one goroutine. What it knows about a page remains until the next Begin or Discard.
type KeySink struct {
	members members
	facts   rowFacts
	keys    []string
	deleted []string
	newest  newest
}

var _ dataverse.Sink = (*KeySink)(nil)

// NewKeySink returns a sink for rows of a table.
func NewKeySink(t dataverse.Table) *KeySink {
	var planned []memberPlan
	for name, r := range rowRoles(t.Key()) {
		planned = append(planned, memberPlan{quoted: `"` + name + `"`, column: noColumn, role: r})
	}
	return &KeySink{members: newMembers(planned), facts: rowFacts{keyName: t.PrimaryID, canonicalKey: true}}
}

// Keys returns the keys of the page's rows in order, in lower case.
func (s *KeySink) Keys() []string { return s.keys }

// Deleted returns the keys of the page's deletions in order, in lower case.
func (s *KeySink) Deleted() []string { return s.deleted }

// Newest returns the key and the version of the row with the greatest versionnumber on the page. ok is false if no row
// of the page has a version, for example because it was not selected.
func (s *KeySink) Newest() (key string, version uint64, ok bool) { return s.newest.get() }

// Begin implements dataverse.Sink. It never waits.
func (s *KeySink) Begin(context.Context, time.Time) error {
	s.Discard()
	return nil
}

// Discard implements dataverse.Sink.
func (s *KeySink) Discard() {
	s.keys, s.deleted = nil, nil
	s.newest.clear()
}

// FastRow implements dataverse.Sink.
func (s *KeySink) FastRow(text []byte) int {
	if len(text) == 0 || text[0] != '{' {
		return 0
	}
	s.startRow()
	for comma := 0; ; {
		m, at, end, kind := s.members.readFast(text, comma+1)
		if end == 0 || m.role != 0 && !s.facts.note(m.role, text[at:end], kind) {
			return 0
		}
		switch text[end] {
		case ',':
			comma = end
		case '}':
			if s.finishRow() != nil {
				return 0
			}
			return end + 1
		default:
			return 0
		}
	}
}

// Row implements dataverse.Sink.
func (s *KeySink) Row(d *jsontext.Decoder) error {
	s.startRow()
	if err := readMembers(d, &s.members, &s.facts, func(*memberPlan, []byte, jsonscan.Kind) {}); err != nil {
		return err
	}
	return s.finishRow()
}

func (s *KeySink) startRow() {
	s.members.startRow()
	s.facts.reset()
}

func (s *KeySink) finishRow() error {
	deleted, is, err := s.facts.deletion()
	switch {
	case err != nil:
		return err
	case is:
		s.deleted = append(s.deleted, deleted)
	default:
		s.keys = append(s.keys, string(s.facts.key))
		s.newest.see(&s.facts)
	}
	return nil
}
