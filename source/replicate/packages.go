package replicate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

const (
	// parallelProjects is the number of projects that are exported at once. One project has one execution at a time.
	parallelProjects = 2
	// stateInterval is the longest time without a message while an export runs: the platform may take a source for dead that
	// emits neither a record nor a state for hours (airbytehq/airbyte, "Heartbeats").
	stateInterval = 10 * time.Minute
)

// Exports is where packages come from.
type Exports interface {
	// AwaitIdle waits until no execution of a project runs, and returns the connector's own for a company if that runs. refused
	// reports that the last one was not started. notify is called before each wait, with the id of an execution that it waits for.
	AwaitIdle(ctx context.Context, project, company string, refused bool, notify func(execution string)) (*finops.Execution, error)
	// Export runs an execution to its end, or continues with one that was begun.
	Export(ctx context.Context, x finops.Execution, begun bool, notify func(finops.Status)) (finops.Outcome, error)
	// EntityFailed returns why an execution did not export an entity, nil if it did.
	EntityFailed(ctx context.Context, x finops.Execution, o finops.Outcome, label string) error
	// Download stores the package of an execution in a file, nil if there is none.
	Download(ctx context.Context, execution string, mayBeNone bool) (*finops.File, error)
}

// Project is a project of finance & operations some of whose entities are read. One execution for each company serves all of them.
type Project struct {
	Name      string
	Companies []string
	Entities  []PackageStream
}

// PackageStream is the stream of an entity of a project.
type PackageStream struct {
	Configured protocol.ConfiguredStream
	Entity     string // the label of the entity
	Shared     bool   // every execution has all rows, whatever its company
	State      []byte // stream_state as received, nil if there is none
	Err        error  // why the stream cannot be read; nil: it can
}

// readProjects reads the streams of all projects.
func (j *Job) readProjects(ctx context.Context, failures *atomic.Int64) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelProjects)
	for _, p := range j.Projects {
		group.Go(func() error {
			failed, err := j.readProject(ctx, p)
			failures.Add(int64(failed))
			return err
		})
	}
	return group.Wait()
}

// readProject reads the streams of a project, one company after the other, and returns how many failed. The error is that of
// the output.
func (j *Job) readProject(ctx context.Context, p Project) (failed int, err error) {
	r := &projectReader{job: j, project: p, log: j.Log.With("project", p.Name)}
	defer func() {
		if value := recover(); value != nil {
			err = r.failAll(ctx, r.open, fmt.Errorf("read project %s: panic: %v\n%s", p.Name, value, debug.Stack()))
		}
		failed = r.failed
	}()
	if err := r.begin(ctx); err != nil {
		return 0, err
	}
	for _, company := range r.companies() {
		if err := r.readCompany(ctx, company); err != nil {
			return 0, err
		}
		if err := r.endDone(ctx); err != nil {
			return 0, err
		}
	}
	return 0, r.end(ctx)
}

// projectReader reads the streams of one project.
type projectReader struct {
	job     *Job
	project Project
	log     *slog.Logger
	open    []*packageReader // the streams that have not ended
	refused bool             // the last execution was not started
	failed  int
}

// begin starts the streams, and ends those that cannot be read or are complete.
func (r *projectReader) begin(ctx context.Context) error {
	for _, s := range r.project.Entities {
		if ctx.Err() != nil { // nothing was emitted about the stream yet
			r.failed++
			continue
		}
		if err := r.job.Output.Status(s.Configured.Name, protocol.Started); err != nil {
			return err
		}
		reader := &packageReader{
			job: r.job, stream: s, log: r.log.With("stream", s.Configured.Name), progress: r.job.Progress.Stream(s.Configured.Name),
		}
		reader.progress.Started()
		r.open = append(r.open, reader)
		err := s.Err
		if err == nil {
			err = reader.begin(ctx, r.project.Name)
		}
		var out outputError
		switch {
		case errors.As(err, &out):
			return out.error
		case err == nil:
			continue
		}
		if err := r.failAll(ctx, []*packageReader{reader}, err); err != nil {
			return err
		}
	}
	return nil
}

// companies returns the companies in the order in which they are read: first one whose execution is open, because the project has
// no other at the same time.
func (r *projectReader) companies() []string {
	var first, others []string
	for _, company := range r.project.Companies {
		if r.openExecution(company, r.open) != nil {
			first = append(first, company)
		} else {
			others = append(others, company)
		}
	}
	return append(first, others...)
}

// openExecution returns the execution for a company that the states name, nil if there is none. One whose rows were sent
// in part comes first.
func (r *projectReader) openExecution(company string, members []*packageReader) *checkpoint.OpenExecution {
	var found *checkpoint.OpenExecution
	for _, m := range members {
		if x := m.state.Open; x != nil && x.Company == company && (found == nil || x.Rows > found.Rows) {
			found = x
		}
	}
	return found
}

// members returns the streams that the package of a company is read for. Shared entities are in every package; the first company
// that is read serves them.
func (r *projectReader) members(company string) []*packageReader {
	var members []*packageReader
	for _, m := range r.open {
		if m.needs(company) {
			members = append(members, m)
		}
	}
	return members
}

// needs reports whether the stream lacks the rows of a company.
func (m *packageReader) needs(company string) bool {
	return !m.state.Complete && !m.state.IsDone(company) && (!m.stream.Shared || len(m.state.Done) == 0)
}

// readCompany reads the streams for one company: it exports the project and reads the package. An execution that fails, or whose
// package is lost, is followed by another one a few times. An error of the export ends the streams that need it, and only they. The
// error is that of the output.
func (r *projectReader) readCompany(ctx context.Context, company string) error {
	for runs := 0; ; {
		members := r.members(company)
		if len(members) == 0 || isEnding(ctx) {
			return nil
		}
		err := r.readExecution(ctx, company, members)
		var output outputError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &output):
			return output.error
		}
		var refused *finops.RefusedError
		r.refused = errors.As(err, &refused)
		switch afterExport(err, runs) {
		case exportAgain:
			runs++
			r.log.WarnContext(ctx, fmt.Sprintf("The connector exports project %s for company %s again: %v.", r.project.Name, company, err))
			for _, m := range members {
				m.forget(ctx)
			}
		case downloadAgain:
			runs++
			r.log.WarnContext(ctx, fmt.Sprintf("The connector downloads the package of project %s for company %s again: %v.", r.project.Name, company, err))
		case endStreams:
			return r.failAll(ctx, r.members(company), err)
		}
	}
}

// readExecution exports the project for a company, or continues with an execution that was begun, and reads its package. The
// execution is in the states of all streams before it is requested.
func (r *projectReader) readExecution(ctx context.Context, company string, members []*packageReader) error {
	x, begun, err := r.execution(ctx, company, members)
	if err != nil {
		return err
	}
	for _, m := range members {
		m.progress.Phase(checkpoint.PackageExport)
		m.state.Begin(x.ID, company, x.Requested)
		if err := m.save(); err != nil {
			return err
		}
	}
	waiting := exportWait{members: members, saved: r.job.Now(), now: r.job.Now}
	outcome, err := r.job.Exports.Export(ctx, x, begun, waiting.notify)
	if err := errors.Join(waiting.failed, err); err != nil {
		return err
	}
	for _, m := range members {
		if m.state.Open.Completed.IsZero() {
			m.state.Open.Completed = outcome.Completed
		}
	}
	return r.readPackage(ctx, x, outcome, members)
}

// execution returns the execution to read for a company, and whether it has begun.
func (r *projectReader) execution(ctx context.Context, company string, members []*packageReader) (x finops.Execution, begun bool, err error) {
	if open := r.openExecution(company, members); open != nil {
		r.log.InfoContext(ctx, fmt.Sprintf("The export of project %s for company %s continues with execution %s.", r.project.Name, company, open.ID))
		return finops.Execution{ID: open.ID, Project: r.project.Name, Company: company, Requested: open.Requested}, true, nil
	}
	waiting, logged := exportWait{members: members, saved: r.job.Now(), now: r.job.Now}, ""
	running, err := r.job.Exports.AwaitIdle(ctx, r.project.Name, company, r.refused, func(execution string) {
		waiting.notify(finops.Executing)
		if execution != logged {
			logged = execution
			r.log.InfoContext(ctx, fmt.Sprintf("Execution %s of project %s is running. The connector waits until it ends, because a project has "+
				"one at a time.", execution, r.project.Name))
		}
	})
	switch {
	case waiting.failed != nil || err != nil:
		return finops.Execution{}, false, errors.Join(waiting.failed, err)
	case running != nil:
		r.log.InfoContext(ctx, fmt.Sprintf("The connector takes over its execution %s of project %s, which is running.", running.ID, r.project.Name))
		return *running, true, nil
	default:
		return finops.NewExecution(r.project.Name, company, r.job.Now()), false, nil
	}
}

// exportWait emits the states of streams again while their export runs.
type exportWait struct {
	members []*packageReader
	saved   time.Time
	now     func() time.Time
	failed  error
}

func (w *exportWait) notify(finops.Status) {
	if w.failed != nil || w.now().Sub(w.saved) < stateInterval {
		return
	}
	w.saved = w.now()
	for _, m := range w.members {
		if w.failed = m.saveAgain(); w.failed != nil {
			return
		}
	}
}
