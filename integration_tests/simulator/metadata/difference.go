package metadata

import (
	"maps"
	"reflect"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// difference is what differs between a client's stamp and now.
type difference struct {
	before    map[string]*schema.Table // by logical name
	deleted   map[string][]string      // MetadataIds by member of DeletedMetadataFilters
	relations map[string]bool          // MetadataIds of the relationships at the stamp
}

// The members of DeletedMetadataFilters in the order of their values (Web API reference). Tables are Default.
func deletionKinds() []string {
	return []string{"Default", "Attribute", "Relationship", "Label", "OptionSet"}
}

// compareTables finds what was deleted: ids of everything that is gone, whatever the query is about. An option that was removed
// from its column is reported nowhere (Microsoft, "Cache schema data").
func compareTables(before map[string]*schema.Table, tables []*schema.Table) difference {
	was := identities(slices.Collect(maps.Values(before)))
	d := difference{before: before, deleted: map[string][]string{}, relations: maps.Clone(was["Relationship"])}
	for kind, ids := range identities(tables) {
		for id := range ids {
			delete(was[kind], id)
		}
	}
	for kind, ids := range was {
		d.deleted[kind] = slices.Sorted(maps.Keys(ids))
	}
	return d
}

// identities returns the MetadataIds of definitions, by member of DeletedMetadataFilters.
func identities(tables []*schema.Table) map[string]map[string]bool {
	ids := map[string]map[string]bool{}
	for _, kind := range deletionKinds() {
		ids[kind] = map[string]bool{}
	}
	for _, t := range tables {
		ids["Default"][tableID(t)] = true
		for _, a := range attributes(t) {
			ids["Attribute"][a.id()] = true
			if len(a.column.Options) > 0 {
				ids["OptionSet"][a.optionSetID()] = true
			}
		}
	}
	for _, r := range Relations(tables) {
		ids["Relationship"][r.id()] = true
	}
	return ids
}

// hasChanged returns HasChanged of a table: true for itself, false for something beneath it, nil for neither.
func (d difference) hasChanged(t *schema.Table) any {
	before := d.before[t.LogicalName]
	switch {
	case before == t:
		return nil
	case before == nil || !reflect.DeepEqual(ownPart(before), ownPart(t)):
		return true
	case len(d.attributes(t)) > 0 || !reflect.DeepEqual(before.Keys, t.Keys):
		return false
	default:
		return nil
	}
}

// mark returns the properties of tables with HasChanged, and without the labels of those of which only a part has changed. An
// unchanged table has nothing but its privileges, which come every time.
func (d *difference) mark(properties []property[*schema.Table]) []property[*schema.Table] {
	if d == nil {
		return properties
	}
	list := slices.Clone(properties)
	for i, p := range list {
		switch {
		case p.name == "HasChanged":
			list[i].value = func(t *schema.Table) any { return d.hasChanged(t) }
		case !slices.Contains([]string{"MetadataId", "LogicalName", "Privileges"}, p.name):
			list[i].value = func(t *schema.Table) any {
				switch changed := d.hasChanged(t); {
				case changed == nil:
					return nil
				case changed == false && p.shape == labelShape:
					return label{}
				}
				return p.value(t)
			}
		}
	}
	return list
}

// ownPart returns a table without what stands beneath it.
func ownPart(t *schema.Table) schema.Table {
	own := *t
	own.Columns, own.Keys = nil, nil
	return own
}

// attributes returns the columns of a table that have changed, or of which an option has.
func (d difference) attributes(t *schema.Table) []attribute {
	list := attributes(t)
	for i := range list {
		list[i].stamped = true
		if before := d.before[t.LogicalName]; before != nil {
			list[i].before = before.Column(list[i].column.LogicalName)
		}
	}
	return slices.DeleteFunc(list, func(a attribute) bool { return a.hasChanged() == nil })
}

// hasChanged returns HasChanged of a column among the changes since a stamp: true for itself, false for an option, else nil.
func (a attribute) hasChanged() any {
	switch {
	case !a.stamped:
		return nil
	case a.before == nil:
		return true
	}
	before, now := *a.before, *a.column
	before.Options, now.Options = nil, nil
	if !reflect.DeepEqual(before, now) {
		return true
	}
	return a.beneath()
}

// beneath returns HasChanged of an option set: false if an option is new or changed, else nil.
func (a attribute) beneath() any {
	if a.stamped && slices.ContainsFunc(a.column.Options, a.changedOption) {
		return false
	}
	return nil
}

// changedOption reports whether an option is new or another one than at the client's stamp.
func (a attribute) changedOption(o schema.Option) bool {
	if a.before == nil {
		return true
	}
	return !slices.ContainsFunc(a.before.Options, func(other schema.Option) bool { return reflect.DeepEqual(other, o) })
}
