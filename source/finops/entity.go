package finops

import "strings"

// Type is the type of a property, as far as it decides how a cell of an entity file is read.
type Type int

// The types.
const (
	String   Type = iota // text, and whatever has no other type
	GUID                 // text
	Enum                 // the name of a member; booleans are Yes and No of the enum NoYes
	Integer              // whole numbers of 32 or 64 bits
	Number               // decimal numbers
	Date                 // days
	DateTime             // times in UTC
	// LocalTime is a time whose time zone is not known: files in a delimited format have that of their source data format.
	LocalTime
)

// Property is a column of an entity.
type Property struct {
	Name string // as in the public metadata; files have it in upper case
	Type Type
	Key  bool
}

// Entity is an entity as data management and the public metadata describe it.
type Entity struct {
	Label      string // its name in data management, such as "Customer groups"
	Name       string // its name in the application's model, such as CustCustomerGroupEntity
	PublicName string // its name in the public metadata; empty: the entity is not public, so that its columns have no types
	// Shared reports that the rows belong to no company: every export has all of them, whatever its company.
	Shared     bool
	Properties []Property // in the order of the metadata; none if the entity is not public
}

// Line is an entity in a project.
type Line struct {
	Entity      string // the label of the entity
	Format      string // the source data format, such as EXCEL, XML-Element, XML-Attribute or CSV-Unicode
	Incremental bool   // the default refresh type is incremental push
	Unmapped    bool   // its mapping is not valid: an export of the project would not end
	Disabled    bool   // exports leave it out
}

// InFull reports whether exports have all rows of the entity.
func (l Line) InFull() bool { return !l.Disabled && !l.Incremental }

// Project is a data management project, which finance & operations also calls a definition group.
type Project struct {
	Name    string
	Exports bool // it exports; otherwise it imports
	Lines   []Line
}

// HasUTC reports whether times in files of a source data format are in UTC: those of Excel and of the two forms of XML, which
// have no time zone to choose. Delimited formats have one each (Microsoft, "Data import and export jobs overview").
func HasUTC(format string) bool {
	name := strings.ToUpper(format)
	return strings.HasPrefix(name, "XML") || strings.HasPrefix(name, "EXCEL")
}

// CutsText reports whether files of a source data format lose text: those of Excel have at most 255 characters in a cell
// (Microsoft, "Data management error descriptions and known limitations").
func CutsText(format string) bool { return strings.HasPrefix(strings.ToUpper(format), "EXCEL") }
