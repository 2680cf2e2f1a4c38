package replicate

import (
	"context"
	"time"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// Progress is notified of what the streams of a job do. It is safe for concurrent use.
type Progress interface {
	// Stream returns what is notified of one stream.
	Stream(name string) StreamProgress
}

// StreamProgress is notified of what one stream does, at most a few times for each page. Its methods return at once and are
// safe for concurrent use: records are written while the next page is read.
type StreamProgress interface {
	// Started reports that the stream is being read.
	Started()
	// Phase reports that a phase begins, or begins again.
	Phase(phase checkpoint.Phase)
	// PageRead reports a page that arrived whole, with its rows or keys. They may be discarded.
	PageRead(rows int)
	// Delivered reports records that were written, and their length in bytes.
	Delivered(rows, deletions int, bytes int64)
	// Lanes reports how many pages of the stream are requested at once from now on.
	Lanes(n int)
	// NoEstimate reports that Stream.Rows is not the number of rows that the stream will deliver.
	NoEstimate()
	// Throttled reports that the service makes the stream wait.
	Throttled(until time.Time)
	// Retried reports an attempt that failed and is repeated after a time, 0 if the service decides when.
	Retried(after time.Duration)
	// Nulled reports how many values of a column were replaced by null for a reason. A page that was not delivered in the end counts too.
	Nulled(column string, reason protocol.ChangeReason, cells int)
	// Complete, Stopped and Failed report the end of the stream. It is stopped if the process ends before. The failure is
	// what was written of the error.
	Complete(ctx context.Context)
	Stopped(ctx context.Context)
	Failed(ctx context.Context, cause error, explained protocol.Failure)
}

// noProgress is the Progress of a job without one.
type noProgress struct{}

func (noProgress) Stream(string) StreamProgress { return noProgress{} }

func (noProgress) Started()                                        {}
func (noProgress) Phase(checkpoint.Phase)                          {}
func (noProgress) PageRead(int)                                    {}
func (noProgress) Delivered(int, int, int64)                       {}
func (noProgress) Lanes(int)                                       {}
func (noProgress) NoEstimate()                                     {}
func (noProgress) Throttled(time.Time)                             {}
func (noProgress) Retried(time.Duration)                           {}
func (noProgress) Nulled(string, protocol.ChangeReason, int)       {}
func (noProgress) Complete(context.Context)                        {}
func (noProgress) Stopped(context.Context)                         {}
func (noProgress) Failed(context.Context, error, protocol.Failure) {}
