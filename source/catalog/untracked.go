package catalog

import (
	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// UntrackedCursor returns the column by which the new and changed rows of a table without change tracking are found, "" if
// there is none. Deletions are not found.
//
// versionnumber rises with every change. modifiedon has whole seconds, and plug-ins can set it back. createdon is enough for
// a table whose rows never change. The rows of a virtual table are not in the environment, and the versions of an elastic
// table have another counter than those of other tables.
func UntrackedCursor(t dataverse.Table) string {
	isTime := func(name string) bool {
		c := t.Column(name)
		return c != nil && c.Type == dataverse.DateTime
	}
	switch {
	case t.Tracked || t.Virtual || t.Elastic:
		return ""
	case t.Has(dataverse.VersionColumn):
		return dataverse.VersionColumn
	case isTime(dataverse.ModifiedColumn):
		return dataverse.ModifiedColumn
	case isTime(dataverse.CreatedColumn) && appendOnly(t):
		return dataverse.CreatedColumn
	default:
		return ""
	}
}

// appendOnly reports whether the rows of a table never change: the Web API offers no update of them (Microsoft, table
// reference).
func appendOnly(t dataverse.Table) bool {
	return t.LogicalName == "audit" || t.LogicalName == "plugintracelog"
}

// CursorOf returns the column by which a read of a configured stream finds new and changed rows of its table: the
// UntrackedCursor, if the user chose incremental and the stream offered it for a table without change tracking. Otherwise
// it returns "". Only a stream that was offered for a table with change tracking has _ab_cdc_deleted_at.
func CursorOf(t dataverse.Table, s protocol.ConfiguredStream) string {
	_, deletions := s.Columns[DeletedAt]
	if s.SyncMode != airbyte.SyncModeIncremental || !s.Offers(airbyte.SyncModeIncremental) || deletions {
		return ""
	}
	return UntrackedCursor(t)
}

// incremental reports whether a stream of the table offers incremental syncs.
func (o Options) incremental(t dataverse.Table) bool {
	return Incremental(t) || o.CursorForUntracked && UntrackedCursor(t) != ""
}
