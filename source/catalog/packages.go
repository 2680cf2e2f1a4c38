package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/protocol"
)

// The columns that the stream of an entity of finance & operations has in addition to the entity's own.
const (
	// Company is the legal entity that was exported. Files do not have it. The public metadata has a property of this name in the
	// key of every entity whose rows belong to a company.
	Company = "dataAreaId"
	// PackageExecution is the id of the execution whose package has the row, under which the job history lists it.
	PackageExecution = "_ab_package_execution_id"
	// PackageCompleted is when that execution ended.
	PackageCompleted = "_ab_package_completed_at"
)

// PackagePrefix begins the names of the streams of entities of finance & operations.
const PackagePrefix = "dmf_"

// PackageStream returns an entity of a project as a stream. Every sync reads it in full.
func PackageStream(project string, line finops.Line, e finops.Entity) protocol.Stream {
	stream := protocol.Stream{
		Name:               PackageStreamName(project, line.Entity),
		JSONSchema:         protocol.Schema{Properties: packageProperties(line, e)},
		SupportedSyncModes: []airbyte.SyncMode{airbyte.SyncModeFullRefresh},
		// As of every resumable stream.
		SourceDefinedCursor: true,
		IsResumable:         true,
	}
	var keys []string
	for _, p := range e.Properties {
		if p.Key && !strings.EqualFold(p.Name, Company) {
			keys = append(keys, p.Name)
		}
	}
	if len(keys) > 0 && !e.Shared {
		keys = append(keys, Company)
	}
	slices.Sort(keys)
	for _, key := range keys {
		stream.SourceDefinedPrimaryKey = append(stream.SourceDefinedPrimaryKey, []string{key})
	}
	return stream
}

// PackageStreamName is the name of the stream of an entity in a project, such as dmf_sales_export_customer_groups.
func PackageStreamName(project, entity string) string {
	return PackageStreamPrefix(project) + words(entity)
}

// PackageStreamPrefix begins the names of all streams of a project.
func PackageStreamPrefix(project string) string { return PackagePrefix + words(project) + "_" }

// PackagePatterns divides patterns into those for streams of entities of finance & operations and those for tables. Only a pattern
// that begins with dmf_ is one for entities, if there are projects, so that * means all tables.
func PackagePatterns(patterns []string, projects bool) (entities, tables []string) {
	for _, pattern := range patterns {
		if projects && strings.HasPrefix(pattern, PackagePrefix) {
			entities = append(entities, pattern)
		} else {
			tables = append(tables, pattern)
		}
	}
	return entities, tables
}

// SelectPackages returns the streams that match at least one of the patterns. The error is a *PatternError if a pattern matches
// none.
func SelectPackages(streams []protocol.Stream, patterns []string) ([]protocol.Stream, error) {
	return selectStreams(streams, patterns, func(pattern string) string {
		return fmt.Sprintf("The pattern %q matches no entity of the data projects in packages. dmf_* matches all of them.", pattern)
	})
}

// words returns the letters and digits of a text in lower case, and an underscore for what is between them.
func words(text string) string {
	var name strings.Builder
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80
	}) {
		if name.Len() > 0 {
			name.WriteByte('_')
		}
		name.WriteString(word)
	}
	return name.String()
}

// packageProperties returns the columns of a stream, unique and sorted by name.
func packageProperties(line finops.Line, e finops.Entity) []protocol.NamedProperty {
	all := []protocol.NamedProperty{
		{Name: PackageExecution, Property: nullable("string")}, {Name: PackageCompleted, Property: instant()},
	}
	if !e.Shared {
		all = append(all, protocol.NamedProperty{Name: Company, Property: nullable("string")})
	}
	for _, p := range e.Properties {
		if !strings.EqualFold(p.Name, Company) {
			all = append(all, protocol.NamedProperty{Name: p.Name, Property: cellProperty(p.Type, line.Format)})
		}
	}
	slices.SortStableFunc(all, func(a, b protocol.NamedProperty) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b protocol.NamedProperty) bool { return a.Name == b.Name })
}

// cellProperty returns the schema of a property's values in a file of a source data format.
func cellProperty(t finops.Type, format string) protocol.Property {
	switch t {
	case finops.Integer:
		return nullable("integer")
	case finops.Number:
		return nullable("number")
	case finops.Date:
		return date(dataverse.DateOnly)
	case finops.DateTime:
		if finops.HasUTC(format) {
			return instant()
		}
		return localTime()
	case finops.LocalTime:
		return localTime()
	case finops.String, finops.GUID, finops.Enum:
	}
	return nullable("string")
}

func localTime() protocol.Property {
	p := instant()
	p.AirbyteType = WithoutTimezone
	return p
}

// CellType returns how the cells of a column are read, by its schema in the configured catalog: what was discovered counts, so
// that a column keeps its type.
func CellType(p protocol.Property) finops.Type {
	has := func(typ string) bool { return slices.Contains(p.Type, typ) }
	switch {
	case has("integer"):
		return finops.Integer
	case has("number"):
		return finops.Number
	case p.Format == "date":
		return finops.Date
	case p.Format == "date-time" && p.AirbyteType == WithoutTimezone:
		return finops.LocalTime
	case p.Format == "date-time":
		return finops.DateTime
	default:
		return finops.String
	}
}

// SameNameError reports two entities, of one project or of two, whose streams would have the same name.
type SameNameError struct {
	Stream string
	// Entities name the two, each with its project.
	Entities [2]string
}

func (e *SameNameError) Error() string {
	return fmt.Sprintf("%s and %s would both be the stream %s", e.Entities[0], e.Entities[1], e.Stream)
}
