package source

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// ahead is what is asked of the environment before any row is.
type ahead struct {
	who       dataverse.Identity
	streams   []replicate.Stream
	tokenLife time.Duration // 0: not needed
}

// lookAhead asks for it all at once. Without who it is and the definitions of the tables nothing can be read.
func (v *verbs) lookAhead(
	ctx context.Context, client *dataverse.Client, configured protocol.ConfiguredCatalog, states map[string]json.RawMessage,
) (ahead, error) {
	var all, whole []string // the streams, and those whose rows are all read
	var a ahead
	var tables map[string]*dataverse.Table
	var counts map[string]int64
	follows := false
	for _, s := range configured.Streams {
		all = append(all, s.Name)
		if followed(s) {
			follows = true
		}
		if !followed(s) || len(states[s.Name]) == 0 || string(states[s.Name]) == "null" {
			whole = append(whole, s.Name)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		var err error
		a.who, err = client.WhoAmI(ctx)
		return err
	})
	group.Go(func() error {
		var err error
		tables, err = tablesOf(ctx, client, all)
		return err
	})
	if follows {
		group.Go(func() error {
			limited, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			a.tokenLife = v.tokenLife(limited, client)
			return nil
		})
	}
	if len(whole) > 0 {
		group.Go(func() error {
			counts = v.rowCounts(ctx, client, whole)
			return nil
		})
	}
	err := group.Wait()
	for _, s := range configured.Streams {
		a.streams = append(a.streams, replicate.Stream{Configured: s, Table: tables[s.Name], State: states[s.Name], Rows: counts[s.Name]})
	}
	return a, err
}

func tablesOf(ctx context.Context, client *dataverse.Client, names []string) (map[string]*dataverse.Table, error) {
	tables := make(map[string]*dataverse.Table, len(names))
	err := client.Tables(ctx, names, func(t dataverse.Table) error {
		tables[t.LogicalName] = &t
		return nil
	})
	return tables, err
}

// rowCounts is how many rows the tables have, for estimates. Where a table cannot be counted none is.
func (v *verbs) rowCounts(ctx context.Context, client *dataverse.Client, tables []string) map[string]int64 {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	counts, err := client.RowCounts(limited, tables)
	if err != nil {
		v.log.DebugContext(ctx, "the numbers of rows cannot be had, so none are estimated", "error", err)
	}
	return counts
}

// followed says whether the changes of a stream are asked for.
func followed(s protocol.ConfiguredStream) bool {
	return replicate.ModeOf(s, nil) == replicate.FollowsChanges
}

// defaultTokenDays is for how long Dataverse keeps deletions where nobody has changed that
// (Microsoft, "Use change tracking to synchronize data with external systems").
const defaultTokenDays = 7

// tokenLife is for how long the environment takes delta tokens. Not every application user may read the setting.
func (v *verbs) tokenLife(ctx context.Context, client *dataverse.Client) time.Duration {
	days, err := client.DeltaTokenDays(ctx)
	if err != nil || days <= 0 {
		v.log.DebugContext(ctx, "organization.expirechangetrackingindays cannot be read", "assumed_days", defaultTokenDays, "error", err)
		days = defaultTokenDays
	}
	return time.Duration(days) * 24 * time.Hour
}
