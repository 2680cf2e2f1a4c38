package simulator

import (
	"slices"
	"strings"
)

// definition collects the columns of a table under construction. Its methods add a column together with the
// companions that the service makes for it: display-name shadows, base-currency amounts, type columns.
type definition struct {
	table *Table
}

// define starts an ordinary, trackable table whose change tracking is on. The logical name is the schema name in lower case.
func define(schemaName, entitySet string, typeCode int) *definition {
	return &definition{table: &Table{
		LogicalName:    strings.ToLower(schemaName),
		SchemaName:     schemaName,
		EntitySetName:  entitySet,
		CollectionName: entitySet,
		Type:           Standard,
		Ownership:      "UserOwned",
		TypeCode:       typeCode,
		Tracked:        true,
		CanBeTracked:   true,
	}}
}

// done sorts the columns by logical name, as the service lists them, and hands out the table.
func (d *definition) done() *Table {
	slices.SortFunc(d.table.Columns, func(a, b Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
	return d.table
}

func (d *definition) describe(text string) *definition {
	d.table.Description = text
	return d
}

func (d *definition) ownership(kind string) *definition {
	d.table.Ownership = kind
	return d
}

func (d *definition) custom() *definition {
	d.table.Custom = true
	return d
}

func (d *definition) untracked(canBeTracked bool) *definition {
	d.table.Tracked, d.table.CanBeTracked = false, canBeTracked
	return d
}

// trackedForGood marks a table whose change tracking is on although nobody may switch it, as for team and the intersects.
func (d *definition) trackedForGood() *definition {
	d.table.Tracked, d.table.CanBeTracked = true, false
	return d
}

// intersect marks the table behind an N:N relationship: it has no collection name, no primary name and no owner.
func (d *definition) intersect() *definition {
	d.table.Intersect, d.table.CollectionName = true, ""
	return d.ownership("None").trackedForGood()
}

// party marks a table whose rows can be parties of an activity.
func (d *definition) party() *definition {
	d.table.ActivityParty = true
	return d
}

// add appends a column as it stands, filling in the logical name from the schema name.
func (d *definition) add(c Column) {
	if c.LogicalName == "" {
		c.LogicalName = strings.ToLower(c.SchemaName)
	}
	c.Custom = d.table.Custom
	d.table.Columns = append(d.table.Columns, c)
}

// key adds the primary key and makes it the table's PrimaryIdAttribute.
func (d *definition) key(schemaName string) {
	d.table.PrimaryID = strings.ToLower(schemaName)
	d.add(Column{SchemaName: schemaName, Type: Uniqueidentifier, PrimaryID: true})
}

// addressKey adds the key of an address kept with the row, which the metadata also marks IsPrimaryId.
func (d *definition) addressKey(schemaName string) {
	d.add(Column{SchemaName: schemaName, Type: Uniqueidentifier, PrimaryID: true, Logical: true})
}

func (d *definition) name(schemaName string, maxLength int) {
	d.table.PrimaryName = strings.ToLower(schemaName)
	d.text(maxLength, schemaName)
}

func (d *definition) guids(schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: Uniqueidentifier})
	}
}

func (d *definition) text(maxLength int, schemaNames ...string) {
	d.formatted("", maxLength, schemaNames...)
}

// formatted adds String columns of a StringFormat such as Email, Url or Phone.
func (d *definition) formatted(format string, maxLength int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: String, Format: format, MaxLength: maxLength})
	}
}

func (d *definition) memo(maxLength int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: Memo, MaxLength: maxLength})
	}
}

func (d *definition) integers(schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: Integer})
	}
}

// counts adds Integer columns with values from 0 to the greatest.
func (d *definition) counts(greatest int, schemaNames ...string) {
	d.within(0, greatest, schemaNames...)
}

// within adds Integer columns with bounds.
func (d *definition) within(least, greatest int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: Integer, Min: least, Max: greatest})
	}
}

func (d *definition) bigInts(schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: BigInt})
	}
}

func (d *definition) numbers(kind ColumnType, precision int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: kind, Precision: precision})
	}
}

// money adds amounts with their companions in the base currency. Those of the service's own tables are not below zero.
func (d *definition) money(schemaNames ...string) {
	greatest := 100_000_000_000_000
	if d.table.Custom {
		greatest = 0 // as far as the type reaches, in both directions
	}
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: Money, Precision: 2, Max: greatest})
		d.numbers(Money, 4, s+"_Base")
	}
}

func (d *definition) dates(behavior Behavior, schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: DateTime, Behavior: behavior})
	}
}

func (d *definition) managed(schemaNames ...string) {
	for _, s := range schemaNames {
		d.add(Column{SchemaName: s, Type: ManagedProperty})
	}
}

// rollup adds a rollup column of the given type with the date and state columns of its last calculation.
func (d *definition) rollup(schemaName string, kind ColumnType, precision int) {
	d.add(Column{SchemaName: schemaName, Type: kind, Precision: precision, SourceType: rollupSource, Max: 1_000_000_000})
	d.dates(UserLocal, schemaName+"_Date")
	d.integers(schemaName + "_State")
}

// image adds an image column: the thumbnail, its time stamp and url, and the guid that all three belong to.
func (d *definition) image(schemaName string) {
	id := schemaName + "Id"
	of := strings.ToLower(id)
	d.add(Column{SchemaName: schemaName, Type: Image, AttributeOf: of, Logical: true})
	d.add(Column{SchemaName: schemaName + "_Timestamp", Type: BigInt, AttributeOf: of, Logical: true})
	d.add(Column{SchemaName: schemaName + "_URL", Type: String, Format: "Url", MaxLength: 200, AttributeOf: of, Logical: true})
	d.guids(id)
}

// file adds a file column and the name of the file.
func (d *definition) file(schemaName string) {
	of := strings.ToLower(schemaName)
	d.add(Column{SchemaName: schemaName, Type: File})
	d.add(Column{SchemaName: schemaName + "_Name", Type: String, MaxLength: 200, AttributeOf: of, Logical: true})
}
