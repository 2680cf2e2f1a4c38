package source

import (
	"context"
	"log/slog"
	"time"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// newCounters returns the counters of a read. From here on it also notes the warnings of the log.
func (i *invocation) newCounters() *progress.Sync {
	counters := progress.New(progress.Options{Connector: name, Version: i.process.version(), Log: i.log, Now: time.Now})
	warned := func(_ airbyte.LogLevel, text string) error {
		counters.Warn(text)
		return nil
	}
	i.log = slog.New(slog.NewMultiHandler(i.log.Handler(), protocol.NewLogHandler(warned, slog.LevelWarn)))
	return counters
}

// progressInterval is the time between two lines of the log about the state of the sync.
const progressInterval = 30 * time.Second

// watch logs the state of the sync while it runs, until the returned function is called.
func (i *invocation) watch(ctx context.Context, counters *progress.Sync) (stop func()) {
	watched, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		counters.Watch(watched, progressInterval)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// progressPlan returns what the log reports about the streams before they are read.
func progressPlan(c *config.Config, client *dataverse.Client, p plan) progress.Plan {
	planned := progress.Plan{
		Organization: p.identity.OrganizationID, ApplicationUser: p.identity.UserID,
		PageSize: c.PageSize, Requests: client.Slots, Parallel: parallelStreams(client),
	}
	for _, s := range p.streams {
		rows, counted := p.rows[s.Configured.Name]
		if s.Metadata != nil {
			rows, counted = s.Rows, true
		}
		planned.Streams = append(planned.Streams, progress.PlannedStream{
			Name: s.Configured.Name, Incremental: readsNewRows(s),
			HasState: hasState(s.State), Estimate: rows, Counted: counted, Lanes: lanesOf(c, client, s),
		})
	}
	for _, project := range p.projects {
		for _, s := range project.Entities {
			planned.Streams = append(planned.Streams, progress.PlannedStream{Name: s.Configured.Name, HasState: hasState(s.State)})
		}
	}
	return planned
}

// readsNewRows reports whether a stream is read in full only the first time.
func readsNewRows(s replicate.Stream) bool {
	mode := replicate.ModeOf(s.Configured, s.Table)
	return mode == replicate.FollowsChanges || mode == replicate.ReadsByCursor
}

// lanesOf returns how many pages of a stream are requested at once, as far as is known before it is read.
func lanesOf(c *config.Config, client *dataverse.Client, s replicate.Stream) int {
	if !c.ParallelSnapshots || s.Table == nil || s.Metadata != nil || replicate.ModeOf(s.Configured, s.Table) == replicate.ReadsByCursor {
		return 1
	}
	return replicate.Lanes(*s.Table, s.Rows, c.PageSize, client.Slots())
}

// parallelStreams returns a function that returns how many streams to read at once.
func parallelStreams(client *dataverse.Client) func() int {
	return func() int { return client.Slots() * streamsPerSlot }
}
