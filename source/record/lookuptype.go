package record

import (
	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/jsonscan"
	"source-microsoft-dataverse/source/protocol"
)

// The type of a lookup is the logical name of the table that its value refers to. A row holds it in one of three forms, and
// the plan decides once for each lookup which of them is used:
//
//   - the owner of a row is a user or a team: one of two other lookups is not null, and equals the owner;
//   - notes and audits have a column of their own with the type of the row that they belong to;
//   - any other lookup comes with an annotation, if it is requested: see LookupTypes.
//
// The columns that a type is read from are requested along with the selected ones, and are not delivered for that.

// The lookups that the owner of a row equals, depending on its type (Microsoft, "Table reference", of any table that users
// or teams own). Rows of elastic tables lack them.
const (
	owningUser = "_owninguser_value"
	owningTeam = "_owningteam_value"
)

// The column of notes and audits with the type of the row that they belong to (Microsoft, "Note (Annotation) table
// reference", "Auditing (Audit) table reference").
const (
	objectLookup = "_objectid_value"
	objectType   = "objecttypecode"
)

// derivedTypes are the columns of a plan with the types that are read from other columns: an index, or noColumn.
type derivedTypes struct{ owner, object int }

// addLookupType adds the column of that name if it is the type of a lookup, and reports whether it is.
func (p *Plan) addLookupType(t dataverse.Table, name string, configured protocol.Property) bool {
	lookup := catalog.LookupOf(t, name)
	if lookup == nil {
		return false
	}
	c := newDerivedColumn(name, configured)
	index := len(p.columns)
	p.columns, p.derived = append(p.columns, c), append(p.derived, name)
	need := func(property string, r role) {
		p.member(property).role |= r
		p.sources = append(p.sources, property)
	}
	switch {
	case lookup.Type == dataverse.Owner && !t.Elastic && !t.Virtual && t.Has(owningUser) && t.Has(owningTeam):
		p.types.owner = index
		need(owningUser, roleOwningUser)
		need(owningTeam, roleOwningTeam)
	case lookup.Property == objectLookup && hasObjectType(t):
		p.types.object = index
		need(objectLookup, roleObject)
		need(objectType, roleObjectType)
	default:
		p.annotated = true
		p.sources = append(p.sources, lookup.Property)
		p.member(lookup.Property + "@" + dataverse.LookupAnnotation).column = index // under another name, so it is never copied
	}
	return true
}

// hasObjectType reports whether a table's rows have the type of the row that they belong to.
func hasObjectType(t dataverse.Table) bool {
	c := t.Column(objectType)
	return (t.LogicalName == "annotation" || t.LogicalName == "audit") && c != nil && c.Type == dataverse.EntityName
}

// newDerivedColumn compiles a text column that the connector adds to those of the table.
func newDerivedColumn(name string, configured protocol.Property) column {
	c := newColumn(dataverse.Column{Property: name, Type: dataverse.String}, configured)
	c.derived = true
	return c
}

// LookupTypes reports whether the rows have to be requested with the annotations of lookups, because the types of some are
// selected and are nowhere else in the rows.
func (p *Plan) LookupTypes() bool { return p.annotated }

// lookupTypes is what the current row shows of the types of its lookups.
type lookupTypes struct {
	owner      string // the type of the owner in quotation marks, "" if there is no owner
	hasObject  bool   // it belongs to another row
	objectType []byte
}

func (t *lookupTypes) reset() { t.owner, t.hasObject, t.objectType = "", false, t.objectType[:0] }

// note notes the value of a member with a role.
func (t *lookupTypes) note(r role, value []byte, kind jsonscan.Kind) {
	if kind&jsonscan.String == 0 {
		return
	}
	switch {
	case r&roleOwningUser != 0:
		t.owner = `"systemuser"`
	case r&roleOwningTeam != 0:
		t.owner = `"team"`
	case r&roleObject != 0:
		t.hasObject = true
	case r&roleObjectType != 0 && isCanonicalKey(inside(value, kind)): // a logical name has only such characters
		t.objectType = append(t.objectType[:0], inside(value, kind)...)
	}
}

// writeLookupTypes appends the types that the current row shows in other columns.
func (e *Encoder) writeLookupTypes() {
	shown := &e.facts.types
	if at := e.plan.types.owner; at != noColumn && shown.owner != "" {
		e.lines.reserve(len(e.plan.columns[at].member) + len(shown.owner))
		e.lines.buffer = append(append(e.lines.buffer, e.plan.columns[at].member...), shown.owner...)
		e.writtenIn[at] = e.row
	}
	if at := e.plan.types.object; at != noColumn && shown.hasObject && len(shown.objectType) > 0 {
		e.lines.reserve(len(e.plan.columns[at].member) + len(shown.objectType))
		e.lines.buffer = append(append(append(append(e.lines.buffer, e.plan.columns[at].member...), '"'), shown.objectType...), '"')
		e.writtenIn[at] = e.row
	}
}
