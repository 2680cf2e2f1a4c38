package finops

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// Status is the status of an execution, as GetExecutionSummaryStatus returns it.
type Status string

// The statuses of executions.
const (
	NotRun             Status = "NotRun"
	Executing          Status = "Executing"
	Succeeded          Status = "Succeeded"
	PartiallySucceeded Status = "PartiallySucceeded"
	Failed             Status = "Failed"
	Canceled           Status = "Canceled"
)

// Outcome is how a run goes that was planned. The zero value is a run that succeeds.
type Outcome struct {
	Refused  string        // the message with which ExportToPackage refuses; nothing runs
	Lost     bool          // ExportToPackage succeeds, but the execution never exists
	Stuck    bool          // it is executing until EndRuns
	Takes    time.Duration // 0: Options.RunTime
	Fails    bool          // it fails as a whole
	Canceled bool          // somebody cancels it in the client
	Failing  []string      // the labels of entities that fail; the others are exported
	Errors   []Message     // of GetExecutionErrors; nil: one for each entity that fails

	NoURL bool                // it succeeds, but its package never has a URL
	Edit  func([]byte) []byte // changes the package
}

// Message is an error of an execution.
type Message struct{ RecordID, Field, Text string }

// Execution is a run of a project.
type Execution struct {
	ID, Project, Company string
	User                 string // the client id of the application that ran it; empty: a person in the client
	Requested            time.Time
	Status               Status
	Rows                 map[string]int // exported rows by the label of the entity
}

// run is an execution of a project.
type run struct {
	id, project, company, user string
	requested, ends            time.Time
	outcome                    Outcome
	lines                      []lineRun
	blob                       *blob // nil: no package
	ended                      Status
}

// lineRun is a line of a project in an execution.
type lineRun struct {
	line    Line
	entity  *Entity
	rows    int
	failed  bool
	message string
}

// watermark identifies how far an incremental line was exported. That it is one for each company is an assumption.
type watermark struct{ project, entity, company string }

// Plan decides how the next runs of a project go, one after the other. Runs after those succeed.
func (e *Environment) Plan(project string, outcomes ...Outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := strings.ToLower(project)
	e.plans[name] = append(e.plans[name], outcomes...)
}

// RunInClient runs a project as a person does in the client. It takes the changes of incremental lines and occupies the project.
func (e *Environment) RunInClient(project, company string) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made++
	id := fmt.Sprintf("%s-%s-%s", project, e.now().Format("2006-01-02T15:04:05"), strings.ReplaceAll(guid.Derived("run", e.options.Prefix, fmt.Sprint(e.made)), "-", ""))
	return id, e.start(request{project: project, id: id, packageName: id, company: company}, "")
}

// EndRuns deletes all runs that do not end, as Job history › Delete does.
func (e *Environment) EndRuns() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runs = slices.DeleteFunc(e.runs, func(r *run) bool { return r.stuck() })
}

// CleanHistory removes all executions from the job log. Packages remain.
func (e *Environment) CleanHistory() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runs = nil
}

// Executions returns the executions in the job log, the oldest first, with those that cannot be found yet.
func (e *Environment) Executions() []Execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]Execution, 0, len(e.runs))
	for _, r := range e.runs {
		counts := map[string]int{}
		for _, l := range r.lines {
			counts[l.line.Entity] = l.rows
		}
		list = append(list, Execution{r.id, r.project, r.company, r.user, r.requested, r.status(e.now()), counts})
	}
	return list
}

// request is what ExportToPackage is asked for.
type request struct {
	project, id, packageName, company string
	reExecute                         bool
}

// start begins a run of a project. Errors are those of ExportToPackage. The lock is held.
func (e *Environment) start(q request, user string) error {
	p := e.project(q.project)
	if p == nil {
		return fmt.Errorf("Data project %s does not exist.", q.project) //nolint:staticcheck // the words of the service
	}
	outcome := e.nextOutcome(p.Name)
	now := e.now()
	switch {
	case outcome.Refused != "":
		return fmt.Errorf("%s", outcome.Refused)
	case p.Operation != "" && p.Operation != "Export", e.company(q.company) == nil, e.occupied(p.Name, now), e.used(q):
		return refusedExport(q)
	case outcome.Lost:
		return nil
	}
	r := &run{
		id: q.id, project: p.Name, company: strings.ToUpper(q.company), user: user, requested: now,
		ends: now.Add(cmp.Or(outcome.Takes, e.options.RunTime)), outcome: outcome,
	}
	e.export(r, p, q.packageName)
	e.runs = append(slices.DeleteFunc(e.runs, func(other *run) bool { return other.id == r.id }), r)
	return nil
}

// refusedExport is the generic refusal of ExportToPackage. Its text for each cause is not documented.
func refusedExport(q request) error {
	const text = "Exception occurred while executing action ExportToPackage on Entity DataManagementDefinitionGroup: " +
		"Export to package failed for definition group: %s, execution id: %s, reExecute: %t, legal entity: %s"
	return fmt.Errorf(text, q.project, q.id, q.reExecute, q.company) //nolint:staticcheck // the words of the service
}

func (e *Environment) nextOutcome(project string) Outcome {
	name := strings.ToLower(project)
	planned := e.plans[name]
	if len(planned) == 0 {
		return Outcome{}
	}
	e.plans[name] = planned[1:]
	return planned[0]
}

// occupied reports whether a run of the project blocks another one.
func (e *Environment) occupied(project string, now time.Time) bool {
	return slices.ContainsFunc(e.runs, func(r *run) bool {
		status := r.status(now)
		return r.project == project && (status == NotRun || status == Executing)
	})
}

// used reports whether an execution id was used before and must not be used again.
func (e *Environment) used(q request) bool {
	again := e.options.Behaviors.UsedID
	if again == UsedRunsAgain || again == UsedUnlessReExecute && q.reExecute {
		return false
	}
	return slices.ContainsFunc(e.runs, func(r *run) bool { return r.id == q.id })
}

// stuck reports whether a run never ends: it was planned so, or a line has no field mapping.
func (r *run) stuck() bool {
	return r.outcome.Stuck || slices.ContainsFunc(r.lines, func(l lineRun) bool { return l.line.Unmapped })
}

// status returns the status of a run at a time. A run is final only once its package exists.
func (r *run) status(now time.Time) Status {
	const prepared = 4 // a quarter of the time passes before it executes
	switch {
	case now.Before(r.requested.Add(r.ends.Sub(r.requested) / prepared)):
		return NotRun
	case r.stuck(), now.Before(r.ends):
		return Executing
	default:
		return r.ended
	}
}

// execution returns an execution that can be found now, nil if there is none. The lock is held.
func (e *Environment) execution(id string) *run {
	now, life := e.now(), cmp.Or(e.options.Behaviors.HistoryLife, usualHistoryLife)
	for _, r := range e.runs {
		if r.id == id && !now.Before(r.requested.Add(e.options.Behaviors.RecordDelay)) && now.Before(r.requested.Add(life)) {
			return r
		}
	}
	return nil
}

// newID returns a random id in capitals, as names of packages have it.
func newID() string { return strings.ToUpper(guid.New()) }
