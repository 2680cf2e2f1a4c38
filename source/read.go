package source

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strconv"
	"sync"
	"time"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// streamsPerPlace is how many streams share one of the requests that may be under way: while the rows of one are encoded
// another has its turn, and towards the end of the read few streams are left to use all places.
const streamsPerPlace = 2

// read reads the streams of the configured catalog.
func (v *verbs) read(ctx context.Context) error {
	configured, err := protocol.ReadConfiguredCatalog(v.command.Catalog)
	if err != nil {
		return &inputError{err}
	}
	states, err := v.states(ctx)
	if err != nil {
		return &inputError{err}
	}
	return v.connected(ctx, func(ctx context.Context, c *config.Config, client *dataverse.Client) error {
		ahead, err := v.lookAhead(ctx, client, configured, states)
		if err != nil {
			return err
		}
		return v.replicate(ctx, c, client, ahead)
	})
}

// replicate reads the rows of the streams.
func (v *verbs) replicate(ctx context.Context, c *config.Config, client *dataverse.Client, a ahead) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { v.warnDepth(ctx, client, a) })
	var told explainer
	job := replicate.Job{
		Environment: client, Output: v.out, Log: v.log, Explain: told.explain, Now: time.Now,
		PageSize: c.PageSize, Organization: a.who.OrganizationID, ID: v.Getenv("WORKER_JOB_ID"), Attempt: attempt(v.Getenv("WORKER_JOB_ATTEMPT")),
		FailOnExpiry: c.FailOnExpiredToken, TokenLife: a.tokenLife,
		Parallel: func() int { return client.Slots() * streamsPerPlace },
	}
	failed, err := job.Run(ctx, a.streams)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case failed > 0:
		return &partialError{failed: failed, of: len(a.streams), typ: told.overall()}
	default:
		return nil
	}
}

// attempt is the number of the platform's attempt at its job, counted from 0; 0 where there is none.
func attempt(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// states reads the state of each stream. A file that is not there means that there is no state yet, unless its path is
// mistyped: then everything is read again, which the user should hear of.
func (v *verbs) states(ctx context.Context) (map[string]json.RawMessage, error) {
	states, err := protocol.ReadState(v.command.State)
	if errors.Is(err, fs.ErrNotExist) {
		v.log.WarnContext(ctx, "there is no file at the path given with --state; every stream is read from its start", "path", v.command.State)
		return nil, nil
	}
	return states, err
}

// inputError is a file of the platform's or the user's that cannot be read.
type inputError struct{ error }

func (e *inputError) Unwrap() error { return e.error }
