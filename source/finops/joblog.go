package finops

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// jobRow is a row of DataManagementExecutionJobDetails: one entity of one execution. The set is the job log; it has no company.
type jobRow struct {
	JobID      string `json:"JobId"`
	EntityName string `json:"EntityName"`

	StagingStatus, TargetStatus           string
	StagingEndDateTime, TargetEndDateTime string

	StagingRecordsToBeProcessedCount, StagingRecordsCreatedCount, TargetRecordsCreatedCount, TargetRecordsUpdatedCount json.Number
}

const jobDetails = dataPath + "DataManagementExecutionJobDetails"

// jobLog reads the rows of one execution.
func (c *Client) jobLog(ctx context.Context, execution string) ([]jobRow, error) {
	rows, err := rowsOf[jobRow](ctx, c, "read the job log of execution "+execution, filtered(jobDetails, "JobId", execution, allCompanies))
	return slices.DeleteFunc(rows, func(r jobRow) bool { return !strings.EqualFold(r.JobID, execution) }), err
}

// Running returns the ids of the executions of a project that have not ended, sorted, including those that others started. Their
// own statuses decide: the job log keeps the statuses of entities in executions that were aborted, so it shows only candidates.
func (c *Client) Running(ctx context.Context, project string) ([]string, error) {
	return c.running(ctx, project, false)
}

// running also returns those that have not begun if waiting is set.
func (c *Client) running(ctx context.Context, project string, waiting bool) ([]string, error) {
	rows, err := rowsOf[jobRow](ctx, c, "read the job log of project "+project,
		filtered(jobDetails, "DefinitionGroupId", project, "$select=JobId,EntityName,StagingStatus,TargetStatus", allCompanies))
	if err != nil {
		return nil, err
	}
	var open, running []string
	for _, r := range rows {
		if r.JobID != "" && (isOpen(r.StagingStatus) || isOpen(r.TargetStatus) || waiting && r.status() == notRun) {
			open = append(open, r.JobID)
		}
	}
	slices.Sort(open)
	for _, id := range slices.Compact(open) {
		status, _, err := c.status(ctx, id)
		if err != nil {
			return nil, err
		}
		if status == Executing || waiting && status == NotRun {
			running = append(running, id)
		}
	}
	return running, nil
}

// Exported returns the ids of the executions of a project that exported an entity, the newest first, at most a few.
func (c *Client) Exported(ctx context.Context, project string) ([]string, error) {
	const most = 3
	rows, err := rowsOf[jobRow](ctx, c, "read the job log of project "+project, filtered(jobDetails, "DefinitionGroupId", project, allCompanies))
	if err != nil {
		return nil, err
	}
	ended := map[string]time.Time{}
	for _, r := range rows {
		if at := r.ended(); r.JobID != "" && strings.EqualFold(r.status(), "Finished") && at.After(ended[r.JobID]) {
			ended[r.JobID] = at
		}
	}
	ids := slices.SortedFunc(maps.Keys(ended), func(a, b string) int { return cmp.Or(ended[b].Compare(ended[a]), cmp.Compare(a, b)) })
	return ids[:min(len(ids), most)], nil
}

// notRun is the status of a part of an entity that was not run.
const notRun = "NotRun"

// isOpen reports whether a status of the job log is one of an entity whose export has not ended. NotRun is also that of a part
// that is skipped, such as staging.
func isOpen(status string) bool {
	switch strings.ToLower(status) {
	case "executing", "preprocessing", "processing", "inprocess", "waiting", "queued":
		return true
	default:
		return false
	}
}

// outcomeOf returns the outcome of an execution by its rows of the job log.
func outcomeOf(status Status, rows []jobRow, noticed time.Time) Outcome {
	o := Outcome{Status: status, Entities: make(map[string]EntityOutcome, len(rows))}
	for _, r := range rows {
		if at := r.ended(); at.After(o.Completed) {
			o.Completed = at
		}
		o.Entities[strings.ToLower(r.EntityName)] = EntityOutcome{Status: r.status(), Records: r.records()}
	}
	if o.Completed.IsZero() {
		o.Completed = noticed.UTC().Truncate(time.Second)
	}
	return o
}

// ended is when the last part of the entity ended, zero if that is not known: 1900-01-01 is how the service writes no time.
func (r jobRow) ended() time.Time {
	var last time.Time
	for _, text := range []string{r.StagingEndDateTime, r.TargetEndDateTime} {
		if at, err := time.Parse(time.RFC3339, text); err == nil && at.Year() > 1900 && at.After(last) {
			last = at.UTC()
		}
	}
	return last
}

// status is that of the part which failed, or of the one that ran: without staging only the target has a status, and the
// reverse.
func (r jobRow) status() string {
	for _, status := range []string{r.TargetStatus, r.StagingStatus} {
		if (EntityOutcome{Status: status}).Failed() {
			return status
		}
	}
	for _, status := range []string{r.TargetStatus, r.StagingStatus} {
		if status != "" && !strings.EqualFold(status, notRun) {
			return status
		}
	}
	return notRun
}

func (r jobRow) records() int64 {
	var most int64
	for _, count := range []json.Number{
		r.StagingRecordsToBeProcessedCount, r.StagingRecordsCreatedCount, r.TargetRecordsCreatedCount, r.TargetRecordsUpdatedCount,
	} {
		if n, err := count.Int64(); err == nil {
			most = max(most, n)
		}
	}
	return most
}
