package progress

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// Options are what a Sync knows from its start.
type Options struct {
	Connector string // the connector's name
	Version   string // the connector's version
	Log       *slog.Logger
	Now       func() time.Time
}

// Connection is what a Sync knows once the configuration has been read.
type Connection struct {
	Environment string              // the host
	Redact      func(string) string // masks secrets in texts
	// Throttled returns for how long the service has made all requests wait so far, and until when it does so now; zero: it
	// does not.
	Throttled func() (time.Duration, time.Time)
	// Users returns what each application user has done so far; nil: there is one user.
	Users func() []UserFigures
}

// Plan is what a Sync knows once it is prepared to read its streams.
type Plan struct {
	Organization    string     // its id
	ApplicationUser string     // its id, of which only the first characters are shown
	PageSize        int        // rows
	Requests        func() int // how many requests are under way at once, at most
	Parallel        func() int // how many streams are read at once, at most
	Streams         []PlannedStream
}

// PlannedStream is a stream before it is read.
type PlannedStream struct {
	Name        string
	Incremental bool
	HasState    bool  // an earlier sync has saved a state
	Estimate    int64 // rows that a read in full delivers, about
	Counted     bool  // Estimate is known
	Lanes       int   // how many pages of its rows are requested at once; 0 or 1: one
}

// Sync holds the counters of a sync. It is safe for concurrent use.
type Sync struct {
	options Options
	started time.Time

	mu         sync.Mutex
	connection Connection
	plan       Plan
	stage      Stage
	ended      time.Time
	outcome    Outcome
	streams    []*counters // in the order of the catalog
	byName     map[string]*counters
	failures   []Failure
	warnings   warnings
	samples    samples
	last       sampled // what the last line of progress was made from
}

// New returns the Sync of a sync that starts now.
func New(o Options) *Sync {
	return &Sync{options: o, started: o.Now(), byName: map[string]*counters{}, samples: newSamples()}
}

// Connect notes what the configuration says.
func (s *Sync) Connect(c Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connection = c
}

// Begin notes the plan, and logs what the sync is about to do.
func (s *Sync) Begin(ctx context.Context, p Plan) {
	s.mu.Lock()
	s.plan, s.stage = p, Reading
	for _, planned := range p.Streams {
		if s.byName[planned.Name] == nil {
			s.addStream(planned)
		}
	}
	line := p.Text(s.options, s.connection.Environment)
	s.mu.Unlock()
	s.options.Log.InfoContext(ctx, line)
}

// addStream adds the counters of a stream. The lock is held.
func (s *Sync) addStream(p PlannedStream) *counters {
	stream := newStream(s, p)
	s.streams, s.byName[p.Name] = append(s.streams, stream), stream
	return stream
}

// Stream returns the counters of a stream.
func (s *Sync) Stream(name string) replicate.StreamProgress {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stream := s.byName[name]; stream != nil {
		return stream
	}
	return s.addStream(PlannedStream{Name: name})
}

// Fail notes the error that ends the whole sync.
func (s *Sync) Fail(cause error, explained protocol.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcome = Failed
	s.failures = append(s.failures, newFailure(s.options.Now(), cause, explained))
}

// Warn notes a warning of the log. Its level is not looked at.
func (s *Sync) Warn(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings.add(Warning{At: s.options.Now(), Text: text})
}
