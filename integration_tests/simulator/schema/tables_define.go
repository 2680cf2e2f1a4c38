package schema

import (
	"slices"
	"strings"
)

// Definition collects the columns of a table under construction. Its methods add a column together with the
// companions that the service makes for it: display-name shadows, base-currency amounts, type columns.
type Definition struct {
	Table *Table
}

// Define starts an ordinary, trackable table whose change tracking is on. The logical name is the schema name in lower case.
func Define(schemaName, entitySet string, typeCode int) *Definition {
	return &Definition{Table: &Table{
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

// Done sorts the columns by logical name, as the service lists them, and returns the table.
func (d *Definition) Done() *Table {
	slices.SortFunc(d.Table.Columns, func(a, b Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
	return d.Table
}

// Describe sets the description.
func (d *Definition) Describe(text string) *Definition {
	d.Table.Description = text
	return d
}

// Ownership sets OwnershipTypes.
func (d *Definition) Ownership(kind string) *Definition {
	d.Table.Ownership = kind
	return d
}

// Custom marks a custom table.
func (d *Definition) Custom() *Definition {
	d.Table.Custom = true
	return d
}

// Untracked switches change tracking off, and sets whether it can be switched on.
func (d *Definition) Untracked(canBeTracked bool) *Definition {
	d.Table.Tracked, d.Table.CanBeTracked = false, canBeTracked
	return d
}

// trackedForGood marks a table whose change tracking is on and cannot be switched, as for team and the intersects.
func (d *Definition) trackedForGood() *Definition {
	d.Table.Tracked, d.Table.CanBeTracked = true, false
	return d
}

// Intersect marks the table of an N:N relationship: it has no collection name, no primary name and no owner.
func (d *Definition) Intersect() *Definition {
	d.Table.Intersect, d.Table.CollectionName = true, ""
	return d.Ownership("None").trackedForGood()
}

// party marks a table whose rows can be parties of an activity.
func (d *Definition) party() *Definition {
	d.Table.ActivityParty = true
	return d
}

// Add appends a column as it stands, filling in the logical name from the schema name.
func (d *Definition) Add(c Column) {
	if c.LogicalName == "" {
		c.LogicalName = strings.ToLower(c.SchemaName)
	}
	c.Custom = d.Table.Custom
	d.Table.Columns = append(d.Table.Columns, c)
}

// Key adds the primary key and makes it the table's PrimaryIdAttribute.
func (d *Definition) Key(schemaName string) {
	d.Table.PrimaryID = strings.ToLower(schemaName)
	d.Add(Column{SchemaName: schemaName, Type: Uniqueidentifier, PrimaryID: true})
}

// addressKey adds the key of an address kept with the row, which the metadata also marks IsPrimaryId.
func (d *Definition) addressKey(schemaName string) {
	d.Add(Column{SchemaName: schemaName, Type: Uniqueidentifier, PrimaryID: true, Logical: true})
}

func (d *Definition) name(schemaName string, maxLength int) {
	d.Table.PrimaryName = strings.ToLower(schemaName)
	d.text(maxLength, schemaName)
}

// Guids adds Uniqueidentifier columns.
func (d *Definition) Guids(schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: Uniqueidentifier})
	}
}

func (d *Definition) text(maxLength int, schemaNames ...string) {
	d.formatted("", maxLength, schemaNames...)
}

// formatted adds String columns of a StringFormat such as Email, Url or Phone.
func (d *Definition) formatted(format string, maxLength int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: String, Format: format, MaxLength: maxLength})
	}
}

func (d *Definition) memo(maxLength int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: Memo, MaxLength: maxLength})
	}
}

func (d *Definition) integers(schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: Integer})
	}
}

// counts adds Integer columns with values from 0 to the maximum.
func (d *Definition) counts(maximum int, schemaNames ...string) {
	d.within(0, maximum, schemaNames...)
}

// within adds Integer columns with bounds.
func (d *Definition) within(minimum, maximum int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: Integer, Min: minimum, Max: maximum})
	}
}

func (d *Definition) bigInts(schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: BigInt})
	}
}

func (d *Definition) numbers(kind ColumnType, precision int, schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: kind, Precision: precision})
	}
}

// Money adds amounts with their companions in the base currency. Those of the service's own tables are not below zero.
func (d *Definition) Money(schemaNames ...string) {
	maximum := 100_000_000_000_000
	if d.Table.Custom {
		maximum = 0 // as far as the type reaches, in both directions
	}
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: Money, Precision: 2, Max: maximum})
		d.numbers(Money, 4, s+"_Base")
	}
}

func (d *Definition) dates(behavior Behavior, schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: DateTime, Behavior: behavior})
	}
}

func (d *Definition) managed(schemaNames ...string) {
	for _, s := range schemaNames {
		d.Add(Column{SchemaName: s, Type: ManagedProperty})
	}
}

// rollup adds a rollup column of the given type with the date and state columns of its last calculation.
func (d *Definition) rollup(schemaName string, kind ColumnType, precision int) {
	d.Add(Column{SchemaName: schemaName, Type: kind, Precision: precision, SourceType: RollupSource, Max: 1_000_000_000})
	d.dates(UserLocal, schemaName+"_Date")
	d.integers(schemaName + "_State")
}

// Image adds an image column: the thumbnail, its time stamp and url, and the guid that all three belong to.
func (d *Definition) Image(schemaName string) {
	id := schemaName + "Id"
	of := strings.ToLower(id)
	d.Add(Column{SchemaName: schemaName, Type: Image, AttributeOf: of, Logical: true})
	d.Add(Column{SchemaName: schemaName + "_Timestamp", Type: BigInt, AttributeOf: of, Logical: true})
	d.Add(Column{SchemaName: schemaName + "_URL", Type: String, Format: "Url", MaxLength: 200, AttributeOf: of, Logical: true})
	d.Guids(id)
}

// File adds a file column and the name of the file.
func (d *Definition) File(schemaName string) {
	of := strings.ToLower(schemaName)
	d.Add(Column{SchemaName: schemaName, Type: File})
	d.Add(Column{SchemaName: schemaName + "_Name", Type: String, MaxLength: 200, AttributeOf: of, Logical: true})
}
