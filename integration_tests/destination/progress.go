package destination

import (
	"errors"
	"fmt"
)

// progress is how far one stream of a sync has come.
type progress struct {
	configured *ConfiguredStream
	table      *table
	schema     *validator
	report     *StreamReport
	staged     map[string]version // the newest version of each key, of a stream with deduplication

	columns     []string // of the first row that came
	uncovered   int      // records since the last STATE
	lastEmitted int64
	ended       string // COMPLETE or INCOMPLETE
}

func newProgress(s *ConfiguredStream, schemas validators) (*progress, error) {
	overwrites := s.SyncMode == FullRefresh && s.DestinationSyncMode == Overwrite
	if !overwrites && s.DestinationSyncMode != AppendDedup {
		return nil, fmt.Errorf("%s with %s is not supported here", s.SyncMode, s.DestinationSyncMode)
	}
	if len(s.PrimaryKey) == 0 {
		return nil, errors.New("the stream has no key")
	}
	schema, err := schemas.of(s.Stream.JSONSchema)
	if err != nil {
		return nil, err
	}
	return &progress{configured: s, schema: schema, report: &StreamReport{}, staged: map[string]version{}}, nil
}

// status checks the order STARTED, RUNNING, ..., COMPLETE or INCOMPLETE. RUNNING may come again: it
// reports a limit of the service, or the end of that limit.
func (p *progress) status(s *StreamStatus) error {
	before := len(p.report.Statuses)
	p.report.Statuses = append(p.report.Statuses, s.Status)
	if p.ended != "" {
		return fmt.Errorf("%s after %s", s.Status, p.ended)
	}
	if first := s.Status == "STARTED"; first != (before == 0) {
		return fmt.Errorf("%s is status number %d", s.Status, before+1)
	}
	switch s.Status {
	case "STARTED", "RUNNING":
		return nil
	case "COMPLETE":
		p.ended = s.Status
		return p.complete()
	case "INCOMPLETE":
		p.ended = s.Status
		return nil
	default:
		return fmt.Errorf("the status %q is not one of the protocol's", s.Status)
	}
}

// complete checks that nothing is left open at COMPLETE.
func (p *progress) complete() error {
	switch {
	case !p.running():
		return errors.New("COMPLETE without RUNNING")
	case len(p.report.States) == 0:
		return errors.New("COMPLETE without a STATE")
	case p.uncovered > 0:
		return fmt.Errorf("COMPLETE after %d records that no STATE covers", p.uncovered)
	default:
		return nil
	}
}

// running reports whether records and states may come.
func (p *progress) running() bool { return len(p.report.Statuses) > 1 }

// open refuses what comes before RUNNING or after the end.
func (p *progress) open(kind string) error {
	switch {
	case p.ended != "":
		return fmt.Errorf("a %s after %s", kind, p.ended)
	case !p.running():
		return fmt.Errorf("a %s before RUNNING", kind)
	default:
		return nil
	}
}

// end applies the records, and checks that the stream ended as the exit code requires.
func (p *progress) end(code int) error {
	complete := code == 0 && p.ended == "COMPLETE"
	if p.configured.DestinationSyncMode == AppendDedup {
		p.table.merge(p.staged, complete)
	} else if complete {
		if err := p.table.replace(); err != nil {
			return err
		}
	}
	switch {
	case code == 0 && p.ended != "COMPLETE":
		return fmt.Errorf("the exit code is 0 and the stream's last status is %q", p.ended)
	case code >= 0 && len(p.report.Statuses) > 0 && p.ended == "":
		return errors.New("the stream was started and never ended")
	case p.ended == "COMPLETE" && len(p.report.Errors) > 0:
		return errors.New("the read reported an error of the stream, and it is COMPLETE")
	default:
		return nil
	}
}
