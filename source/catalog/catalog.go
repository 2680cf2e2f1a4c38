// Package catalog turns Dataverse's tables and columns into Airbyte's streams and JSON schemas.
//
// [Options.Stream] is a table as a stream, [Property] a column as a property of its schema, and [Incremental] reports whether
// a table's changes can be followed. [UntrackedCursor] is the column by which new and changed rows are found where they cannot.
// [Select] finds the tables that a user names by patterns. They are pure functions of the definitions.
package catalog

import (
	"slices"
	"strings"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// The columns that incremental streams have in addition to the table's own. Airbyte's database sources use the same
// names: destinations delete a row if DeletedAt is declared and not null
// (Airbyte, "Change Data Capture").
const (
	UpdatedAt = "_ab_cdc_updated_at" // the cursor: it never falls from one version of a row to the next
	DeletedAt = "_ab_cdc_deleted_at" // null, except in the record of a deletion
)

// Options are the settings on which streams depend. With the zero value, a stream has only the table's own columns and those
// of changes.
type Options struct {
	// ChoiceLabels adds to each choice column the property with its label.
	ChoiceLabels bool
	// LookupTypes adds the type of the target beside every lookup that is known to refer to rows of several tables.
	LookupTypes bool
	// CursorForUntracked offers incremental syncs of the tables that have an UntrackedCursor.
	CursorForUntracked bool
}

// Stream returns a table as a stream with the zero Options.
func Stream(t dataverse.Table) protocol.Stream { return Options{}.Stream(t) }

// Stream returns a table as a stream. It depends neither on what an administrator may edit without changing the data, such
// as labels, nor on the order of the columns: the platform shows any difference as a change of the schema.
func (o Options) Stream(t dataverse.Table) protocol.Stream {
	stream := protocol.Stream{
		Name:               t.LogicalName,
		JSONSchema:         protocol.Schema{Properties: o.properties(t)},
		SupportedSyncModes: []airbyte.SyncMode{airbyte.SyncModeFullRefresh},
		// The protocol requires a source-defined cursor, which may be synthetic, of every resumable stream.
		SourceDefinedCursor: true,
		IsResumable:         true,
	}
	for _, key := range t.Key() {
		stream.SourceDefinedPrimaryKey = append(stream.SourceDefinedPrimaryKey, []string{key})
	}
	if o.incremental(t) {
		stream.SupportedSyncModes = append(stream.SupportedSyncModes, airbyte.SyncModeIncremental)
		stream.DefaultCursorField = []string{UpdatedAt}
	}
	return stream
}

// properties returns the columns of a table's stream, unique and sorted by name.
func (o Options) properties(t dataverse.Table) []protocol.NamedProperty {
	all := make([]protocol.NamedProperty, 0, len(t.Columns)+2)
	if Incremental(t) {
		all = append(all, protocol.NamedProperty{Name: DeletedAt, Property: instant()})
	}
	if o.incremental(t) {
		all = append(all, protocol.NamedProperty{Name: UpdatedAt, Property: instant()})
	}
	for _, column := range t.Columns {
		all = append(all, protocol.NamedProperty{Name: column.Property, Property: Property(column)})
		if o.LookupTypes && column.Polymorphic {
			all = append(all, protocol.NamedProperty{Name: LookupType(column), Property: nullable("string")})
		}
	}
	if o.ChoiceLabels {
		all = append(all, labels(t)...)
	}
	if ascending(all) { // the usual case: columns come sorted, but a lookup sorts before the columns of changes
		return all
	}
	slices.SortStableFunc(all, func(a, b protocol.NamedProperty) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b protocol.NamedProperty) bool { return a.Name == b.Name })
}

// ascending reports whether properties are unique and sorted.
func ascending(all []protocol.NamedProperty) bool {
	for i := 1; i < len(all); i++ {
		if all[i-1].Name >= all[i].Name {
			return false
		}
	}
	return true
}

// Incremental reports whether a table's changes can be followed. Those of an elastic table cannot, although it can be
// tracked: its deletions lack the partition, which is part of the key.
func Incremental(t dataverse.Table) bool { return t.Tracked && !t.Elastic }

// Followed reports whether a read of a configured stream follows the changes of its table: the user chose incremental, and
// the stream offered it. PyAirbyte chooses incremental for streams that never offered it; they are read in full.
func Followed(t dataverse.Table, s protocol.ConfiguredStream) bool {
	return s.SyncMode == airbyte.SyncModeIncremental && s.Offers(airbyte.SyncModeIncremental) && Incremental(t)
}

// Property returns the schema of a column's values, by its type and, for dates, by their behavior.
func Property(c dataverse.Column) protocol.Property {
	switch c.Type {
	case dataverse.Integer, dataverse.BigInt, dataverse.Picklist, dataverse.State, dataverse.Status:
		return nullable("integer")
	case dataverse.Decimal, dataverse.Double, dataverse.Money:
		return nullable("number")
	case dataverse.Boolean:
		return nullable("boolean")
	case dataverse.ManagedProperty:
		return nullable("object")
	case dataverse.DateTime:
		return date(c.Behavior)
	case dataverse.String, dataverse.Memo, dataverse.EntityName, dataverse.UniqueIdentifier, dataverse.MultiSelect,
		dataverse.Lookup, dataverse.Customer, dataverse.Owner, dataverse.File, dataverse.Image:
		return nullable("string")
	default: // a type that Dataverse may add
		return nullable("string")
	}
}

func date(behavior dataverse.DateBehavior) protocol.Property {
	switch behavior {
	case dataverse.DateOnly:
		p := nullable("string")
		p.Format = "date"
		return p
	case dataverse.TimeZoneIndependent:
		p := instant()
		p.AirbyteType = WithoutTimezone
		return p
	case dataverse.UserLocal:
		return instant()
	default:
		return instant()
	}
}

// WithoutTimezone is the airbyte_type of times without a time zone.
const WithoutTimezone = "timestamp_without_timezone"

func instant() protocol.Property {
	p := nullable("string")
	p.Format = "date-time"
	p.AirbyteType = "timestamp_with_timezone"
	return p
}

func nullable(typ string) protocol.Property {
	return protocol.Property{Type: []string{"null", typ}}
}
