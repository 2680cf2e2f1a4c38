package dataverse

import "slices"

// elasticProvider is the data provider of elastic tables. A table with any other provider is virtual.
const elasticProvider = "1d9bde74-9ebd-4da9-8ff5-aa74945b9f74"

// PartitionColumn is the column that completes the key of an elastic table's rows
// (Microsoft, "Use elastic tables").
const PartitionColumn = "partitionid"

// ModifiedColumn is the column with the time of a row's last change. Not every table has it.
const ModifiedColumn = "modifiedon"

// CreatedColumn is the column with the time at which a row was created. Not every table has it.
const CreatedColumn = "createdon"

// VersionColumn is the column with the version of a row: a number that is unique in the environment's database and
// rises with every change. Not every table has it.
const VersionColumn = "versionnumber"

// Table is a table as the Web API shows it.
type Table struct {
	LogicalName string
	EntitySet   string // the table's name in urls; it cannot be derived from the logical name
	PrimaryID   string // logical name of the key column
	Tracked     bool   // change tracking is on
	Elastic     bool
	Virtual     bool     // its rows come from another system; their keys need not be unique
	Columns     []Column // the readable columns of rows, sorted by name
	// KeyColumns are the properties that identify a row, if PrimaryID, which is the first of them, does not do so alone.
	KeyColumns []string
}

// Column is a column that rows have.
type Column struct {
	Property string // its name in rows: _x_value for a lookup x, else its logical name
	Type     ColumnType
	Behavior DateBehavior // of a DateTime column
	// Polymorphic reports that the values of a lookup may refer to rows of several tables. It is set only if
	// Options.LookupTargets is.
	Polymorphic bool
	// Content is how the column's values are retrieved if they are contents. The zero value is with the row.
	Content ContentKind
}

// ContentKind is the kind of a content that is retrieved apart from the row.
type ContentKind int

// The kinds of contents.
const (
	NoContent    ContentKind = iota // an ordinary column
	BodyContent                     // a column with base64 text, which may be very long
	ImageContent                    // a column with the thumbnail of an image, whose full size has a url of its own
	FileContent                     // not a column of the table: the content of a file, whose id the row has
)

// IsLookup reports whether the column's values are keys of other rows.
func (c Column) IsLookup() bool { return c.Type == Lookup || c.Type == Customer || c.Type == Owner }

// ColumnType is a column's AttributeTypeName without its suffix "Type"
// (Web API reference, AttributeTypeDisplayName).
type ColumnType string

// The types of the columns that rows have.
const (
	BigInt           ColumnType = "BigInt"
	Boolean          ColumnType = "Boolean"
	Customer         ColumnType = "Customer"
	DateTime         ColumnType = "DateTime"
	Decimal          ColumnType = "Decimal"
	Double           ColumnType = "Double"
	EntityName       ColumnType = "EntityName"
	File             ColumnType = "File"
	Image            ColumnType = "Image"
	Integer          ColumnType = "Integer"
	Lookup           ColumnType = "Lookup"
	ManagedProperty  ColumnType = "ManagedProperty"
	Memo             ColumnType = "Memo"
	Money            ColumnType = "Money"
	MultiSelect      ColumnType = "MultiSelectPicklist"
	Owner            ColumnType = "Owner"
	Picklist         ColumnType = "Picklist"
	State            ColumnType = "State"
	Status           ColumnType = "Status"
	String           ColumnType = "String"
	UniqueIdentifier ColumnType = "Uniqueidentifier"
)

// DateBehavior is what a DateTime column's values mean
// (Microsoft, "Behavior and format of the date and time column").
type DateBehavior string

// The behaviors of DateTime columns.
const (
	UserLocal           DateBehavior = "UserLocal"           // an instant
	DateOnly            DateBehavior = "DateOnly"            // a day, "2024-03-15"
	TimeZoneIndependent DateBehavior = "TimeZoneIndependent" // a wall clock time, although it has a Z
)

// Column returns the column with the given property, nil if rows do not have it.
func (t Table) Column(property string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Property == property {
			return &t.Columns[i]
		}
	}
	return nil
}

// Has reports whether rows have a property.
func (t Table) Has(property string) bool { return t.Column(property) != nil }

// Without returns the table without a property.
func (t Table) Without(property string) Table {
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.Property == property })
	return t
}

// Key returns the properties that identify a row.
func (t Table) Key() []string {
	if len(t.KeyColumns) > 0 {
		return t.KeyColumns
	}
	if t.Elastic && t.Has(PartitionColumn) {
		return []string{t.PrimaryID, PartitionColumn}
	}
	return []string{t.PrimaryID}
}
