package replicate

import (
	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// Mode is how a stream is read.
type Mode int

// The modes.
const (
	FullRefresh    Mode = iota // all rows at every sync, as configured
	NeverOffered               // the same, because the catalog offers no incremental sync of the stream
	ElasticTable               // the same, because the changes of elastic tables cannot be followed
	FollowsChanges             // all rows once, then the changes
	ReadsByCursor              // all rows once, then those with a later versionnumber, modifiedon or createdon
	TrackingOff                // the stream is incremental, but change tracking is off for the table
)

// ModeOf decides how a stream is read. The table is nil if its definition is not known: then the catalog alone decides.
// PyAirbyte configures every stream as incremental, including those that never offered it. A stream that is configured as
// incremental, and that offered it, is read as follows:
//
//	the table now            | offered with change tracking | offered without it
//	-------------------------+------------------------------+-------------------
//	tracked                  | FollowsChanges               | FollowsChanges
//	tracked, elastic         | ElasticTable                 | ElasticTable
//	untracked, with a cursor | TrackingOff                  | ReadsByCursor
//	untracked, without one   | TrackingOff                  | TrackingOff
//
// A stream was offered with change tracking if its catalog has _ab_cdc_deleted_at. Where the user has deselected that column,
// the two cannot be distinguished: if tracking is turned off later, the table is read by its cursor.
func ModeOf(s protocol.ConfiguredStream, t *dataverse.Table) Mode {
	switch {
	case s.SyncMode != airbyte.SyncModeIncremental:
		return FullRefresh
	case !s.Offers(airbyte.SyncModeIncremental):
		return NeverOffered
	case t == nil || catalog.Followed(*t, s):
		return FollowsChanges
	case catalog.CursorOf(*t, s) != "":
		return ReadsByCursor
	case !t.Tracked:
		return TrackingOff
	default:
		return ElasticTable
	}
}
