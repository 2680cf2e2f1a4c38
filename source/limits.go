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

// Limits bound how long a run and its requests take. A zero value means the standard limit.
type Limits struct {
	Check    time.Duration // a whole check; 0: 3 minutes
	Discover time.Duration // a whole discovery; 0: 8.5 minutes
	Attempt  time.Duration // one attempt of a request; 0: 45 seconds in a check, else 5 minutes
	Backoff  time.Duration // the pause before the second attempt, and a sixtieth of the longest later pause; 0: 1 second
	Budget   time.Duration // one request with all its attempts and pauses; 0: 2 minutes in a check, else 30 minutes
}

// standard fills in the standard limits of a check and a discovery; package dataverse has those of requests. The platform
// waits 9 minutes for a discovery and then reports no cause (airbytehq/airbyte-platform, AirbyteConfig.kt:
// DEFAULT_SIDECAR_FILE_TIMEOUT_MINUTES).
func (l Limits) standard() Limits {
	l.Check = cmp.Or(l.Check, 3*time.Minute)
	l.Discover = cmp.Or(l.Discover, 8*time.Minute+30*time.Second)
	return l
}

// slowError reports that a verb did not finish within its limit.
type slowError struct {
	verb  protocol.Verb
	limit time.Duration
	cause error
}

func (e *slowError) Error() string {
	return fmt.Sprintf("%s did not finish within %v: %v", e.verb, e.limit, e.cause)
}

func (e *slowError) Unwrap() error { return e.cause }

// connectWithin is connect with a limit for the whole verb.
func (i *invocation) connectWithin(ctx context.Context, limit time.Duration, do work) error {
	return i.within(ctx, limit, func(ctx context.Context) error { return i.connect(ctx, do) })
}

// within does something with a limit for the whole verb. Its error is a *slowError if the limit has ended it.
func (i *invocation) within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(limited)
	if errors.Is(err, context.DeadlineExceeded) && limited.Err() != nil && ctx.Err() == nil {
		return &slowError{verb: i.command.Verb, limit: limit, cause: err}
	}
	return err
}

// apply sets the limits of a client's requests. They are narrower in a check and in doctor, where a person waits.
func (l Limits) apply(o *dataverse.Options, verb protocol.Verb) {
	o.AttemptTimeout, o.WaitMin, o.WaitMax, o.Budget = l.Attempt, l.Backoff, 60*l.Backoff, l.Budget
	if verb == protocol.Check || verb == protocol.Doctor {
		o.Attempts = 3
		o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 45*time.Second)
		o.Budget = cmp.Or(o.Budget, 2*time.Minute)
	}
}
