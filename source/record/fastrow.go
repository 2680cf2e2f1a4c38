package record

import "source-microsoft-dataverse/source/jsonscan"

// FastRow implements dataverse.Sink. It reads the row or deletion at the beginning of a text and appends the row's
// line. It returns the length of the row, or 0 to leave the row to Row: because the text ends first, because it is not
// as compact as the service writes it, or because it is long or has anything unusual. Then it keeps nothing.
//
// Most of the time for a page is spent in this loop. A member whose name is the expected one is recognized by one
// comparison, and consecutive members that are copied unchanged are copied together.
func (e *Encoder) FastRow(text []byte) int {
	length := e.encodeFast(text)
	if length == 0 {
		e.lines.dropLine()
	}
	return length
}

func (e *Encoder) encodeFast(text []byte) int {
	if len(text) == 0 || text[0] != '{' {
		return 0
	}
	e.startRow()
	from, to := 0, 0 // unchanged members, each with the text before it, that are not copied yet
	for comma := 0; ; {
		m, at, end, kind := e.members.readFast(text, comma+1)
		if end == 0 || m.role != 0 && !e.note(m, text[at:end], kind) {
			return 0
		}
		if e.claim(m) {
			switch copied := kind&m.copied != 0; {
			case copied && comma == to:
				to = end
			case copied:
				e.lines.append(text[from:to])
				from, to = comma, end
			default:
				e.lines.append(text[from:to])
				e.write(m, text[at:end], kind)
				from, to = end, end
			}
		}
		switch text[end] {
		case ',':
			comma = end
		case '}':
			e.lines.append(text[from:to])
			if end >= maxFastRow || e.finishRow() != nil {
				return 0
			}
			return end + 1
		default:
			return 0
		}
	}
}

// note notes a member that has a role. It reports false for a key that is not in canonical form. Most members with a role are
// choices with labels.
func (e *Encoder) note(m *memberPlan, value []byte, kind jsonscan.Kind) bool {
	if m.role == roleChoice {
		e.labels.members[m.label] = e.plan.labels[m.label].find(value, kind)
		return true
	}
	if m.role&roleLabeled != 0 {
		e.labels.note(m, value, kind)
	}
	return m.role&^roleLabeled == 0 || e.facts.note(m.role, value, kind)
}
