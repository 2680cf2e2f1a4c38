package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// Limits are how long a run may take where somebody waits for its answer. Zero values stand for the standard limits.
type Limits struct {
	Check    time.Duration // all of a check; 0: 3 minutes
	Discover time.Duration // all of a discovery; 0: 8.5 minutes
	Attempt  time.Duration // one attempt at one request; 0: 45 seconds in a check, else 5 minutes
	Backoff  time.Duration // at most before the second attempt at a request, and at most 60 times that before a further one; 0: 1 second
	Budget   time.Duration // one request with all its attempts and waits; 0: 2 minutes in a check, else 30 minutes
}

// standard fills in how long a check and a discovery may take; the limits of requests are the client's to fill in. The
// platform waits 9 minutes for a discovery and then tells nothing of its cause (airbytehq/airbyte-platform,
// AirbyteConfig.kt: DEFAULT_SIDECAR_FILE_TIMEOUT_MINUTES).
func (l Limits) standard() Limits {
	l.Check = cmp.Or(l.Check, 3*time.Minute)
	l.Discover = cmp.Or(l.Discover, 8*time.Minute+30*time.Second)
	return l
}

// slowError says that a verb was given up because it took too long.
type slowError struct {
	verb  protocol.Verb
	limit time.Duration
	cause error
}

func (e *slowError) Error() string {
	return fmt.Sprintf("%s took longer than %v: %v", e.verb, e.limit, e.cause)
}

func (e *slowError) Unwrap() error { return e.cause }

// within does the verb's work and ends it at the limit.
func (v *verbs) within(ctx context.Context, limit time.Duration, do work) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := v.connected(limited, do)
	if errors.Is(err, context.DeadlineExceeded) && limited.Err() != nil && ctx.Err() == nil {
		return &slowError{verb: v.command.Verb, limit: limit, cause: err}
	}
	return err
}

// limit sets how long the client's requests may take. In a check a person waits.
func (v *verbs) limit(o *dataverse.Options) {
	o.AttemptTimeout, o.WaitMin, o.WaitMax, o.Budget = v.Limits.Attempt, v.Limits.Backoff, 60*v.Limits.Backoff, v.Limits.Budget
	if v.command.Verb == protocol.Check {
		o.Attempts = 3
		o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 45*time.Second)
		o.Budget = cmp.Or(o.Budget, 2*time.Minute)
	}
}
