package source

import (
	"cmp"
	"context"
	"math"
	"slices"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// alwaysTracked returns tables that every environment has, that have few rows in most, and whose change tracking cannot be
// turned off: in their definitions ChangeTrackingEnabled is true and CanChangeTrackingBeEnabled is false. The definitions of
// the others differ between environments.
func alwaysTracked() []string {
	return []string{"team", "systemuserroles", "businessunit", "transactioncurrency"}
}

// origins returns the tables whose delta tokens may bound the scans of tables without change tracking, the first choice
// first: those that every environment has, and then the tables that the read follows anyway, those with few rows first. If no
// stream needs a bound, there are none.
func (i *invocation) origins(ctx context.Context, client *dataverse.Client, streams []replicate.Stream) []dataverse.Table {
	byCursor := func(s replicate.Stream) bool {
		return replicate.ModeOf(s.Configured, s.Table) == replicate.ReadsByCursor
	}
	if !slices.ContainsFunc(streams, byCursor) {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, optionalTimeout)
	defer cancel()
	known, _, err := tablesByName(limited, client, alwaysTracked())
	if err != nil {
		i.log.DebugContext(ctx, "the definitions of the tables whose delta tokens bound scans cannot be retrieved", "error", err)
	}
	var found []dataverse.Table
	for _, name := range alwaysTracked() {
		if t := known[name]; t != nil && catalog.Incremental(*t) {
			found = append(found, *t)
		}
	}
	bySize := slices.Clone(streams)
	slices.SortStableFunc(bySize, func(a, b replicate.Stream) int {
		return cmp.Compare(rowsOr(a, math.MaxInt64), rowsOr(b, math.MaxInt64))
	})
	for _, s := range bySize {
		if followsChanges(s) && s.Table != nil && !slices.Contains(alwaysTracked(), s.Table.LogicalName) {
			found = append(found, *s.Table)
		}
	}
	return found
}

// rowsOr returns the number of rows of a stream, or another number if it is not known.
func rowsOr(s replicate.Stream, unknown int64) int64 {
	if s.Rows == 0 {
		return unknown
	}
	return s.Rows
}
