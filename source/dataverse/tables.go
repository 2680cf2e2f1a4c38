package dataverse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Reasons why a requested table has no definition although no request failed.
var (
	// ErrNoDefinition reports that the service returned no definition, although it was requested twice and in two ways.
	ErrNoDefinition = errors.New("the service returned no definition of the table")
	// ErrNotAddressable reports that the Web API cannot address the rows of the table. The errors that follow wrap it.
	ErrNotAddressable = errors.New("the Web API cannot address the table's rows")
	// ErrNoEntitySet reports that the definition has no entity set.
	ErrNoEntitySet = fmt.Errorf("%w: its definition has no entity set", ErrNotAddressable)
	// ErrNoColumns reports that the definition has no column that can be read.
	ErrNoColumns = fmt.Errorf("%w: its definition has no column that can be read", ErrNotAddressable)
	// ErrNoKey reports that the definition names no key column.
	ErrNoKey = fmt.Errorf("%w: its definition has no key column", ErrNotAddressable)
	// ErrKeyUnreadable reports that the key column cannot be read.
	ErrKeyUnreadable = fmt.Errorf("%w: its key column cannot be read", ErrNotAddressable)
)

// obstacle returns why the rows of a table cannot be addressed, nil if they can.
func (t Table) obstacle() error {
	switch {
	case t.EntitySet == "":
		return ErrNoEntitySet
	case len(t.Columns) == 0:
		return ErrNoColumns
	case t.PrimaryID == "":
		return ErrNoKey
	case !t.Has(t.PrimaryID):
		return ErrKeyUnreadable
	default:
		return nil
	}
}

// TableError reports why one table of several could not be read. It wraps ErrNoDefinition, ErrNotAddressable or the
// *RequestError of the definition.
type TableError struct {
	Table string // logical name
	cause error
}

func (e *TableError) Error() string { return "table " + e.Table + ": " + e.cause.Error() }

// Unwrap returns the reason.
func (e *TableError) Unwrap() error { return e.cause }

// Missing reports whether the environment has no such table that the Web API can address, as opposed to a definition
// that could not be read.
func (e *TableError) Missing() bool {
	return errors.Is(e.cause, ErrNoDefinition) || errors.Is(e.cause, ErrNotAddressable)
}

const (
	// tablesPerRequest is how many tables one request for definitions names: about 12 KB of url of the 32 KB that a GET may
	// have, and a response of some megabytes.
	tablesPerRequest = 50
	// maxFailedDefinitions is the number of failed requests for definitions after which the search for the table that
	// causes the failures ends: a service that fails so often fails for another reason.
	maxFailedDefinitions = 60
)

// Tables reads the definitions of the named tables, columns included, and passes them to yield one by one, in no
// particular order and never concurrently. Repeated names count once.
//
// One table does not affect the others: if a response for several tables lacks some of them or cannot be read, they are
// requested in another way and then in smaller groups. The tables that remain without a definition are returned with
// the reasons, sorted by name. An error means that the service could not be read at all, or that yield failed.
func (c *Client) Tables(ctx context.Context, names []string, yield func(Table) error) ([]*TableError, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	group, ctx := errgroup.WithContext(ctx)
	r := &definitionReader{client: c, decoders: make(chan struct{}, runtime.GOMAXPROCS(0)), yield: yield}
	group.SetLimit(c.Slots() + cap(r.decoders)) // a response that is being decoded no longer has a slot
	for part := range slices.Chunk(names, tablesPerRequest) {
		group.Go(func() error { return r.read(ctx, part, fewAttempts) })
	}
	err := group.Wait()
	slices.SortFunc(r.failed, func(a, b *TableError) int { return strings.Compare(a.Table, b.Table) })
	return r.failed, err
}

// definitionReader reads definitions. Responses remain compressed until one of the decoders is free: decoded they take
// many times the memory, and more decoders than processors are no faster.
type definitionReader struct {
	client   *Client
	decoders chan struct{}
	failures atomic.Int32 // requests that failed

	mu     sync.Mutex // of what follows, and while yield runs
	yield  func(Table) error
	failed []*TableError
}

// read reads the definitions of some tables: by RetrieveMetadataChanges, then by the plain definitions, then in halves,
// down to the one table that cannot be read. The number of failures that a table may have caused is limited.
func (r *definitionReader) read(ctx context.Context, names []string, attempts int) error {
	found, err := r.either(ctx, names, attempts)
	switch {
	case err == nil:
		return r.deliver(ctx, names, found)
	case ctx.Err() != nil, !blamesTables(err):
		return err
	case len(names) == 1:
		return r.retrySingle(ctx, names, err)
	case r.failures.Load() > maxFailedDefinitions:
		r.fail(names, err)
		return nil
	}
	half := len(names) / 2
	if err := r.read(ctx, names[:half], 1); err != nil {
		return err
	}
	return r.read(ctx, names[half:], 1)
}

// either reads tables by RetrieveMetadataChanges, or by the plain definitions if that fails. If only the first fails,
// later calls use the plain definitions.
func (r *definitionReader) either(ctx context.Context, names []string, attempts int) ([]Table, error) {
	var first error
	if !r.client.plain.Load() {
		var found []Table
		if found, first = r.metadataChanges(ctx, names, attempts); first == nil || !refusesFunction(first) && !blamesTables(first) {
			return found, first
		}
	}
	found, err := r.plainDefinitions(ctx, names, attempts)
	switch {
	case err != nil:
		r.failures.Add(1)
	case first != nil && r.client.plain.CompareAndSwap(false, true):
		r.client.log.InfoContext(ctx, fmt.Sprintf("Dataverse refuses RetrieveMetadataChanges. The connector reads EntityDefinitions instead. The reason: %v", first))
	}
	return found, err
}

// retrySingle finds out whether the failure is due to one table or to the whole service: it requests the table again
// after the service has responded to another request.
func (r *definitionReader) retrySingle(ctx context.Context, names []string, cause error) error {
	if _, err := r.client.WhoAmI(ctx); err != nil {
		return cause
	}
	found, err := r.either(ctx, names, fewAttempts)
	switch {
	case err == nil:
		return r.deliver(ctx, names, found)
	case ctx.Err() != nil:
		return err
	default:
		r.fail(names, err)
		return nil
	}
}

// deliver passes on the tables that were found and requests those that are missing once more.
func (r *definitionReader) deliver(ctx context.Context, names []string, found []Table) error {
	if missing := namesWithout(names, found); len(missing) > 0 && !r.client.plain.Load() {
		more, err := r.plainDefinitions(ctx, missing, fewAttempts)
		var refused *APIError
		switch {
		case err == nil:
			found = append(found, more...)
		case errors.As(err, &refused) && !refused.Temporary(): // a service without the plain definitions
		case ctx.Err() != nil, !blamesTables(err):
			return err
		default:
			names = namesWith(names, found)
			r.fail(missing, err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range namesWithout(names, found) {
		r.failed = append(r.failed, &TableError{Table: name, cause: ErrNoDefinition})
	}
	for _, t := range found {
		if err := t.obstacle(); err != nil {
			r.failed = append(r.failed, &TableError{Table: t.LogicalName, cause: err})
			continue
		}
		if err := r.yield(t); err != nil {
			return err
		}
	}
	return nil
}

// fail records tables that could not be read.
func (r *definitionReader) fail(names []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		r.failed = append(r.failed, &TableError{Table: name, cause: err})
	}
}

// namesWithout returns the names for which no table was found.
func namesWithout(names []string, found []Table) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return isAmong(found, name) })
}

// namesWith returns the names for which a table was found.
func namesWith(names []string, found []Table) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isAmong(found, name) })
}

func isAmong(tables []Table, name string) bool {
	return slices.ContainsFunc(tables, func(t Table) bool { return t.LogicalName == name })
}

// refusesFunction reports whether the service refused one request as such, for good or until the attempts were used up.
// A limit, a refused token or a gateway, whose responses have no code, would affect any other request as well.
func refusesFunction(err error) bool {
	var refused *APIError
	var wait *WaitError
	if !errors.As(err, &refused) || errors.As(err, &wait) || refused.Status == http.StatusUnauthorized {
		return false
	}
	return !refused.Temporary() || refused.Code != "" && !refused.Throttled()
}

// blamesTables reports whether one of the requested tables may be the cause of an error, so that the others can be read
// without it. Errors that would affect any other request as well have another cause.
func blamesTables(err error) bool {
	var refused *APIError
	var broken *BrokenResponseError
	var wait *WaitError
	var signIn *SignInError
	switch {
	case errors.As(err, &wait), errors.As(err, &signIn):
		return false
	case errors.As(err, &broken):
		return !broken.notJSON
	case !errors.As(err, &refused):
		return TooExpensive(err)
	case refused.Throttled():
		return false
	}
	switch refused.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusRequestTimeout,
		http.StatusServiceUnavailable, http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return false
	default:
		return refused.Status >= http.StatusBadRequest
	}
}
