// Package record turns the bytes of Dataverse's rows into the bytes of Airbyte's RECORD messages.
package record

import (
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// longestSelect keeps the url of a page, its paging cookie included, below the 32 KB that a GET may have
// (Microsoft, "Query data using the Web API"). A longer selection is left to the connector.
const longestSelect = 28 << 10

// Plan says what becomes of each member of a table's rows. It is compiled once per table, from the table's
// definition and the user's selection, and never changed.
type Plan struct {
	Stream  string
	Missing []string // selected columns that rows do not have, by name

	steps      []step
	members    []member       // all others are passed over
	byName     map[string]int // a row's member -> its place in members
	selection  []string
	key        []string
	cursorSet  bool   // _ab_cdc_updated_at is selected
	deletedSet bool   // _ab_cdc_deleted_at is selected
	ownCursor  string // the configured cursor column, if it is another: a deletion fills it too
	zoneless   bool   // that column has no zone
}

// member is what a row's member is for. It may be both written and used.
type member struct {
	quoted string // its name as the service prints it
	step   int    // of a selected column, else unselected
	use    use
	asIs   bool // name and value leave as they came, where the value is of ASCII without escapes
}

const unselected = -1

// use is what a value is needed for beside being written, as a set.
type use uint8

const (
	ofKey      use = 1 << iota // it is the key, or its first part
	ofKeyEnd                   // it is the second part of the key
	ofCursor                   // the cursor is made of it
	ofContext                  // it tells a deletion from a row
	ofID                       // it is the key of a deleted row
	ofDeletion                 // it is the reason of a deletion
)

// Compile makes the plan for a table and a configured stream. It fails where the selection has nothing to read.
func Compile(t dataverse.Table, s protocol.ConfiguredStream) (*Plan, error) {
	p := &Plan{Stream: s.Name, key: t.Key(), byName: make(map[string]int, len(s.Columns))}
	for _, name := range sortedNames(s.Columns) {
		switch column := t.Column(name); {
		case name == catalog.UpdatedAt:
			p.cursorSet = true
		case name == catalog.DeletedAt:
			p.deletedSet = true
		case column == nil:
			p.Missing = append(p.Missing, name)
		default:
			m, s := p.member(name), p.newStep(name, s.Columns[name])
			m.step, m.asIs = len(p.steps), s.keeps(m.quoted)
			p.steps = append(p.steps, s)
		}
	}
	if len(p.steps) == 0 {
		return nil, &NothingToReadError{Stream: s.Name}
	}
	p.noteCursor(s)
	p.assignUses()
	p.selection = p.properties(t)
	return p, nil
}

// assignUses notes the members that are needed whether they are selected or not.
func (p *Plan) assignUses() {
	p.member(p.key[0]).use |= ofKey
	if len(p.key) > 1 {
		p.member(p.key[1]).use |= ofKeyEnd
	}
	if p.stamps() {
		p.member(dataverse.ModifiedColumn).use |= ofCursor
	}
	p.member("@odata.context").use |= ofContext
	p.member("id").use |= ofID
	p.member("reason").use |= ofDeletion
}

// member returns the member of a name, a new one if the plan has none yet.
func (p *Plan) member(name string) *member {
	i, found := p.byName[name]
	if !found {
		i = len(p.members)
		p.byName[name] = i
		p.members = append(p.members, member{quoted: `"` + name + `"`, step: unselected})
	}
	return &p.members[i]
}

// stamps says whether rows have a cursor: it is written, or a deletion has to be later than they are.
func (p *Plan) stamps() bool { return p.cursorSet || p.ownCursor != "" }

// NothingToReadError says that none of a stream's selected columns exists any more.
type NothingToReadError struct{ Stream string }

func (e *NothingToReadError) Error() string {
	return fmt.Sprintf("none of the columns selected of %s exists in Dataverse", e.Stream)
}

// noteCursor notes a configured cursor of another name: a destination compares versions of a row by it.
func (p *Plan) noteCursor(s protocol.ConfiguredStream) {
	if len(s.CursorField) != 1 || s.CursorField[0] == catalog.UpdatedAt || !p.selects(s.CursorField[0]) {
		return
	}
	if column := s.Columns[s.CursorField[0]]; column.Format == "date-time" {
		p.ownCursor = s.CursorField[0]
		p.zoneless = column.AirbyteType == catalog.WithoutTimezone
	}
}

// properties are what to ask the service for: the selection, the key, and what the cursor is made of.
func (p *Plan) properties(t dataverse.Table) []string {
	wanted := slices.Clone(p.key)
	if p.stamps() && t.Has(dataverse.ModifiedColumn) {
		wanted = append(wanted, dataverse.ModifiedColumn)
	}
	for _, s := range p.steps {
		wanted = append(wanted, s.property)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if len(strings.Join(wanted, ",")) > longestSelect {
		return nil
	}
	return wanted
}

func (p *Plan) selects(property string) bool {
	i, found := p.byName[property]
	return found && p.members[i].step != unselected
}

// Select lists the properties to ask the service for, sorted. It is empty where they would not fit into a url: then
// all are to be read, and the plan picks.
func (p *Plan) Select() []string { return p.selection }

// Deletions says whether the configured columns can tell of a deletion: without them it would arrive as a row of nulls.
func (p *Plan) Deletions() bool { return p.deletedSet && p.selects(p.key[0]) }

func sortedNames(columns map[string]protocol.Property) []string {
	names := make([]string, 0, len(columns))
	for name := range columns {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
