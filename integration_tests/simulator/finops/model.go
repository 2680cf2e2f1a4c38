package finops

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Company is a legal entity.
type Company struct {
	ID   string // such as USMF
	Name string
}

// Entity is a data entity.
type Entity struct {
	Label      string // its name in data management, such as "Customer groups"
	Name       string // of the object, such as CustCustomerGroupEntity
	PublicName string // such as CustomerGroup; empty: it is not public, and only packages have its columns
	Collection string // its public collection, such as CustomerGroups
	Shared     bool   // each export has the rows of all companies, whatever its company
	NotTracked bool   // change tracking is off, so that an incremental line is exported in full
	Fields     []Field
	Rows       int // generated rows, in each company unless it is shared
}

// Field is a field of an entity.
type Field struct {
	Name    string // its public property, such as CustomerGroupId; files have it in capitals
	Type    Type
	Enum    string   // the name of the enumeration of an Enum; empty: NoYes
	Members []string // of that enumeration; nil: No, Yes
	Key     bool     // in addition to dataAreaId, which entities of a company have first in their key
	Private bool     // it is in files, and not in the public entity
	Scale   int      // decimals of a Decimal; 0: 16
	Long    bool     // some values of a String are longer than the cells of a workbook
}

// Type is the type of a field.
type Type int

// The types of fields.
const (
	String Type = iota
	Int32
	Int64
	Decimal
	Enum
	Date
	DateTime
	GUID
)

// Project is a data project of data management.
type Project struct {
	Name      string
	Operation string // Export, or Import for one that cannot be exported; empty: Export
	Lines     []Line
}

// Line is an entity of a project.
type Line struct {
	Entity      string // its label
	Format      string // a source data format, such as XML-Element; see Formats
	Incremental bool   // default refresh type: incremental push only
	Disabled    bool   // not exported
	Unmapped    bool   // without a field mapping, so that a run never ends

	Columns []string          // fields that are exported; nil: all
	Renamed map[string]string // names in the file, by field
	First   int               // rows that its filter selects, the first ones; 0: all
}

// Format is a source data format.
type Format struct {
	Name      string
	Kind      Kind
	Delimiter rune // of Delimited
	Encoding  Encoding
	QuoteAll  bool   // every text is between quotation marks, not only where it must be
	NoHeader  bool   // files begin with the first row
	Times     string // layout of dates and times as of package time; empty: 2006-01-02 15:04:05
	Pascal    bool   // record elements of XML are in Pascal case (flight of Microsoft, "Data entities and packages framework")
}

// Kind is the kind of files that a source data format writes.
type Kind int

// The kinds of files.
const (
	Workbook Kind = iota
	XMLElements
	XMLAttributes
	Delimited
)

// Encoding is the encoding of delimited files.
type Encoding int

// The encodings of delimited files.
const (
	UTF16     Encoding = iota // little endian with a byte order mark
	UTF8                      // without a byte order mark
	UTF8Mark                  // with a byte order mark
	Windows52                 // code page 1252; other characters fail the export (DMF1957)
)

// Formats returns the source data formats that an environment has if no others are given.
func Formats() []Format {
	return []Format{
		{Name: "EXCEL", Kind: Workbook},
		{Name: "XML-Element", Kind: XMLElements},
		{Name: "XML-Attribute", Kind: XMLAttributes},
		{Name: "CSV-Unicode", Kind: Delimited, Delimiter: ',', Encoding: UTF16},
		{Name: "CSV", Kind: Delimited, Delimiter: ',', Encoding: Windows52, QuoteAll: true},
		{Name: "CSV-UTF8", Kind: Delimited, Delimiter: ',', Encoding: UTF8Mark, QuoteAll: true},
		{Name: "Semicolon", Kind: Delimited, Delimiter: ';', Encoding: UTF8, QuoteAll: true},
		{Name: "Tab", Kind: Delimited, Delimiter: '\t', Encoding: UTF16},
	}
}

// extension returns how the names of a format's files end.
func (f *Format) extension() string {
	switch f.Kind {
	case Workbook:
		return ".xlsx"
	case XMLElements, XMLAttributes:
		return ".xml"
	case Delimited:
		if f.Delimiter != ',' {
			return ".txt"
		}
	}
	return ".csv"
}

// validate reports what contradicts itself in the options.
func (o *Options) validate() error {
	labels := map[string]bool{}
	for i := range o.Entities {
		e := &o.Entities[i]
		if labels[strings.ToLower(e.Label)] {
			return fmt.Errorf("two entities are named %q", e.Label)
		}
		labels[strings.ToLower(e.Label)] = true
		if e.Name == "" || len(e.Fields) == 0 {
			return fmt.Errorf("entity %q lacks a name or fields", e.Label)
		}
	}
	projects := map[string]bool{}
	for _, p := range o.Projects {
		if projects[strings.ToLower(p.Name)] {
			return fmt.Errorf("two projects are named %q", p.Name)
		}
		projects[strings.ToLower(p.Name)] = true
		for _, l := range p.Lines {
			if !labels[strings.ToLower(l.Entity)] {
				return fmt.Errorf("project %q exports %q, which is not an entity", p.Name, l.Entity)
			}
			if !slices.ContainsFunc(o.Formats, func(f Format) bool { return f.Name == l.Format }) {
				return fmt.Errorf("project %q exports %q as %q, which is not a format", p.Name, l.Entity, l.Format)
			}
		}
	}
	if len(o.Companies) == 0 {
		return errors.New("there is no company")
	}
	return nil
}

// column returns a field's name in the file of a line.
func (l *Line) column(f *Field) string {
	if name := l.Renamed[f.Name]; name != "" {
		return name
	}
	return strings.ToUpper(f.Name)
}

// fields returns the positions of the fields that a line exports.
func (l *Line) fields(e *Entity) []int {
	var list []int
	for i := range e.Fields {
		if l.Columns == nil || slices.Contains(l.Columns, e.Fields[i].Name) {
			list = append(list, i)
		}
	}
	return list
}

// tag returns the capitalized name of an entity's records.
func (e *Entity) tag() string { return strings.ToUpper(e.Name) }
