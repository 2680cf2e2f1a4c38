package record

import (
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// maxSelectLength keeps the url of a page, its paging cookie included, below the 32 KB that a GET may have
// (Microsoft, "Query data using the Web API"). A longer selection is left to the connector.
const maxSelectLength = 28 << 10

// Plan defines how each member of a stream's rows is encoded. It is compiled once per stream from the table's
// definition and the configured stream, and is immutable.
type Plan struct {
	Stream  string
	Missing []string // selected columns that rows do not have, by name

	columns    []column
	labels     []labelStep
	lists      []listStep
	labelRoom  int            // what the labels of a row take, roughly
	choices    []string       // the columns of labels and lists
	members    []memberPlan   // all other members are skipped
	byName     map[string]int // the index in members by name
	selection  []string
	key        []string
	followed   bool   // the stream's changes are followed
	versioned  bool   // the version of each row is needed
	cursorSet  bool   // _ab_cdc_updated_at is selected
	deletedSet bool   // _ab_cdc_deleted_at is selected
	ownCursor  string // the configured cursor column if it is another one: a deletion sets it too
	zoneless   bool   // that column has no time zone
	types      derivedTypes
	annotated  bool     // the types of some lookups come as annotations
	sources    []string // properties that derived columns are read from
	derived    []string // see Derived
	contents   []Content
}

// Compile makes the plan for a table and a configured stream. Labels are those of the table's choice columns, by column: a
// label that is selected and not among them is missing. It returns a *NothingToReadError if none of the selected columns
// exists.
func Compile(t dataverse.Table, s protocol.ConfiguredStream, labels map[string]*Labels) (*Plan, error) {
	p := &Plan{
		Stream: s.Name, key: t.Key(), followed: catalog.Followed(t, s), byName: make(map[string]int, len(s.Columns)),
		types: derivedTypes{noColumn, noColumn},
	}
	p.versioned = p.followed || catalog.CursorOf(t, s) == dataverse.VersionColumn
	for _, name := range sortedNames(s.Columns) {
		switch c, choice := t.Column(name), catalog.LabeledColumn(t, name); {
		case name == catalog.UpdatedAt:
			p.cursorSet = true
		case name == catalog.DeletedAt:
			p.deletedSet = true
		case c == nil && p.addLookupType(t, name, s.Columns[name]):
		case choice != nil && labels[choice.Property] != nil:
			p.addLabel(*choice, name, labels[choice.Property])
		case c == nil:
			p.Missing = append(p.Missing, name)
		case c.Content != dataverse.NoContent:
			p.addContent(t, *c, s.Columns[name])
		default:
			p.addColumn(newColumn(*c, s.Columns[name]))
		}
	}
	if len(p.columns)+len(p.choices) == 0 {
		return nil, &NothingToReadError{Stream: s.Name}
	}
	p.setOwnCursor(s)
	for name, r := range rowRoles(p.key) {
		p.member(name).role |= r
	}
	p.selection = p.propertiesToSelect(t)
	return p, nil
}

// addColumn adds a selected column.
func (p *Plan) addColumn(c column) {
	if isKey := slices.Contains(p.key, c.property); isKey {
		c.required = true
		if c.property == dataverse.PartitionColumn { // destinations reject a key with a null part
			c.null = append(slices.Clone(c.member), `""`...)
		}
	}
	m := p.member(c.property)
	m.column, m.copied = len(p.columns), c.copied()
	p.columns = append(p.columns, c)
}

// addLabel adds the label of a choice column, whether the column itself is selected or not.
func (p *Plan) addLabel(choice dataverse.Column, name string, labels *Labels) {
	m := p.member(choice.Property)
	p.choices, p.derived = append(p.choices, choice.Property), append(p.derived, name)
	if choice.Type == dataverse.MultiSelect {
		m.role, m.label = m.role|roleList, len(p.lists)
		p.lists = append(p.lists, newListStep(name, labels))
		return
	}
	m.role, m.label = m.role|roleChoice, len(p.labels)
	step := newLabelStep(name, choice.Type, labels)
	p.labels = append(p.labels, step)
	p.labelRoom = min(p.labelRoom+step.longest(), maxLabelRoom)
}

// maxLabelRoom is more than the labels of most rows take. A row with longer ones makes its chunk grow.
const maxLabelRoom = 16 << 10

// member returns the plan of a member, a new one if there is none yet.
func (p *Plan) member(name string) *memberPlan {
	i, found := p.byName[name]
	if !found {
		i = len(p.members)
		p.byName[name] = i
		p.members = append(p.members, memberPlan{quoted: `"` + name + `"`, column: noColumn})
	}
	return &p.members[i]
}

// NothingToReadError reports that none of a stream's selected columns exists any more.
type NothingToReadError struct{ Stream string }

func (e *NothingToReadError) Error() string {
	return fmt.Sprintf("none of the selected columns of %s exists in Dataverse", e.Stream)
}

// setOwnCursor notes a configured cursor of another name, by which a destination compares the versions of a row.
func (p *Plan) setOwnCursor(s protocol.ConfiguredStream) {
	if len(s.CursorField) != 1 || s.CursorField[0] == catalog.UpdatedAt || !p.selects(s.CursorField[0]) {
		return
	}
	name := s.CursorField[0]
	p.columns[p.member(name).column].required = true
	if configured := s.Columns[name]; configured.Format == "date-time" {
		p.ownCursor = name
		p.zoneless = configured.AirbyteType == catalog.WithoutTimezone
	}
}

// propertiesToSelect returns the properties to request: the selection, what derived columns are read from, the key and, if
// new and changed rows are read, the version.
func (p *Plan) propertiesToSelect(t dataverse.Table) []string {
	wanted := slices.Clone(p.key)
	if p.versioned && t.Has(dataverse.VersionColumn) {
		wanted = append(wanted, dataverse.VersionColumn)
	}
	wanted = append(wanted, p.choices...)
	for _, c := range p.columns {
		if !c.derived {
			wanted = append(wanted, c.property)
		}
	}
	wanted = append(wanted, p.sources...)
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if len(strings.Join(wanted, ",")) > maxSelectLength {
		return nil
	}
	return wanted
}

func (p *Plan) selects(property string) bool {
	i, found := p.byName[property]
	return found && p.members[i].column != noColumn
}

// Select returns the properties to request, sorted: the selected columns of the table and those that derived columns are
// read from, the key and, for a stream whose new and changed rows are read, versionnumber if the table has it. It is empty if
// they would not fit into a url: then all properties are requested, and the plan selects.
func (p *Plan) Select() []string { return p.selection }

// Derived returns the selected columns whose values are not requested with the rows, sorted by name: labels, types of lookups,
// and the contents of files, notes and attachments. They are not among those of Select.
func (p *Plan) Derived() []string { return p.derived }

// Deletions reports whether the configured columns can express a deletion: without them it would arrive as a row of nulls.
func (p *Plan) Deletions() bool { return p.deletedSet && p.selects(p.key[0]) }

func sortedNames(columns map[string]protocol.Property) []string {
	names := make([]string, 0, len(columns))
	for name := range columns {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
