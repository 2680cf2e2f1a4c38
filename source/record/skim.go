package record

// FastRow reads the row, or the deletion, with which a text begins, and appends the row's line. It returns how long the row
// is, or 0 where it leaves the row to a decoder: because the text ends before it does, because it is not as compact as
// the service writes it, or because it has anything unusual. Then it leaves nothing behind.
//
// Most of what a page costs is this loop. A member whose name comes where it is expected is told by one comparison, and
// members that leave as they came are copied together.
func (e *Encoder) FastRow(text []byte) int {
	length := e.skim(text)
	if length == 0 {
		e.lines.drop()
	}
	return length
}

func (e *Encoder) skim(text []byte) int {
	if len(text) == 0 || text[0] != '{' {
		return 0
	}
	e.start()
	from, to := 0, 0 // members that leave as they came, each with what stands before it, and are not copied yet
	for comma := 0; ; {
		m, at := e.skimName(text, comma+1)
		if at == 0 {
			return 0
		}
		end, ascii := scanValue(text, at, 0)
		if end == 0 {
			return 0
		}
		if m.use != 0 {
			e.facts.note(m.use, text[at:end])
		}
		if e.claims(m) {
			switch asIs := ascii && m.asIs; {
			case asIs && comma == to:
				to = end
			case asIs:
				e.lines.append(text[from:to])
				from, to = comma, end
			default:
				e.lines.append(text[from:to])
				e.write(m, text[at:end])
				from, to = end, end
			}
		}
		switch text[end] {
		case ',':
			comma = end
		case '}':
			e.lines.append(text[from:to])
			if e.finish() != nil {
				return 0
			}
			return end + 1
		default:
			return 0
		}
	}
}

// skimName finds what the member is for whose name stands at a place, and where its value does; 0: nowhere.
func (e *Encoder) skimName(text []byte, at int) (*member, int) {
	expected := &e.members[e.follower[e.last]]
	if end := at + len(expected.quoted); end+1 < len(text) && text[end] == ':' && string(text[at:end]) == expected.quoted {
		e.last = e.follower[e.last]
		return expected, end + 1
	}
	if at >= len(text) || text[at] != '"' {
		return nil, 0
	}
	end, ascii := scanString(text, at)
	if end+1 >= len(text) || text[end] != ':' || !ascii {
		return nil, 0
	}
	return e.lookUp(text[at:end]), end + 1
}
