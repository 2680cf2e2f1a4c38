package finops

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// fewPolls is how often an execution of an earlier process may be unknown before it is requested again: that process may have
// ended before its request was sent, or just after.
const fewPolls = 3

// Export runs an execution to its end and returns how it ended. An execution that an earlier process has begun is continued: it is
// requested only if the service does not know it. notify, unless it is nil, is called with each status.
//
// An execution that ended as Succeeded or PartiallySucceeded has a package. One that was not started is a *RefusedError, one that
// failed an *ExportError, one that does not end in time a *StuckError, and one that was known and is not any more a *LostError.
func (c *Client) Export(ctx context.Context, x Execution, begun bool, notify func(Status)) (Outcome, error) {
	sent := false
	if !begun {
		if err := c.request(ctx, x); err != nil {
			return Outcome{}, err
		}
		sent = true
	}
	outcome, err := c.await(ctx, x, sent, notify)
	var unknown *unknownError
	if errors.As(err, &unknown) {
		c.log.InfoContext(ctx, fmt.Sprintf("Finance & operations does not know execution %s, so the connector requests it again.", x.ID))
		if err := c.request(ctx, x); err != nil {
			return Outcome{}, err
		}
		outcome, err = c.await(ctx, x, true, notify)
	}
	if errors.As(err, &unknown) {
		err = &LostError{Execution: x.ID, Reason: "finance & operations does not know the execution, although it was requested"}
	}
	return outcome, err
}

// request asks for an export. If it is not known whether the request was executed, there is no error: the status shows it. The
// service runs the export while the request lasts, and may take longer than the network allows (microsoft/Dynamics-AX-Integration,
// issue 39).
func (c *Client) request(ctx context.Context, x Execution) error {
	err := c.export(ctx, x)
	var refused *APIError
	switch {
	case err == nil:
		c.log.InfoContext(ctx, fmt.Sprintf("Finance & operations exports project %s for company %s (execution %s).", x.Project, x.Company, x.ID))
		return nil
	case ctx.Err() != nil, unsent(err):
		return err
	case errors.As(err, &refused) && refused.Message != "":
		// An earlier request of this execution may have arrived after all.
		if _, known, statusErr := c.status(ctx, x.ID); statusErr == nil && known {
			return nil
		}
		if refused.Status == http.StatusBadRequest {
			return &RefusedError{Execution: x, cause: err}
		}
		return err
	case errors.As(err, &refused) && refused.Forbidden(), limited(err) != nil:
		return err
	}
	c.log.InfoContext(ctx, fmt.Sprintf("It is not known whether the request for execution %s arrived, so its status is read: %v", x.ID, err))
	return nil
}

// unknownError reports an execution that the service has not known for so long that it certainly does not run.
type unknownError struct{ execution string }

func (e *unknownError) Error() string { return "execution " + e.execution + " is not known" }

// await reads the status of an execution until it ends. sent reports that this process has requested it.
func (c *Client) await(ctx context.Context, x Execution, sent bool, notify func(Status)) (Outcome, error) {
	began, wait, ever, unknown := time.Now(), c.options.PollMin, false, 0
	for {
		status, known, err := c.status(ctx, x.ID)
		waited := time.Since(began)
		ever = ever || known
		switch {
		case err != nil:
			return Outcome{}, err
		case status.Ended():
			return c.outcome(ctx, x, status)
		case known:
			unknown = 0
		case ever:
			return Outcome{}, &LostError{Execution: x.ID, Reason: "its entry was removed from the job history"}
		default:
			unknown++
		}
		if !known && (sent && waited > c.options.Grace || !sent && unknown >= fewPolls) {
			if rows, err := c.jobLog(ctx, x.ID); err != nil || len(rows) == 0 {
				return Outcome{}, errors.Join(err, &unknownError{x.ID})
			}
		}
		if waited > c.options.Timeout {
			return Outcome{}, &StuckError{Project: x.Project, Execution: x.ID, Status: status, After: waited.Round(time.Second)}
		}
		if notify != nil {
			notify(status)
		}
		if wait, err = c.poll(ctx, wait); err != nil {
			return Outcome{}, err
		}
	}
}

// outcome returns how an execution ended.
func (c *Client) outcome(ctx context.Context, x Execution, status Status) (Outcome, error) {
	if status == Failed || status == Canceled {
		return Outcome{Status: status}, &ExportError{Execution: x, Status: status, Messages: c.messages(ctx, x.ID)}
	}
	noticed := time.Now()
	rows, err := c.jobLog(ctx, x.ID)
	if err != nil {
		return Outcome{}, err
	}
	return outcomeOf(status, rows, noticed), nil
}

// EntityFailed returns the error of an entity that an execution did not export, nil if it did.
func (c *Client) EntityFailed(ctx context.Context, x Execution, o Outcome, label string) error {
	entity := o.Entity(label)
	if !entity.Failed() && (o.Status == Succeeded || entity.Status != "" && entity.ran()) {
		return nil
	}
	return &EntityError{Execution: x, Entity: label, Status: entity.Status, Messages: c.messages(ctx, x.ID)}
}

// AwaitIdle waits until no execution of a project runs: a project has one at a time, including those that others start. If an
// execution of this connector for the company runs, AwaitIdle returns it instead. refused reports that an export was refused just
// now: then an execution that has not begun counts as well. Otherwise it does not, because it may never begin. notify is called
// before each wait, with the id of an execution that is waited for.
func (c *Client) AwaitIdle(ctx context.Context, project, company string, refused bool, notify func(execution string)) (*Execution, error) {
	began, wait := time.Now(), c.options.PollMin
	for {
		running, err := c.running(ctx, project, refused)
		if err != nil || len(running) == 0 {
			return nil, err
		}
		for _, id := range running {
			if x, ours := ExecutionOf(id, project, company); ours {
				return &x, nil
			}
		}
		if waited := time.Since(began); waited > c.options.Timeout {
			return nil, &StuckError{Project: project, Execution: running[0], Status: Executing, After: waited.Round(time.Second), Foreign: true}
		}
		notify(running[0])
		if wait, err = c.poll(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// poll waits before another request for a status or a url, and returns the next wait: half as long again, at most PollMax.
func (c *Client) poll(ctx context.Context, wait time.Duration) (next time.Duration, err error) {
	return min(wait*3/2, c.options.PollMax), sleep(ctx, wait)
}
