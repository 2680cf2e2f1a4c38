package replicate

import (
	"context"
	"slices"

	"source-microsoft-dataverse/source/protocol"
)

// isEnding reports whether the process ends: then streams stay incomplete, and nothing is an error of theirs.
func isEnding(ctx context.Context) bool { return ctx.Err() != nil }

// endDone completes the streams that have the rows of all companies.
func (r *projectReader) endDone(ctx context.Context) error {
	var open []*packageReader
	for _, m := range r.open {
		if ctx.Err() != nil || slices.ContainsFunc(r.project.Companies, m.needs) {
			open = append(open, m)
			continue
		}
		if err := m.end(ctx); err != nil {
			return err
		}
	}
	r.open = open
	return nil
}

// end completes the streams that are open. If the process ends before they are complete, they stay incomplete.
func (r *projectReader) end(ctx context.Context) error {
	for _, m := range r.open {
		if ctx.Err() != nil {
			r.failed++
			m.progress.Stopped(ctx)
			if err := r.job.Output.Status(m.name(), protocol.Incomplete); err != nil {
				return err
			}
			continue
		}
		if err := m.end(ctx); err != nil {
			return err
		}
	}
	return nil
}

// failAll ends streams with an error, unless the process ends.
func (r *projectReader) failAll(ctx context.Context, streams []*packageReader, cause error) error {
	if isEnding(ctx) {
		return nil
	}
	for _, m := range streams {
		if err := r.fail(ctx, m, cause); err != nil {
			return err
		}
	}
	return nil
}

// fail ends a stream with an error. Its state keeps an execution that a later read can continue with, and drops any other.
func (r *projectReader) fail(ctx context.Context, m *packageReader, cause error) error {
	r.failed++
	r.open = slices.DeleteFunc(slices.Clone(r.open), func(other *packageReader) bool { return other == m })
	if m.state != nil && isSpent(cause) {
		m.forget(ctx)
		if err := m.save(); err != nil {
			return unwrapped(err)
		}
	}
	m.reportNulled()
	explained := r.job.Explain(Stream{Configured: m.stream.Configured}, cause)
	explained.Stream = m.name()
	m.progress.Failed(ctx, cause, explained)
	if err := r.job.Output.Fail(explained); err != nil {
		return err
	}
	return r.job.Output.Status(m.name(), protocol.Incomplete)
}
