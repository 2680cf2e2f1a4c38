package record

import (
	"bytes"
	"encoding/json"
	"strings"

	"source-microsoft-dataverse/source/jsonscan"
)

const (
	// maxUnknownMembers is how many names that the plan does not have are remembered, so that they are expected too.
	maxUnknownMembers = 1 << 10
	// maxNameLength is more than any name of a column with an annotation behind it: longer ones are not remembered.
	maxNameLength = 256
)

// noColumn is the column of members that are not written.
const noColumn = -1

// memberPlan is what becomes of a member of a row. It may be both written and noted.
type memberPlan struct {
	quoted string        // its name as the service prints it, in quotation marks
	column int           // of the plan, or noColumn
	role   role          // what it is noted for
	copied jsonscan.Kind // values of these kinds leave as they came, with the name before them
}

// members finds the plan of a row's member by its name. Most rows have their members in the order of the row before, so
// the member that followed there is expected first, and compared before anything is looked up.
type members struct {
	plans  []memberPlan   // the unknown member, those of the plan, those remembered
	own    int            // how many of them are not only remembered
	byName map[string]int // the name of a member, and its place in plans
	folded map[string]int // the same in lower case, of the plan's own
	next   []int          // of each member: the one that followed it last time
	last   int            // the member read last; at the beginning of a row, the unknown one
}

// unknownMember is the place of members whose names are not remembered. Its own name is the empty one.
const unknownMember = 0

func newMembers(planned []memberPlan) members {
	m := members{plans: append([]memberPlan{{quoted: `""`, column: noColumn}}, planned...), own: len(planned) + 1}
	m.folded = make(map[string]int, m.own)
	for i, p := range m.plans[1:] {
		m.folded[strings.ToLower(nameOf(p.quoted))] = i + 1
	}
	m.forget()
	return m
}

// forget drops the members that are only remembered.
func (m *members) forget() {
	m.plans = m.plans[:m.own]
	m.next = make([]int, m.own)
	m.byName = make(map[string]int, m.own)
	for i, p := range m.plans[1:] {
		m.byName[nameOf(p.quoted)] = i + 1
	}
	m.last = unknownMember
}

// startRow prepares for the first member of a row.
func (m *members) startRow() { m.last = unknownMember }

// readFast reads the member that begins at a place of a row's text: its plan, where its value begins and ends, and of what
// kind that is. The end is 0 where it is not sure, or where the text ends with the value.
func (m *members) readFast(text []byte, at int) (p *memberPlan, from, end int, kind jsonscan.Kind) {
	p = &m.plans[m.next[m.last]]
	if from = at + len(p.quoted); from < len(text) && text[from] == ':' && string(text[at:from]) == p.quoted {
		m.last = m.next[m.last]
	} else {
		if at >= len(text) || text[at] != '"' {
			return nil, 0, 0, 0
		}
		from, kind = jsonscan.EndOfString(text, at)
		if from == 0 || from >= len(text) || text[from] != ':' || kind != jsonscan.PlainString {
			return nil, 0, 0, 0
		}
		p = m.lookUp(text[at:from])
	}
	from++
	end, kind = jsonscan.EndOfValue(text, from)
	if end >= len(text) {
		return nil, 0, 0, 0
	}
	return p, from, end, kind
}

// lookUp returns the plan of a member by its name in quotation marks. It is valid until the next call.
func (m *members) lookUp(quoted []byte) *memberPlan {
	i := m.next[m.last]
	if string(quoted) != m.plans[i].quoted {
		before := m.last
		i = m.find(quoted)
		if before < len(m.next) { // it is not forgotten
			m.next[before] = i
		}
	}
	m.last = i
	return &m.plans[i]
}

// find returns the place of a member by its name in quotation marks. A name that differs from one of the plan's by the
// case of letters alone is the same column's: no table has two such columns.
func (m *members) find(quoted []byte) int {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var name string
		if json.Unmarshal(quoted, &name) != nil {
			return unknownMember
		}
		return m.folded[strings.ToLower(name)] // a decoder reads it, so it is written under the plan's own name
	}
	name := quoted[1 : len(quoted)-1]
	if i, known := m.byName[string(name)]; known || len(name) > maxNameLength {
		return i
	}
	remembered := memberPlan{quoted: string(quoted), column: noColumn}
	if i, known := m.folded[strings.ToLower(string(name))]; known {
		remembered.column, remembered.role = m.plans[i].column, m.plans[i].role
	}
	if len(m.plans) >= m.own+maxUnknownMembers {
		m.forget()
	}
	m.plans = append(m.plans, remembered)
	m.next = append(m.next, unknownMember)
	m.byName[string(name)] = len(m.plans) - 1
	return len(m.plans) - 1
}

// nameOf returns a name without its quotation marks. The names of columns need no escapes.
func nameOf(quoted string) string { return quoted[1 : len(quoted)-1] }
