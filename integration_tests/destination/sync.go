package destination

import (
	"errors"
	"fmt"
)

// Sync applies the output of one read of a source.
type Sync struct {
	destination *Destination
	catalog     Catalog
	streams     map[string]*progress
	report      *Report
	line        int
	keep        int // how many states are kept; below 0: all
	states      int // how many came
}

// Report is what a read brought.
type Report struct {
	// Violations are the violations of the protocol, each with the number of its line.
	Violations []error
	// Streams has an entry for each configured stream.
	Streams map[string]*StreamReport
	// Errors are all errors of the read, those of streams among them.
	Errors []Error
	Logs   []Log
}

// StreamReport is what a read brought of one stream.
type StreamReport struct {
	// Records counts all records, Deletions those of deleted rows.
	Records, Deletions int
	// States are the bodies of the STATE messages, in their order.
	States   []State
	Statuses []string
	Errors   []Error
}

func newReport() *Report { return &Report{Streams: map[string]*StreamReport{}} }

// Records counts the records of all streams.
func (r *Report) Records() int {
	sum := 0
	for _, s := range r.Streams {
		sum += s.Records
	}
	return sum
}

// Line applies a line of the source's stdout.
func (s *Sync) Line(line []byte) {
	s.line++
	message, err := Parse(line)
	if err != nil {
		s.violated("", err)
		return
	}
	switch message.Type {
	case "RECORD":
		s.record(message.Record)
	case "STATE":
		s.state(message.State)
	case "TRACE":
		s.trace(message.Trace)
	case "LOG":
		s.log(message.Log)
	default:
		s.violated("", fmt.Errorf("a %s in a read", message.Type))
	}
}

// KeepStates keeps only the first n states that come, of all streams together. The destination has committed the records
// of the later ones, and the platform has lost those states. Call it before the first line.
func (s *Sync) KeepStates(n int) { s.keep = n }

// End finishes the sync. code is the source's exit code, below 0 if the source was killed, and rest is what it wrote after
// its last line feed. Streams with deduplication keep their records whatever the code is; an overwrite, and a refresh that
// removes records, need a code of 0 and a COMPLETE.
func (s *Sync) End(code int, rest []byte) *Report {
	if len(rest) > 0 {
		s.violated("", fmt.Errorf("the output ends within a line: %.80q", rest))
	}
	if code == 0 && len(s.report.Errors) > 0 {
		s.violated("", errors.New("the exit code is 0 although the read reported an error"))
	}
	if code > 0 && len(s.report.Errors) == 0 {
		s.violated("", fmt.Errorf("the exit code is %d and the read reported no error", code))
	}
	for _, configured := range s.catalog.Streams {
		name := configured.Stream.Name
		if err := s.streams[name].end(code); err != nil {
			s.violated(name, err)
		}
	}
	return s.report
}

// Apply applies a complete output.
func (s *Sync) Apply(lines [][]byte, code int, rest []byte) *Report {
	for _, line := range lines {
		s.Line(line)
	}
	return s.End(code, rest)
}

// violated records a violation of the protocol.
func (s *Sync) violated(stream string, err error) {
	if stream != "" {
		err = fmt.Errorf("stream %s: %w", stream, err)
	}
	s.report.Violations = append(s.report.Violations, fmt.Errorf("line %d: %w", s.line, err))
}

func (s *Sync) trace(t *Trace) {
	if !isInteger(t.EmittedAt.String()) {
		s.violated("", fmt.Errorf("emitted_at of a TRACE is %q", t.EmittedAt))
	}
	switch {
	case t.Type == "ERROR" && t.Error != nil:
		s.failure(*t.Error)
	case t.Type == "STREAM_STATUS" && t.StreamStatus != nil:
		s.status(t.StreamStatus)
	case t.Type == "ESTIMATE" && t.Estimate != nil && t.Estimate.Rows != nil && t.Estimate.Bytes != nil:
	default:
		s.violated("", fmt.Errorf("a TRACE of type %q lacks its members", t.Type))
	}
}

func (s *Sync) status(status *StreamStatus) {
	p, configured := s.streams[status.Stream.Name]
	switch {
	case !configured:
		s.violated(status.Stream.Name, errors.New("a status of a stream that is not configured"))
	case status.Stream.Namespace != nil:
		s.violated(status.Stream.Name, errors.New("a status with a namespace"))
	default:
		if err := p.status(status); err != nil {
			s.violated(status.Stream.Name, err)
		}
	}
}

func (s *Sync) failure(e Error) {
	s.report.Errors = append(s.report.Errors, e)
	switch e.FailureType {
	case "config_error", "transient_error", "system_error":
	default:
		s.violated("", fmt.Errorf("an error of the failure_type %q", e.FailureType))
	}
	if e.Message == "" {
		s.violated("", errors.New("an error without a message"))
	}
	if e.Stream == nil {
		return
	}
	p, configured := s.streams[e.Stream.Name]
	if !configured {
		s.violated(e.Stream.Name, errors.New("an error of a stream that is not configured"))
		return
	}
	p.report.Errors = append(p.report.Errors, e)
}

func (s *Sync) log(l *Log) {
	s.report.Logs = append(s.report.Logs, *l)
	switch l.Level {
	case "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE":
	default:
		s.violated("", fmt.Errorf("a log of the level %q", l.Level))
	}
}
