package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// streamsPerSlot is how many streams share one request slot: while the rows of one are encoded another uses the slot, and
// towards the end of the read few streams are left to use all slots.
const streamsPerSlot = 2

// read reads the streams of the configured catalog.
func (i *invocation) read(ctx context.Context) error {
	counters := i.newCounters()
	presented, err := i.present(ctx, counters)
	if err != nil {
		return err
	}
	err = recovered(func() error { return i.readStreams(ctx, counters) })
	var partial *partialError
	if err != nil && ctx.Err() == nil && !errors.As(err, &partial) { // streams that failed have reported it
		counters.Fail(err, explain(err))
	}
	counters.End(ctx, ctx.Err() != nil)
	presented.finish(ctx, i, counters)
	return err
}

// readStreams reads the streams and notes in counters how far they are.
func (i *invocation) readStreams(ctx context.Context, counters *progress.Sync) error {
	configured, err := protocol.ReadConfiguredCatalog(i.command.Catalog)
	if err != nil {
		return err
	}
	states, err := i.states(ctx)
	if err != nil {
		return err
	}
	i.resuming = anyState(states)
	return i.connect(ctx, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		counters.Connect(progress.Connection{
			Environment: strings.TrimPrefix(c.Environment, "https://"), Redact: c.Redact, Throttled: client.Throttled,
			Users: i.contributions(),
		})
		defer i.watch(ctx, counters)()
		p, err := i.prepare(ctx, c, client, configured, states)
		if err != nil {
			return err
		}
		columns, err := i.compareUsers(ctx, client, p)
		if err != nil {
			return err
		}
		counters.Begin(ctx, progressPlan(c, client, p))
		return i.replicate(ctx, c, client, p, columns, counters)
	})
}

// replicate reads the rows of the prepared streams.
func (i *invocation) replicate(ctx context.Context, c *config.Config, client *dataverse.Client, p plan, columns secured, counters *progress.Sync) error {
	var concurrent sync.WaitGroup
	defer concurrent.Wait()
	concurrent.Go(func() { i.warnOfStreams(ctx, c, client, p, columns) })
	failures := streamFailures{situation: i.situation(c)}
	job := replicate.Job{
		Environment: client, Definitions: client, Contents: contents(c, client), Assign: i.assign(), Output: i.out, Log: i.log,
		Explain: failures.explain, Now: time.Now,
		PageSize: c.PageSize, Organization: p.identity.OrganizationID, ID: i.process.Getenv("WORKER_JOB_ID"),
		Attempt:      attempt(i.process.Getenv("WORKER_JOB_ATTEMPT")),
		FailOnExpiry: c.FailOnExpiredToken, TokenLife: p.tokenLife, Origins: p.origins,
		Parallel: parallelStreams(client), Progress: counters, Room: containerMemory(os.DirFS("/")).room(),
		Projects: p.projects, KeepNoDate: c.KeepNoDate,
	}
	if c.ParallelSnapshots {
		job.Slots = client.Slots
	}
	if p.finance != nil {
		job.Exports = p.finance
	}
	failed, err := job.Run(ctx, p.streams)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case failed > 0:
		return &partialError{failed: failed, of: len(p.streams) + packageStreams(p.projects), typ: failures.overall(), changes: failures.changes}
	default:
		return nil
	}
}

// anyState reports whether a stream has a state, so that an earlier read has reached the environment.
func anyState(states map[string]json.RawMessage) bool {
	for _, state := range states {
		if hasState(state) {
			return true
		}
	}
	return false
}

// attempt is the number of the platform's attempt at its job, counted from 0; 0 where there is none.
func attempt(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// states reads the state of each stream. A file that does not exist is no state, as at a first sync; a warning is logged
// because the path may be mistyped.
func (i *invocation) states(ctx context.Context) (map[string]json.RawMessage, error) {
	states, warnings, err := protocol.ReadState(i.command.State)
	for _, warning := range warnings {
		i.log.WarnContext(ctx, warning)
	}
	if errors.Is(err, fs.ErrNotExist) {
		i.log.WarnContext(ctx, fmt.Sprintf("The state file %s does not exist, so every stream is read in full. "+
			"If this is not the first sync, check the path given with --state.", i.command.State))
		return nil, nil
	}
	if err == nil {
		i.warnEmptyState(ctx)
	}
	return states, err
}
