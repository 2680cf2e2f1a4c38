package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Package is the checkpoint of a stream whose rows come from the packages of a project of finance & operations. Its phase is
// PackageRows. Every row of the companies in Done has been sent, and the first rows of the execution in Open.
type Package struct {
	Version int    `json:"version"`
	Phase   Phase  `json:"phase"`
	Project string `json:"project"`
	Entity  string `json:"entity"`
	// Job is the platform's job that the rows were sent by, empty outside the platform.
	Job        string `json:"job,omitempty"`
	Generation *int64 `json:"generation,omitempty"`
	// Columns are the selected columns, sorted.
	Columns []string `json:"columns"`
	// Done are the companies that are complete, in the order in which they were read.
	Done []string `json:"done,omitempty"`
	// Open is the execution that was requested and is not read completely; nil: there is none.
	Open *OpenExecution `json:"open,omitempty"`
	// Restarts is how often the stream was restarted. It makes its states differ from those sent before.
	Restarts int `json:"restarts,omitempty"`
	// Complete marks the end, as in State.
	Complete bool `json:"__ab_full_refresh_sync_complete,omitempty"`
}

// OpenExecution is an execution that is in a state before it is requested, so that no later process exports again what it has
// exported. Its package can be retrieved for seven days.
type OpenExecution struct {
	ID        string    `json:"execution"`
	Company   string    `json:"company"`
	Requested time.Time `json:"requested"`
	// Completed is when it ended; zero: that is not known. All its rows have the same time.
	Completed time.Time `json:"completed,omitzero"`
	// Rows is how many rows of the entity's file have been sent.
	Rows int64 `json:"rows,omitempty"`
}

// openLife is for how long a later job continues with an execution: its rows are as old as the execution, and a sync is expected to
// deliver newer ones.
const openLife = 24 * time.Hour

// ParsePackage reads a state of a package's stream. It returns nil in the cases in which Parse does, and the same errors.
func ParsePackage(raw json.RawMessage) (*Package, error) {
	saved, err := Parse(raw)
	if err == nil && saved == nil {
		return nil, nil
	}
	var future *FutureStateError
	if errors.As(err, &future) {
		return nil, err
	}
	var s Package
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadState, err)
	}
	if s.Phase != PackageRows || s.Version != Version {
		return nil, fmt.Errorf("%w: its phase is %q", ErrBadState, s.Phase)
	}
	if s.Open != nil && (s.Open.ID == "" || s.Open.Company == "" || s.Open.Rows < 0) {
		return nil, fmt.Errorf("%w: its open execution has no id or no company", ErrBadState)
	}
	return &s, nil
}

// Encode returns the state as the protocol carries it.
func (p Package) Encode() (json.RawMessage, error) {
	p.Version, p.Phase = Version, PackageRows
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write the state: %w", err)
	}
	return raw, nil
}

// PackageSync is what is known about a sync of a package's stream before any row is read.
type PackageSync struct {
	Project, Entity string
	Job             string // the platform's job, empty outside the platform
	Generation      *int64
	Columns         []string // that are selected, sorted
	Now             time.Time
}

// Open returns the state that a sync continues from. The rows that were sent count only within the job that sent them, and only
// if the columns are the same; outside the platform, those of a state that is not complete count. An execution that is open is kept: in
// the same job with the same columns at the row that was reached, otherwise from the first row and only if it is less than a day old.
// saved is nil if there is no saved state. Open does not change it.
func (y PackageSync) Open(saved *Package) (*Package, FullOpening) {
	s := &Package{Project: y.Project, Entity: y.Entity, Job: y.Job, Generation: y.Generation, Columns: y.Columns}
	if saved == nil || saved.Project != y.Project || saved.Entity != y.Entity {
		return s, FullRefreshBegins
	}
	s.Restarts = saved.Restarts
	sent := len(saved.Done) > 0 || saved.Open != nil && saved.Open.Rows > 0
	sameJob := saved.Job == y.Job
	switch {
	case saved.Complete && sameJob && y.Job != "":
		done := *saved
		return &done, FullRefreshDone
	case saved.Complete:
		return s, FullRefreshBegins
	case sameJob && slices.Equal(saved.Columns, y.Columns):
		s.Done = slices.Clone(saved.Done)
		if saved.Open != nil {
			open := *saved.Open
			s.Open = &open
		}
		if sent {
			return s, FullRefreshResumed
		}
		return s, FullRefreshBegins
	}
	if saved.Open != nil && y.Now.Sub(saved.Open.Requested) < openLife {
		open := *saved.Open
		open.Rows = 0
		s.Open = &open
	}
	if sameJob && sent {
		s.Restarts++
		return s, FullRefreshRestarted
	}
	return s, FullRefreshBegins
}

// IsDone reports whether a company is complete.
func (p *Package) IsDone(company string) bool { return slices.Contains(p.Done, company) }

// Begin notes an execution that is about to be requested, or that the stream continues with. Rows of another execution do not count.
func (p *Package) Begin(id, company string, requested time.Time) {
	if p.Open != nil && p.Open.ID == id {
		return
	}
	if p.Open != nil && p.Open.Rows > 0 {
		p.Restarts++
	}
	p.Open = &OpenExecution{ID: id, Company: company, Requested: requested}
}

// EndCompany notes that all rows of the open execution have been sent.
func (p *Package) EndCompany() {
	p.Done = append(p.Done, p.Open.Company)
	p.Open = nil
}
