package record

import (
	"bytes"
	"encoding/json"
)

const (
	// strangers is how many names that the plan does not know are remembered, so that they are expected too.
	strangers = 1 << 10
	// longestName is more than any name of a column with an annotation behind it: longer ones are not remembered.
	longestName = 256
)

// stranger is the place of members of whose names nothing is remembered. Its own name is the empty one.
const stranger = 0

// lookUp finds what a member is for, by its name with its quotes. Most rows have their members in the order of the row
// before, so the member that followed the last one there is tried first.
func (e *Encoder) lookUp(quoted []byte) *member {
	i := e.follower[e.last]
	if string(quoted) != e.members[i].quoted {
		i = e.find(quoted)
		e.follower[e.last] = i
	}
	e.last = i
	return &e.members[i]
}

// find finds the place of a member by its name with its quotes.
func (e *Encoder) find(quoted []byte) int {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var name string
		if json.Unmarshal(quoted, &name) != nil {
			return stranger
		}
		return e.byName[name]
	}
	name := quoted[1 : len(quoted)-1]
	i, known := e.byName[string(name)]
	if !known && len(e.members) < len(e.plan.members)+strangers && len(name) <= longestName {
		i = len(e.members)
		e.members = append(e.members, member{quoted: string(quoted), step: unselected})
		e.follower = append(e.follower, stranger)
		e.byName[string(name)] = i
	}
	return i
}

// facts are what is noted of the row at hand beside its line. The values are copies: the decoder's own are gone with
// its next step.
type facts struct {
	key, keyEnd, modified, id []byte
	deletedContext, reason    bool
}

func (f *facts) reset() {
	f.key, f.keyEnd, f.modified, f.id = f.key[:0], f.keyEnd[:0], f.modified[:0], f.id[:0]
	f.deletedContext, f.reason = false, false
}

func (f *facts) note(u use, value []byte) {
	if u&ofKey != 0 {
		f.key = append(f.key[:0], unquoted(value)...)
	}
	if u&ofKeyEnd != 0 {
		f.keyEnd = append(f.keyEnd[:0], unquoted(value)...)
	}
	if u&ofCursor != 0 {
		f.modified = append(f.modified[:0], value...)
	}
	if u&ofContext != 0 {
		f.deletedContext = bytes.HasSuffix(value, []byte(`/$deletedEntity"`))
	}
	if u&ofID != 0 {
		f.id = append(f.id[:0], unquoted(value)...)
	}
	if u&ofDeletion != 0 {
		f.reason = true
	}
}

// unquoted is the inside of a string, nothing of anything else: keys are strings (Edm.Guid) where they are known.
func unquoted(value []byte) []byte {
	if value[0] != '"' {
		return nil
	}
	return value[1 : len(value)-1]
}

// isDeletion says whether the object is {"@odata.context": ".../$deletedEntity", "id": ..., "reason": ...}. A row that
// left the result for another reason than "deleted" is gone all the same.
func (f *facts) isDeletion() bool {
	return len(f.id) > 0 && (f.deletedContext || f.reason && len(f.key) == 0)
}
