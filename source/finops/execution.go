package finops

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Execution is one export of a project for one company. Its id is chosen here: ids that the service makes repeat when calls come
// quickly (Microsoft, "Data entities and packages": EnableNewNamingForPackageAPIExport).
type Execution struct {
	ID      string
	Project string
	Company string
	// Requested is when the connector asked for the export, by its own clock. An execution that was never asked for is unknown to
	// the service; one that was, may be for some time.
	Requested time.Time
}

const (
	// idPrefix begins the ids of this connector's executions.
	idPrefix = "ab-"
	// maxIDProject is how many characters of a project's name an id has. Ids of up to 83 characters have been seen; those of the
	// connector have at most 80.
	maxIDProject = 30
	idTime       = "20060102T150405Z"
	idBytes      = 8 // that are random
)

// NewExecution returns an execution with an id that no other has. It names the project and the company, so that the job log alone
// shows what an execution is.
func NewExecution(project, company string, now time.Time) Execution {
	random := make([]byte, idBytes)
	_, _ = rand.Read(random) // it never fails
	return Execution{
		ID:      idStart(project, company) + now.UTC().Format(idTime) + "-" + hex.EncodeToString(random),
		Project: project, Company: company, Requested: now.UTC().Truncate(time.Second),
	}
}

// idStart is the beginning of the ids of all executions of a project and a company.
func idStart(project, company string) string {
	return idPrefix + plain(project, maxIDProject) + "-" + plain(company, maxIDProject/2) + "-"
}

// plain returns the letters and digits of a text, at most so many.
func plain(text string, most int) string {
	kept := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
	return kept[:min(len(kept), most)]
}

// ExecutionOf returns the execution of a project and a company that an id of the job log names. ok is false if the id is not one of
// this connector, or of another project or company.
func ExecutionOf(id, project, company string) (x Execution, ok bool) {
	rest, found := strings.CutPrefix(id, idStart(project, company))
	if !found || len(rest) != len(idTime)+1+2*idBytes {
		return Execution{}, false
	}
	requested, err := time.Parse(idTime, rest[:len(idTime)])
	if err != nil {
		return Execution{}, false
	}
	return Execution{ID: id, Project: project, Company: company, Requested: requested.UTC()}, true
}

// Status is the status of an execution as a whole (Microsoft, "Data management package REST API": GetExecutionSummaryStatus).
type Status string

// The statuses. Those from Succeeded on are final, and reported only once the package exists.
const (
	Unknown            Status = "Unknown"
	NotRun             Status = "NotRun"
	Executing          Status = "Executing"
	Succeeded          Status = "Succeeded"
	PartiallySucceeded Status = "PartiallySucceeded"
	Failed             Status = "Failed"
	Canceled           Status = "Canceled"
)

// Ended reports whether an execution with this status has ended.
func (s Status) Ended() bool {
	return s == Succeeded || s == PartiallySucceeded || s == Failed || s == Canceled
}

// EntityOutcome is what the job log holds of one entity of an execution.
type EntityOutcome struct {
	Status string // such as Finished or Error; empty: the job log does not have the entity
	// Records is the number of records that the job log counts, the greatest of its counters: which one counts depends on
	// whether the project skips staging. 0 means none, or that it is not known.
	Records int64
}

// Failed reports whether the entity was not exported.
func (o EntityOutcome) Failed() bool {
	switch strings.ToLower(o.Status) {
	case "", "finished", "succeeded", "success", "notrun":
		return false
	default:
		return true
	}
}

// ran reports whether the entity was exported or tried: after another entity of the project failed, the rest may not be.
func (o EntityOutcome) ran() bool { return o.Status != "" && !strings.EqualFold(o.Status, notRun) }

// Outcome is how an execution ended.
type Outcome struct {
	Status Status
	// Completed is when it ended, by the service's clock. If the job log does not have it, it is when its end was noticed.
	Completed time.Time
	// Entities are the entities of the job log, by their labels in lower case; nil: the job log could not be read.
	Entities map[string]EntityOutcome
}

// Entity returns the outcome of an entity.
func (o Outcome) Entity(label string) EntityOutcome { return o.Entities[strings.ToLower(label)] }

// RefusedError reports that the service did not start an execution. The reason is often not in its message: the project does not
// export, the company does not exist, or another execution of the project runs.
type RefusedError struct {
	Execution Execution
	cause     error
}

func (e *RefusedError) Error() string { return e.cause.Error() }

// Unwrap returns the refusal.
func (e *RefusedError) Unwrap() error { return e.cause }

// ExportError reports an execution that failed.
type ExportError struct {
	Execution Execution
	Status    Status
	Messages  []string // of the service, grouped: the most frequent ones first
}

func (e *ExportError) Error() string {
	return fmt.Sprintf("the export of project %s for company %s ended as %s (execution %s)%s", e.Execution.Project, e.Execution.Company, e.Status,
		e.Execution.ID, afterColon(e.Messages))
}

// EntityError reports an entity that was not exported although others of the execution were.
type EntityError struct {
	Execution Execution
	Entity    string
	Status    string
	Messages  []string // of the execution, grouped
}

func (e *EntityError) Error() string {
	return fmt.Sprintf("the export of entity %s in project %s for company %s ended as %s (execution %s)%s", e.Entity, e.Execution.Project,
		e.Execution.Company, e.Status, e.Execution.ID, afterColon(e.Messages))
}

func afterColon(messages []string) string {
	if len(messages) == 0 {
		return ""
	}
	return ": " + strings.Join(messages, "; ")
}

// StuckError reports an execution that did not end in time.
type StuckError struct {
	Project   string
	Execution string        // its id
	Status    Status        // the last one
	After     time.Duration // how long the connector waited
	// Foreign reports that the execution is not one of this connector, which waits for it because a project has one at a time.
	Foreign bool
}

func (e *StuckError) Error() string {
	return fmt.Sprintf("execution %s of project %s is still %s after %v", e.Execution, e.Project, e.Status, e.After)
}

// LostError reports that the package of an execution cannot be retrieved any more, or that the execution is not known.
type LostError struct {
	Execution string
	Reason    string // a clause
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the package of execution %s is lost: %s", e.Execution, e.Reason)
}
