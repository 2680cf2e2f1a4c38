package progress

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// Outcome is how a stream, or the whole sync, has ended.
type Outcome string

// The outcomes.
const (
	Open       Outcome = ""           // it has not ended
	Complete   Outcome = "complete"   // everything was delivered
	Incomplete Outcome = "incomplete" // the process was stopped before the end
	Failed     Outcome = "failed"     // an error ended it
)

// Seconds is a duration that JSON has as a number of seconds with at most three decimals.
type Seconds time.Duration

// MarshalJSON returns the number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(time.Duration(s).Seconds()*1000) / 1000)
}

// UnmarshalJSON reads a number of seconds.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return fmt.Errorf("read a number of seconds: %w", err)
	}
	*s = Seconds(seconds * float64(time.Second))
	return nil
}

// Figures counts what was delivered and what it took.
type Figures struct {
	Rows      int64   `json:"rows"`              // records of rows that were written
	Deletions int64   `json:"deletions"`         // records of deletions that were written
	Bytes     int64   `json:"bytes"`             // length of these records as written, in bytes
	Pages     int64   `json:"pages"`             // responses with rows or keys that arrived whole
	Retries   int64   `json:"retries"`           // attempts at pages that failed and were repeated
	Waited    Seconds `json:"waited_seconds"`    // time in which the service made the requests wait, or an attempt was delayed
	Estimate  int64   `json:"estimate,omitzero"` // rows to expect, about; 0: not known
}

// add adds the figures of a stream to a total. Waited is left out: streams wait at the same time.
func (f *Figures) add(other Figures) {
	f.Rows += other.Rows
	f.Deletions += other.Deletions
	f.Bytes += other.Bytes
	f.Pages += other.Pages
	f.Retries += other.Retries
	f.Estimate += other.Estimate
}

// Records returns the number of RECORD messages.
func (f *Figures) Records() int64 { return f.Rows + f.Deletions }

// UserFigures counts what one of several application users has done.
type UserFigures struct {
	Name      string  `json:"name"`
	Requests  int64   `json:"requests"` // attempts included
	Records   int64   `json:"records"`  // of the pages that it read
	Throttled Seconds `json:"throttled_seconds"`
}

// PhaseSpan is the time that a stream spent in a phase. A phase that starts over has another span.
type PhaseSpan struct {
	Phase   checkpoint.Phase `json:"phase"`
	From    time.Time        `json:"from"`
	To      time.Time        `json:"to,omitzero"` // zero: the stream is in this phase
	Pages   int64            `json:"pages"`
	Scanned int64            `json:"scanned"`        // rows or keys on these pages, delivered or not
	Waited  Seconds          `json:"waited_seconds"` // the part of the time in which the stream waited, as in Figures
	// Lanes is the time that the pages would have taken one after the other: for each moment of the span, as many moments as
	// pages were requested at once. 0: one was, all the time.
	Lanes Seconds `json:"-"`
}

// StreamFigures describes one stream at a moment.
type StreamFigures struct {
	Name    string      `json:"name"`
	Mode    string      `json:"mode"` // "incremental" or "full refresh"
	Outcome Outcome     `json:"outcome,omitempty"`
	Started time.Time   `json:"started,omitzero"` // zero: it has not started
	Ended   time.Time   `json:"ended,omitzero"`   // zero: it has not ended
	Figures Figures     `json:"figures"`
	Phases  []PhaseSpan `json:"phases,omitempty"` // in order; the last one without To is the current one
	// Waiting is until when the stream waits, and WaitingFor is why, a clause such as "Dataverse limits the connector". Both
	// are zero if it does not wait.
	Waiting    time.Time `json:"-"`
	WaitingFor string    `json:"-"`
	// Lanes is how many pages of the stream are requested at once when it reads its rows; 0 or 1: one.
	Lanes int `json:"-"`
	// EstimateKnown reports that Figures.Estimate is known, even if it is 0.
	EstimateKnown bool `json:"-"`
	// ReadsChanges reports that the stream follows changes from a saved state, so that it has no estimate.
	ReadsChanges bool `json:"-"`
}

// Phase returns the current or last phase, "" before the first one.
func (s *StreamFigures) Phase() checkpoint.Phase {
	if len(s.Phases) == 0 {
		return ""
	}
	return s.Phases[len(s.Phases)-1].Phase
}

// Duration returns for how long the stream has run at a moment.
func (s *StreamFigures) Duration(at time.Time) time.Duration {
	switch {
	case s.Started.IsZero():
		return 0
	case s.Ended.IsZero():
		return at.Sub(s.Started)
	default:
		return s.Ended.Sub(s.Started)
	}
}

// Snapshot is the state of a sync at a moment. It shares no memory with the Sync.
type Snapshot struct {
	At      time.Time
	Started time.Time
	Stage   Stage
	Streams []StreamFigures // in the order of the catalog; empty until the streams are known
	Totals  Figures         // of all streams; Waited is the time in which the service made all requests wait
	// EstimateKnown reports whether Totals.Estimate covers every stream. Streams that follow changes count with what they have
	// delivered.
	EstimateKnown bool
	Parallel      int // streams that are read at once
	Remaining     Remaining
	// Waiting is until when the service makes all requests wait; zero: it does not.
	Waiting time.Time
}

// Stage is the part of a sync that precedes, contains or follows the reading of streams.
type Stage int

// The stages, in order.
const (
	Preparing Stage = iota // the definitions of the tables are read
	Reading
	Ended
)
