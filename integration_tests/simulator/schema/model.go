// Package schema defines tables and columns as the metadata of Dataverse describes them. Realistic returns those of an
// ordinary environment; a Definition builds others with the companion columns that the service adds by itself.
package schema

import (
	"math"
	"slices"
	"strings"
)

// TableType is EntityMetadata.TableType as the service spells it.
type TableType string

// The table types that Dataverse knows (Web API reference, EntityMetadata.TableType).
const (
	Standard TableType = "Standard"
	Activity TableType = "Activity"
	Elastic  TableType = "Elastic"
	Virtual  TableType = "Virtual"
)

// ColumnType is AttributeTypeName.Value without its suffix "Type".
type ColumnType string

// The column types that Dataverse knows (Web API reference, AttributeTypeDisplayName).
const (
	BigInt              ColumnType = "BigInt"
	Boolean             ColumnType = "Boolean"
	CalendarRules       ColumnType = "CalendarRules"
	Customer            ColumnType = "Customer"
	DateTime            ColumnType = "DateTime"
	Decimal             ColumnType = "Decimal"
	Double              ColumnType = "Double"
	EntityName          ColumnType = "EntityName"
	File                ColumnType = "File"
	Image               ColumnType = "Image"
	Integer             ColumnType = "Integer"
	Lookup              ColumnType = "Lookup"
	ManagedProperty     ColumnType = "ManagedProperty"
	Memo                ColumnType = "Memo"
	Money               ColumnType = "Money"
	MultiSelectPicklist ColumnType = "MultiSelectPicklist"
	Owner               ColumnType = "Owner"
	PartyList           ColumnType = "PartyList"
	Picklist            ColumnType = "Picklist"
	State               ColumnType = "State"
	Status              ColumnType = "Status"
	String              ColumnType = "String"
	Uniqueidentifier    ColumnType = "Uniqueidentifier"
	VirtualColumn       ColumnType = "Virtual"
)

// Behavior is DateTimeAttributeMetadata.DateTimeBehavior.Value.
type Behavior string

// The behaviours of a DateTime column (Microsoft, "Behavior and format of the date and time column").
const (
	UserLocal           Behavior = "UserLocal"
	DateOnly            Behavior = "DateOnly"
	TimeZoneIndependent Behavior = "TimeZoneIndependent"
)

// Depth is how far the signed-in user may read a table (PrivilegeDepth).
type Depth string

// The depths a role can grant, and None for no privilege at all.
const (
	None   Depth = "None"
	Basic  Depth = "Basic"
	Local  Depth = "Local"
	Deep   Depth = "Deep"
	Global Depth = "Global"
)

// Table is the definition of a table, without its rows. A Table that an Environment holds is never changed in
// place: a change of the schema puts a changed copy in its place.
type Table struct {
	LogicalName    string
	SchemaName     string
	EntitySetName  string // empty: the table cannot be addressed by the Web API
	CollectionName string // LogicalCollectionName; empty (null) for intersects
	PrimaryID      string // PrimaryIdAttribute
	PrimaryName    string // PrimaryNameAttribute; empty is null
	Key            string // OData key property where it differs from PrimaryID (ownerid of systemuser and team)
	Type           TableType
	Ownership      string // OwnershipTypes: None, UserOwned, OrganizationOwned, ...
	TypeCode       int    // ObjectTypeCode
	Description    string
	DisplayName    string // empty: made of the schema name
	Relation       string // SchemaName of the N:N relationship of an intersect table; empty: derived from its logical name
	Keys           []AlternateKey
	Tracked        bool // ChangeTrackingEnabled
	CanBeTracked   bool // CanChangeTrackingBeEnabled.Value
	Intersect      bool
	Private        bool
	Activity       bool
	ActivityParty  bool
	Custom         bool
	Logical        bool
	NoRetrieve     bool // has an entity set but refuses RetrieveMultiple, as postregarding does
	ReadOnly       bool // only the service writes its rows
	Flat           bool // $expand is null, and lookups do not name their navigation property, as of audit
	Undeclared     bool // has an entity set that $metadata and the service document do not list, as stringmap
	Restricted     bool // the signed-in user has no privilege on it unless SetReadDepth grants one
	Columns        []Column
}

// Column is the definition of a column.
type Column struct {
	LogicalName string
	SchemaName  string
	Type        ColumnType
	Behavior    Behavior // DateTime only
	Targets     []string // lookups only: logical names of the tables that a value may point to
	Options     []Option // Picklist, State, Status, MultiSelectPicklist, Boolean
	// GlobalChoice is the name of the global choice that the options belong to; empty: they are the column's own. All columns
	// of a global choice have the same options.
	GlobalChoice string
	Description  string
	FullImage    bool   // CanStoreFullImage of an Image column
	MaxKB        int    // MaxSizeInKB of a File or Image column; 0: as the service has it for new columns
	TypeOf       string // of an EntityName column: the lookup to whose table it belongs
	AttributeOf  string // the column that this one belongs to
	Relation     string // SchemaName of the relationship of a lookup; empty: derived from the names of tables and column
	DisplayName  string // empty: made of the schema name
	Required     string // RequiredLevel; empty: as the service has it for its own columns
	Format       string // StringFormat of a String column, where it is not Text; DateOnly of a DateTime column that shows no time
	MaxLength    int    // String, Memo
	Precision    int    // Decimal, Double, Money: digits after the point
	Min, Max     int    // Integer, Decimal, Double, Money: bounds of the values; both 0: those of the type
	SourceType   int    // 0 simple, 1 calculated, 2 rollup
	PrimaryID    bool   // AttributeMetadata.IsPrimaryId, true for several columns of some tables
	Custom       bool
	Logical      bool
	Secured      bool // read as null by the simulated user
	NotOData     bool // IsValidODataAttribute is false: not a property of the Web API's entity type
	NotReadable  bool // IsValidForRead is false
}

// AlternateKey is a set of columns that identify the rows of a table beside its primary key.
type AlternateKey struct {
	SchemaName  string
	DisplayName string
	Columns     []string // logical names
}

// Option is one value of a choice column.
type Option struct {
	Value         int
	Label         string         // in English
	Translations  map[int]string // by language code; empty: the label lacks one; those that are not stated are made up
	State         int            // Status columns only: the statecode that the value belongs to
	Description   string
	Color         string // #RRGGBB
	ExternalValue string
	Hidden        bool
}

// Bounds returns the minimum and the maximum value of a numeric column.
func (c *Column) Bounds() (low, high int) {
	switch {
	case c.Min != 0 || c.Max != 0:
		return c.Min, c.Max
	case c.Type == Integer:
		return math.MinInt32, math.MaxInt32
	case c.Type == Money:
		return -922_337_203_685_477, 922_337_203_685_477
	default:
		return -100_000_000_000, 100_000_000_000
	}
}

// MaxKilobytes returns the MaxSizeInKB of a File or Image column.
func (c *Column) MaxKilobytes() int {
	switch {
	case c.MaxKB > 0:
		return c.MaxKB
	case c.Type == Image:
		return 10_240
	default:
		return 32_768
	}
}

// IsLookup reports whether the column appears as _x_value in rows.
func (c *Column) IsLookup() bool {
	return c.Type == Lookup || c.Type == Customer || c.Type == Owner
}

// Property returns the column's name in rows and in $select: the logical name, or _x_value for lookups.
// It is empty for a column that rows do not have.
func (c *Column) Property() string {
	switch {
	case c.NotOData || c.Type == PartyList || c.Type == CalendarRules:
		return ""
	case c.IsLookup():
		return "_" + c.LogicalName + "_value"
	default:
		return c.LogicalName
	}
}

// Column returns the column of that logical name, nil if there is no such column.
func (t *Table) Column(logicalName string) *Column {
	for i := range t.Columns {
		if t.Columns[i].LogicalName == logicalName {
			return &t.Columns[i]
		}
	}
	return nil
}

// ByProperty returns the column that appears under that name in rows, nil if none does.
func (t *Table) ByProperty(property string) *Column {
	for i := range t.Columns {
		if property != "" && t.Columns[i].Property() == property {
			return &t.Columns[i]
		}
	}
	return nil
}

// PrimaryImage returns the logical name of the image column that stands for the row; empty if the table has none.
func (t *Table) PrimaryImage() string {
	for i := range t.Columns {
		if t.Columns[i].Type == Image {
			return t.Columns[i].LogicalName
		}
	}
	return ""
}

// KeyProperty returns the property that stands in a row's address and is in every response with the row.
func (t *Table) KeyProperty() string {
	if t.Key != "" {
		return t.Key
	}
	return t.PrimaryID
}

// Clone returns a copy whose columns and keys can be changed.
func (t *Table) Clone() *Table {
	c := *t
	c.Columns = slices.Clone(t.Columns)
	c.Keys = slices.Clone(t.Keys)
	return &c
}

// The values of AttributeMetadata.SourceType.
const (
	CalculatedSource = 1
	RollupSource     = 2
)

// Family returns the table whose ids the rows have: the settings of users have those of the users.
func (t *Table) Family() string {
	if t.PrimaryID == "systemuserid" {
		return "systemuser"
	}
	return t.LogicalName
}

// Composed reports whether the service derives the column's values from those of other columns: the full name of a person
// and the whole of an address (Microsoft, "Web API entity type reference": address1_composite, fullname).
func (t *Table) Composed(c *Column) bool {
	address, composite := strings.CutSuffix(c.LogicalName, "_composite")
	return composite && t.Column(address+"_line1") != nil ||
		c.LogicalName == "fullname" && t.Column("firstname") != nil && t.Column("lastname") != nil
}
