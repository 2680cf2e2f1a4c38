package record

import (
	"bytes"
	"encoding/json"
	"strings"

	"source-microsoft-dataverse/source/jsonscan"
)

const (
	// maxUnknownMembers is the number of names outside the plan that are remembered, so that they are expected too.
	maxUnknownMembers = 1 << 10
	// maxNameLength is longer than any column name with an annotation. Longer names are not remembered.
	maxNameLength = 256
)

// noColumn is the column of members that are not written.
const noColumn = -1

// memberPlan defines what happens to a member of a row. It may be both written and noted.
type memberPlan struct {
	quoted string        // its name as the service prints it, in quotation marks
	column int           // of the plan, or noColumn
	role   role          // what it is noted as
	label  int           // the step that finds its label, if that is its role
	copied jsonscan.Kind // values of these kinds are copied unchanged, with the name before them
}

// members finds the plan of a row's member by its name. Most rows have their members in the order of the row before, so
// the member that followed last time is compared first, before anything is looked up.
type members struct {
	plans  []memberPlan   // the unknown member, then those of the plan, then the remembered ones
	own    int            // the number of plans before the remembered ones
	byName map[string]int // the index in plans by the member's name
	folded map[string]int // the same by the name in lower case, only for members of the plan
	next   []int          // the member that followed last time, by member
	last   int            // the last member read; at the beginning of a row, the unknown one
}

// unknownMember is the index of members whose names are not remembered. Its own name is empty.
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

// readFast reads the member at a position of a row's text. It returns the member's plan and the position and kind of
// its value. The end is 0 if readFast is not sure, or if the text ends with the value.
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
		if before < len(m.next) { // it has not been forgotten
			m.next[before] = i
		}
	}
	m.last = i
	return &m.plans[i]
}

// find returns the index of a member by its name in quotation marks. A name that differs from one in the plan only in
// letter case is that of the same column: no table has two such columns.
func (m *members) find(quoted []byte) int {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var name string
		if json.Unmarshal(quoted, &name) != nil {
			return unknownMember
		}
		return m.folded[strings.ToLower(name)] // Row reads it, so it is written under the name in the plan
	}
	name := quoted[1 : len(quoted)-1]
	if i, known := m.byName[string(name)]; known || len(name) > maxNameLength {
		return i
	}
	remembered := memberPlan{quoted: string(quoted), column: noColumn}
	if i, known := m.folded[strings.ToLower(string(name))]; known {
		remembered.column, remembered.role, remembered.label = m.plans[i].column, m.plans[i].role, m.plans[i].label
	}
	if len(m.plans) >= m.own+maxUnknownMembers {
		m.forget()
	}
	m.plans = append(m.plans, remembered)
	m.next = append(m.next, unknownMember)
	m.byName[string(name)] = len(m.plans) - 1
	return len(m.plans) - 1
}

// nameOf returns a name without its quotation marks. Column names need no escapes.
func nameOf(quoted string) string { return quoted[1 : len(quoted)-1] }
