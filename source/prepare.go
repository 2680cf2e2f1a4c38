package source

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// optionalTimeout bounds each request whose response a read can do without.
const optionalTimeout = time.Minute

// plan is what a read knows of its streams before it reads any row.
type plan struct {
	identity  dataverse.Identity
	streams   []replicate.Stream
	rows      map[string]int64  // about how many rows tables have, of those that were counted
	origins   []dataverse.Table // whose delta tokens may bound the scans of tables without change tracking
	tokenLife time.Duration     // how long the environment accepts a delta token; 0: no stream has one
	tokenDays int               // the same in days, as the environment states it; 0: unknown
	projects  []replicate.Project
	finance   *finops.Client // nil: there are no projects, or their environment is not known
}

// prepare makes the plan. Its requests run at the same time. Those for the application user and the tables must succeed.
func (i *invocation) prepare(
	ctx context.Context, c *config.Config, client *dataverse.Client, configured protocol.ConfiguredCatalog, states map[string]json.RawMessage,
) (plan, error) {
	var p plan
	var d described
	var tables map[string]*dataverse.Table
	var unreadable map[string]error
	var labels labels
	packages := configured
	configured.Streams = slices.DeleteFunc(slices.Clone(configured.Streams), func(s protocol.ConfiguredStream) bool { return isPackage(c, s.Name) })
	names, counted, incremental := requirements(configured, states)
	outer := ctx
	group, ctx := errgroup.WithContext(outer)
	group.Go(func() error {
		var err error
		p.identity, err = client.WhoAmI(ctx)
		return err
	})
	group.Go(func() error {
		var err error
		if tables, unreadable, err = tablesByName(ctx, client, names); err == nil {
			labels = i.labels(ctx, client, c, configured, tables, unreadable)
		}
		return err
	})
	group.Go(func() error {
		p.projects, p.finance = i.projects(ctx, c, client, packages, states)
		return nil
	})
	if incremental {
		group.Go(func() error {
			p.tokenDays = i.tokenDays(ctx, client)
			p.tokenLife = time.Duration(cmp.Or(p.tokenDays, defaultTokenDays)) * 24 * time.Hour
			return nil
		})
	}
	if len(counted) > 0 {
		group.Go(func() error {
			p.rows = i.rowCounts(ctx, client, counted)
			return nil
		})
	}
	if hasMetadata(configured) {
		group.Go(func() error {
			d = i.describedTables(ctx, client, c)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return p, err
	}
	for _, s := range configured.Streams {
		if catalog.IsMetadata(s.Name) {
			p.streams = append(p.streams, d.stream(s, states[s.Name]))
			continue
		}
		p.streams = append(p.streams, replicate.Stream{
			Configured: s, Table: tables[s.Name], TableError: unreadable[s.Name], State: states[s.Name], Rows: p.rows[s.Name],
			Labels: labels[s.Name],
		})
	}
	p.origins = i.origins(outer, client, p.streams)
	return p, nil
}

// requirements returns the names of all streams of tables, the names of those that are read in full and whose rows are
// therefore worth counting, and reports whether any stream is incremental.
func requirements(configured protocol.ConfiguredCatalog, states map[string]json.RawMessage) (names, counted []string, incremental bool) {
	for _, s := range configured.Streams {
		if catalog.IsMetadata(s.Name) {
			continue
		}
		names = append(names, s.Name)
		if !isIncremental(s) || !hasState(states[s.Name]) {
			counted = append(counted, s.Name)
		}
		incremental = incremental || isIncremental(s)
	}
	return names, counted, incremental
}

// hasState reports whether an earlier sync has saved a state, readable or not.
func hasState(state []byte) bool {
	saved, err := checkpoint.Parse(state)
	return err != nil || saved != nil
}

// isIncremental reports whether a stream is read by its changes.
func isIncremental(s protocol.ConfiguredStream) bool {
	return replicate.ModeOf(s, nil) == replicate.FollowsChanges
}

// tablesByName reads the definitions of tables, and returns why those cannot be read that may exist.
func tablesByName(ctx context.Context, client *dataverse.Client, names []string) (tables map[string]*dataverse.Table, unreadable map[string]error, err error) {
	tables, unreadable = make(map[string]*dataverse.Table, len(names)), map[string]error{}
	failed, err := client.Tables(ctx, names, func(t dataverse.Table) error {
		tables[t.LogicalName] = &t
		return nil
	})
	for _, f := range failed {
		if !f.Missing() {
			unreadable[f.Table] = f
		}
	}
	return tables, unreadable, err
}

// rowCounts returns the number of rows of each table, for estimates. If the request fails, there are no estimates.
func (i *invocation) rowCounts(ctx context.Context, client *dataverse.Client, tables []string) map[string]int64 {
	limited, cancel := context.WithTimeout(ctx, optionalTimeout)
	defer cancel()
	counts, err := client.RowCounts(limited, tables)
	if err != nil {
		i.log.DebugContext(ctx, "no estimates: the numbers of rows cannot be retrieved", "error", err)
	}
	return counts
}

// defaultTokenDays is how long Dataverse keeps deletions unless an administrator has changed it
// (Microsoft, "Use change tracking to synchronize data with external systems").
const defaultTokenDays = 7

// tokenDays returns for how many days the environment accepts a delta token, 0 if that is unknown. Not every application
// user may read the setting.
func (i *invocation) tokenDays(ctx context.Context, client *dataverse.Client) int {
	limited, cancel := context.WithTimeout(ctx, optionalTimeout)
	defer cancel()
	days, err := client.DeltaTokenDays(limited)
	if err != nil || days <= 0 {
		i.log.DebugContext(ctx, "organization.expirechangetrackingindays cannot be retrieved", "assumed_days", defaultTokenDays, "error", err)
		return 0
	}
	return days
}
