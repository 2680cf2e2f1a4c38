package replicate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const (
	// rowsPerState is the number of rows of an entity file after which a state is emitted.
	rowsPerState = 50_000
	// cellBytes is the length of the records that are written at once.
	cellBytes = 512 << 10
)

// packageReader reads one stream from the packages of its project. It writes its messages itself: a state is written before the
// execution that it names is requested.
type packageReader struct {
	job      *Job
	stream   PackageStream
	log      *slog.Logger
	progress StreamProgress
	state    *checkpoint.Package
	encoder  *record.CellEncoder
	stats    record.ColumnStats
	saved    []byte   // the state that was emitted last
	missing  []string // columns that have been reported as missing
}

func (m *packageReader) name() string { return m.stream.Configured.Name }

// begin opens the state and emits the status RUNNING.
func (m *packageReader) begin(ctx context.Context, project string) error {
	saved, err := checkpoint.ParsePackage(m.stream.State)
	if err != nil {
		return fmt.Errorf("read the state of %s: %w", m.name(), err)
	}
	var opening checkpoint.FullOpening
	m.state, opening = checkpoint.PackageSync{
		Project: project, Entity: m.stream.Entity, Job: m.job.ID, Generation: m.stream.Configured.GenerationID,
		Columns: slices.Sorted(maps.Keys(m.stream.Configured.Columns)), Now: m.job.Now(),
	}.Open(saved)
	switch opening {
	case checkpoint.FullRefreshDone:
		m.log.InfoContext(ctx, "This job has already read the stream completely.")
	case checkpoint.FullRefreshResumed:
		m.log.InfoContext(ctx, "The full refresh continues where it was interrupted.")
	case checkpoint.FullRefreshRestarted:
		m.log.WarnContext(ctx, "The selected columns have changed since the full refresh was interrupted, so it starts over."+rowsSentTwice)
	case checkpoint.FullRefreshBegins:
	}
	m.encoder = record.NewCellEncoder(m.stream.Configured, entityfile.Conversion{KeepNoDate: m.job.KeepNoDate}, &m.stats)
	return output(m.job.Output.Status(m.name(), protocol.Running))
}

// output marks an error as one of the output, which ends all streams.
func output(err error) error {
	if err != nil {
		return outputError{err}
	}
	return nil
}

// save emits the state if it differs from the one that was emitted last.
func (m *packageReader) save() error {
	raw, err := m.state.Encode()
	if err != nil || bytes.Equal(raw, m.saved) {
		return err
	}
	m.saved = raw
	return output(m.job.Output.Tracker().State(protocol.StreamState{Stream: m.name(), State: raw}))
}

// saveAgain emits the state also if it is the one that was emitted last.
func (m *packageReader) saveAgain() error {
	m.saved = nil
	return m.save()
}

// forget drops the open execution because it failed or its package is lost.
func (m *packageReader) forget(ctx context.Context) {
	if open := m.state.Open; open != nil {
		if open.Rows > 0 {
			m.log.WarnContext(ctx, "Rows of the lost package have been sent already."+rowsSentTwice)
			m.state.Restarts++
		}
		m.state.Open = nil
	}
}

// exported returns the streams whose entities an execution exported. The others end with the error.
func (r *projectReader) exported(ctx context.Context, x finops.Execution, o finops.Outcome, members []*packageReader) ([]*packageReader, error) {
	var exported []*packageReader
	for _, m := range members {
		err := r.job.Exports.EntityFailed(ctx, x, o, m.stream.Entity)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			exported = append(exported, m)
			continue
		}
		if err := r.fail(ctx, m, err); err != nil {
			return nil, output(err)
		}
	}
	return exported, nil
}

// readPackage downloads the package of an execution and reads the files of the streams. A stream whose file cannot be read ends
// with the error. An error that is about the package is returned.
func (r *projectReader) readPackage(ctx context.Context, x finops.Execution, o finops.Outcome, members []*packageReader) error {
	members, err := r.exported(ctx, x, o, members)
	if err != nil || len(members) == 0 {
		return err
	}
	file, err := r.job.Exports.Download(ctx, x.ID, mayBeEmpty(o))
	if err != nil {
		return err
	}
	var p *entityfile.Package
	if file != nil {
		defer file.Close() //nolint:errcheck // it was only read
		if p, err = entityfile.Open(file, file.Size(), entityfile.Options{}); err != nil {
			return err
		}
	} else if !mayBeEmpty(o) {
		return &finops.LostError{Execution: x.ID, Reason: "finance & operations has no url of it although the export succeeded"}
	}
	for _, m := range members {
		m.progress.Phase(checkpoint.PackageRows)
		err := m.read(ctx, p, o)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var out outputError
		var damaged *entityfile.DamagedError
		switch {
		case errors.As(err, &out), errors.As(err, &damaged):
			return err
		case err != nil:
			if err := r.fail(ctx, m, err); err != nil {
				return output(err)
			}
		}
	}
	return nil
}

// mayBeEmpty reports whether an execution exported no record, as far as the job log counts them.
func mayBeEmpty(o finops.Outcome) bool {
	for _, e := range o.Entities {
		if e.Records > 0 {
			return false
		}
	}
	return len(o.Entities) > 0
}

// end completes the stream.
func (m *packageReader) end(ctx context.Context) error {
	m.state.Complete = true
	if err := m.save(); err != nil {
		return unwrapped(err)
	}
	m.reportNulled()
	for _, c := range m.stats.Nulled() {
		m.log.WarnContext(ctx, whyNulled(c.Reason), "column", c.Name, "values", c.Count)
	}
	if err := m.job.Output.Status(m.name(), protocol.Complete); err != nil {
		return err
	}
	m.progress.Complete(ctx)
	return nil
}

// unwrapped returns the output's own error.
func unwrapped(err error) error {
	var out outputError
	if errors.As(err, &out) {
		return out.error
	}
	return err
}

func (m *packageReader) reportNulled() {
	for _, c := range m.stats.Nulled() {
		m.progress.Nulled(c.Name, c.Reason, c.Count)
	}
}
