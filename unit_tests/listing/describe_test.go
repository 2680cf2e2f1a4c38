package listing_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/listing"
)

// tracked is a table with change tracking and a privilege of its own.
func tracked() dataverse.TableSummary {
	return dataverse.TableSummary{
		Table:       dataverse.Table{LogicalName: "account", EntitySet: "accounts", Tracked: true},
		DisplayName: "Account", Trackable: true, ReadPrivilege: "prvReadAccount",
	}
}

func TestATableIsDescribedWithReasons(t *testing.T) {
	for name, example := range map[string]struct {
		change                 func(*dataverse.TableSummary)
		depth                  dataverse.Depth
		left                   bool
		incremental, because   string
		readable               listing.Readable
		readableReason, entity string
	}{
		"readable and tracked": {depth: dataverse.Global, readable: listing.Yes},
		"tracking is off": {
			change: func(s *dataverse.TableSummary) { s.Table.Tracked = false }, depth: dataverse.Global,
			because: "tracking is off", readable: listing.Yes,
		},
		"tracking cannot be turned on": {
			change: func(s *dataverse.TableSummary) { s.Table.Tracked, s.Trackable = false, false }, depth: dataverse.Global,
			because: "not trackable", readable: listing.Yes,
		},
		"tracked although it cannot be turned on": {
			change: func(s *dataverse.TableSummary) { s.Trackable = false }, depth: dataverse.Global, readable: listing.Yes,
		},
		"virtual": {
			change: func(s *dataverse.TableSummary) { s.Table.Virtual = true }, depth: dataverse.Global,
			because: "virtual", readable: listing.Yes,
		},
		"elastic, although it is tracked": {
			change: func(s *dataverse.TableSummary) { s.Table.Elastic = true }, depth: dataverse.Global,
			because: "elastic", readable: listing.Yes,
		},
		"no entity set": {
			change: func(s *dataverse.TableSummary) { s.Table.EntitySet = "" }, depth: dataverse.Global,
			because: "not trackable", readable: listing.No, readableReason: "not in the Web API",
		},
		"no privilege": {
			depth: dataverse.NoDepth, because: "needs Organization level", readable: listing.No, readableReason: "prvReadAccount is missing",
		},
		"a privilege for the user's own rows": {
			depth: dataverse.Basic, because: "needs Organization level", readable: listing.Partly, readableReason: "User level",
		},
		"a privilege for a business unit": {
			depth: dataverse.Local, because: "needs Organization level", readable: listing.Partly, readableReason: "Business Unit level",
		},
		"a privilege for the units below": {
			depth: dataverse.Deep, because: "needs Organization level", readable: listing.Partly,
			readableReason: "Parent: Child Business Units level",
		},
		"an unknown privilege":          {readable: listing.Unknown},
		"not selected":                  {depth: dataverse.Global, left: true, readable: listing.Yes},
		"neither selected nor readable": {depth: dataverse.NoDepth, left: true, because: "needs Organization level", readable: listing.No, readableReason: "prvReadAccount is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			summary, rows := tracked(), int64(7)
			if example.change != nil {
				example.change(&summary)
			}
			assert.Equal(t, listing.Table{
				Name: "account", DisplayName: "Account", EntitySet: summary.Table.EntitySet, Rows: &rows,
				Incremental: example.because == "", IncrementalReason: example.because,
				Readable: example.readable, ReadableReason: example.readableReason, Selected: !example.left,
			}, listing.Describe(summary, &rows, example.depth, !example.left))
		})
	}
}
