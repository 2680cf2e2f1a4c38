package source

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

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
	c, err := v.configure(ctx)
	if err != nil {
		return err
	}
	client, err := v.connect(c)
	if err != nil {
		return err
	}
	who, err := client.WhoAmI(ctx)
	if err != nil {
		return err
	}
	streams, err := streamsOf(ctx, client, configured, states)
	if err != nil {
		return err
	}
	v.warnDepth(ctx, client, who.UserID, streams)
	var told explainer
	job := replicate.Job{
		Environment: client, Output: v.out, Log: v.log, Explain: told.explain, Now: time.Now,
		PageSize: c.PageSize, Organization: who.OrganizationID, ID: v.Getenv("WORKER_JOB_ID"),
		FailOnExpiry: c.FailOnExpiredToken,
	}
	if slices.ContainsFunc(streams, followed) {
		job.TokenLife = v.tokenLife(ctx, client)
	}
	failed, err := job.Run(ctx, streams)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case failed > 0:
		return &partialError{failed: failed, of: len(streams), typ: told.overall()}
	default:
		return nil
	}
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

// followed says whether the changes of a stream are asked for.
func followed(s replicate.Stream) bool {
	return s.Configured.SyncMode == airbyte.SyncModeIncremental && s.Configured.Offers(airbyte.SyncModeIncremental)
}

// defaultTokenDays is for how long Dataverse keeps deletions where nobody has changed that
// (Microsoft, "Use change tracking to synchronize data with external systems").
const defaultTokenDays = 7

// tokenLife is for how long the environment takes delta tokens. Not every application user may read the setting.
func (v *verbs) tokenLife(ctx context.Context, client *dataverse.Client) time.Duration {
	days, err := client.TokenDays(ctx)
	if err != nil || days <= 0 {
		v.log.DebugContext(ctx, "organization.expirechangetrackingindays cannot be read", "assumed_days", defaultTokenDays, "error", err)
		days = defaultTokenDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// inputError is a file of the platform's or the user's that cannot be read.
type inputError struct{ error }

func (e *inputError) Unwrap() error { return e.error }

// streamsOf puts the configured streams together with their tables as they are now and their states.
func streamsOf(
	ctx context.Context, client *dataverse.Client, configured protocol.ConfiguredCatalog, states map[string]json.RawMessage,
) ([]replicate.Stream, error) {
	names := make([]string, len(configured.Streams))
	for i, s := range configured.Streams {
		names[i] = s.Name
	}
	tables := make(map[string]*dataverse.Table, len(names))
	err := client.Tables(ctx, names, func(t dataverse.Table) error {
		tables[t.LogicalName] = &t
		return nil
	})
	if err != nil {
		return nil, err
	}
	streams := make([]replicate.Stream, len(names))
	for i, s := range configured.Streams {
		streams[i] = replicate.Stream{Configured: s, Table: tables[s.Name], State: states[s.Name]}
	}
	return streams, nil
}
