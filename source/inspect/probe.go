package inspect

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/dataverse"
)

const (
	// probedAtOnce is how many rows are requested at the same time; the limiter may allow fewer.
	probedAtOnce = 8
	// probedAtMost bounds the requests of a configuration whose include_tables selects hundreds of tables.
	probedAtMost = 200
	// samples is the number of tables of which a row is requested before all tables are reported as unreadable.
	samples = 5
)

// probeAll requests a row of each table that include_tables selects, or of some tables if none seems to be readable.
func (g *gatherer) probeAll() {
	g.noteKeyless()
	candidates := g.candidates()
	if len(candidates) == 0 {
		return
	}
	g.options.Step(fmt.Sprintf("Requesting a row of %s", tables(len(candidates))))
	for _, t := range candidates[min(probedAtMost, len(candidates)):] {
		g.facts.Untested = append(g.facts.Untested, t.Summary.Table.LogicalName)
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, probedAtOnce)
	for _, t := range candidates[:min(probedAtMost, len(candidates))] {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if g.limited.Err() != nil {
				g.late(t)
				return
			}
			g.probe(t)
		})
	}
	group.Wait()
	slices.Sort(g.facts.Untested)
	slices.Sort(g.facts.Late)
}

// noteKeyless notes the tables that include_tables selects and of which no row can be requested because their primary key is
// unknown. If the list of tables with their properties did not arrive in time, they are late.
func (g *gatherer) noteKeyless() {
	if !g.options.Config.Tables.Restricted() {
		return
	}
	noted := &g.facts.Keyless
	if g.facts.NamesOnly && g.limited.Err() != nil {
		noted = &g.facts.Late
	}
	for _, t := range g.facts.Tables {
		if t.Summary.Table.PrimaryID == "" {
			*noted = append(*noted, t.Summary.Table.LogicalName)
		}
	}
	slices.Sort(*noted)
}

// candidates returns the tables of which to request a row. Those that the configuration names come first.
func (g *gatherer) candidates() []*Table {
	var all []*Table
	for i := range g.facts.Tables {
		if t := &g.facts.Tables[i]; t.Summary.Table.PrimaryID != "" {
			all = append(all, t)
		}
	}
	if g.options.Config.Tables.Restricted() {
		slices.SortStableFunc(all, func(a, b *Table) int { return NamedFirst(*a, *b) })
		return all
	}
	all = slices.DeleteFunc(all, func(t *Table) bool { return t.Summary.ReadPrivilege == "" })
	if slices.ContainsFunc(all, func(t *Table) bool { may, known := t.Readable(); return may || !known }) {
		return nil
	}
	return all[:min(samples, len(all))]
}

// late notes a table of which no row arrived in time.
func (g *gatherer) late(t *Table) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.facts.Late = append(g.facts.Late, t.Summary.Table.LogicalName)
}

// probe requests a row of a table as one of the users that may read the most of it.
func (g *gatherer) probe(t *Table) {
	number := g.first
	for i, u := range g.facts.Users {
		if u.SignIn == nil && dataverse.CompareDepths(u.depth(*t), t.Depth) == 0 {
			number = i
			break
		}
	}
	client := g.accounts[number].Client
	summary := t.Summary.Table
	p := &Probe{Tracked: summary.Tracked && !summary.Elastic && !summary.Virtual}
	err := requestRow(g.limited, client, summary, p.Tracked)
	if p.Tracked && dataverse.HasCode(err, dataverse.CodePrivilegeMissing) { // the table may be readable without its changes
		p.Tracked = false
		err = requestRow(g.limited, client, summary, false)
		p.Limited = err == nil
	}
	switch {
	case err == nil:
	case g.limited.Err() != nil:
		g.late(t)
		return
	default:
		p.Tracked, p.Forbidden = false, dataverse.HasCode(err, dataverse.CodePrivilegeMissing)
		problem := g.options.Explain(Failure{User: number, Err: err})
		p.Problem = &problem
	}
	t.Probe = p
}

// requestRow requests one row of a table, with change tracking if its changes are to be followed.
func requestRow(ctx context.Context, client Client, t dataverse.Table, tracked bool) error {
	_, err := client.Page(ctx, dataverse.PageRequest{
		Table: t.LogicalName, Link: dataverse.NewLink(t.EntitySet, []string{t.PrimaryID}), Size: 1, TrackChanges: tracked,
	}, ignored{})
	return err
}

// ignored is a sink that keeps nothing.
type ignored struct{}

// Begin implements dataverse.Sink.
func (ignored) Begin(context.Context, time.Time) error { return nil }

// Discard implements dataverse.Sink.
func (ignored) Discard() {}

// FastRow leaves every row to Row.
func (ignored) FastRow([]byte) int { return 0 }

// Row skips a row.
func (ignored) Row(d *jsontext.Decoder) error { return d.SkipValue() }
