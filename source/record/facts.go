package record

import (
	"bytes"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/jsonscan"
)

// role is the set of purposes for which a member of a row is needed other than being written.
type role uint16

const (
	roleKey        role = 1 << iota // the key, or its first part
	rolePartition                   // the second part of the key
	roleVersion                     // the version of the row
	roleContext                     // distinguishes a deletion from a row
	roleID                          // the key of a deleted row
	roleReason                      // the reason of a deletion
	roleRemoved                     // a deletion in the form of OData 4.01, which Dataverse does not print
	roleOwningUser                  // the user who owns the row
	roleOwningTeam                  // the team that owns the row
	roleObject                      // the row that a note or an audit belongs to
	roleObjectType                  // the type of that row
	roleChoice                      // a choice with a label
	roleList                        // a multi-select choice with a label

	roleOfTypes = roleOwningUser | roleOwningTeam | roleObject | roleObjectType
	roleLabeled = roleChoice | roleList
)

// rowRoles returns the roles of members by name, for the rows and deletions of a table.
func rowRoles(key []string) map[string]role {
	roles := map[string]role{dataverse.VersionColumn: roleVersion, "@odata.context": roleContext, "@removed": roleRemoved}
	roles["id"] |= roleID
	roles["reason"] |= roleReason
	roles[key[0]] |= roleKey
	if len(key) > 1 {
		roles[key[1]] |= rolePartition
	}
	return roles
}

// rowFacts is what is noted about the current row in addition to its line. Its texts are copies, because those of a
// decoder are valid only until its next step. If a member occurs twice, the first one counts, as it does in the line.
type rowFacts struct {
	keyName      string // for errors
	canonicalKey bool   // the key has to be in canonical form

	key, partition, id []byte
	version            uint64
	versioned          bool // it has a version
	deletedContext     bool
	reason, removed    bool
	types              lookupTypes
}

func (f *rowFacts) reset() {
	f.key, f.partition, f.id = f.key[:0], f.partition[:0], f.id[:0]
	f.version, f.versioned, f.deletedContext, f.reason, f.removed = 0, false, false, false, false
	f.types.reset()
}

// note notes the value of a member with a role. It reports false for a value that identifies the row and is not in
// canonical form: the caller should then try normalize.
func (f *rowFacts) note(r role, value []byte, kind jsonscan.Kind) bool {
	switch {
	case r&roleKey != 0 && len(f.key) == 0:
		f.key = append(f.key, inside(value, kind)...)
		if !f.acceptsKey(kind) {
			return false
		}
	case r&rolePartition != 0 && len(f.partition) == 0:
		f.partition = append(f.partition, inside(value, kind)...)
		return kind&(jsonscan.String|jsonscan.Null) != 0
	case r&roleVersion != 0 && kind == jsonscan.Integer && !f.versioned:
		version, err := strconv.ParseUint(string(value), 10, 64)
		f.version, f.versioned = version, err == nil
	case r&roleContext != 0:
		f.deletedContext = isDeletedContext(inside(value, kind))
	case r&roleRemoved != 0:
		f.removed = true
	}
	if r&roleID != 0 && len(f.id) == 0 {
		f.id = append(f.id, inside(value, kind)...)
		if kind == jsonscan.EscapedString {
			f.id, _ = jsontext.AppendUnquote(f.id[:0], value) // reports invalid UTF-8 alone, which no key has
		}
	}
	f.reason = f.reason || r&roleReason != 0
	if r&roleOfTypes != 0 {
		f.types.note(r, value, kind)
	}
	return true
}

// acceptsKey reports whether the noted key, from a value of the given kind, is a key or missing.
func (f *rowFacts) acceptsKey(kind jsonscan.Kind) bool {
	if len(f.key) == 0 {
		return kind&(jsonscan.String|jsonscan.Null) != 0
	}
	return !f.canonicalKey || kind == jsonscan.PlainString && isCanonicalKey(f.key)
}

// normalize returns the value of a member in canonical form if it is a key that must have that form. A key that has no
// canonical form is returned unchanged: note rejects it.
func (f *rowFacts) normalize(r role, value []byte, kind jsonscan.Kind) ([]byte, jsonscan.Kind) {
	if r&roleKey == 0 || !f.canonicalKey || kind&jsonscan.String == 0 {
		return value, kind
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if key, ok := canonicalKey(text); ok && err == nil {
		return append(append([]byte{'"'}, key...), '"'), jsonscan.PlainString
	}
	return value, kind
}

// deletion returns the key of the deleted row if the object is a deletion: {"@odata.context": ".../$deletedEntity",
// "id": ..., "reason": ...}. A row that left the result for a reason other than "deleted" is gone as well. An object
// that is neither a deletion nor a row with its key is an error.
func (f *rowFacts) deletion() (key string, is bool, err error) {
	switch {
	case f.removed:
		return "", false, &dataverse.BrokenResponseError{Reason: `it has a deletion in an unknown form, with "@removed"`}
	case f.deletedContext || f.reason && len(f.id) > 0 && len(f.key) == 0:
		id, ok := canonicalID(f.id)
		if len(f.id) == 0 {
			return "", false, &dataverse.BrokenResponseError{Reason: "it has a deletion without its key"}
		}
		if !ok {
			return "", false, &dataverse.BrokenResponseError{Reason: "the id of one of its deletions is not a key"}
		}
		return string(id), true, nil
	case len(f.key) == 0:
		return "", false, &dataverse.BrokenResponseError{Reason: "it has a row without its key " + f.keyName}
	default:
		return "", false, nil
	}
}

// isDeletedContext reports whether an @odata.context is that of a deletion.
func isDeletedContext(context []byte) bool {
	const suffix = "/$deletedEntity"
	return len(context) >= len(suffix) && bytes.EqualFold(context[len(context)-len(suffix):], []byte(suffix))
}

// inside returns the text between the quotation marks of a string, nothing for any other kind of value.
func inside(value []byte, kind jsonscan.Kind) []byte {
	if kind&jsonscan.String == 0 {
		return nil
	}
	return value[1 : len(value)-1]
}
