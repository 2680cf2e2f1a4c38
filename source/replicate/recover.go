package replicate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// TokenExpiredError says that changes can no longer be followed, where the user has asked not to read again from the
// start.
type TokenExpiredError struct {
	Table string
	Since time.Time // changes after it are not known; zero if the time is not known either
	Cause error
}

func (e *TokenExpiredError) Error() string {
	return fmt.Sprintf("the changes of %s since %s cannot be had: %v", e.Table, tellTime(since(e.Since)), e.Cause)
}

// Unwrap returns what the service answered.
func (e *TokenExpiredError) Unwrap() error { return e.Cause }

// recover finds a state from which a stream can go on after an error. The error comes back where there is none.
func (r *reader) recover(ctx context.Context, s *State, err error) (*State, error) {
	if property := missingColumn(err); property != "" {
		return r.recoverColumns(ctx, s, property, err)
	}
	if !mustResync(err) {
		return nil, err
	}
	switch s.Phase {
	case Initial: // its delta token stands for a time before it, whatever became of the page
		r.log.WarnContext(ctx, "Dataverse no longer takes the page to go on from; the rows are read from the first page again", "reason", err.Error())
		s.Link, s.Rising = r.firstPage(), true
		return s, nil
	case Delta:
		return r.resync(ctx, s, err)
	default:
		r.log.WarnContext(ctx, "Dataverse no longer takes the page to go on from; the table is read from the start", "reason", err.Error())
		return r.second(s), nil
	}
}

// resync begins a second reading, because the changes cannot be had any more.
func (r *reader) resync(ctx context.Context, s *State, err error) (*State, error) {
	if r.FailOnExpiry {
		return nil, &TokenExpiredError{Table: r.table.LogicalName, Since: s.Issued, Cause: err}
	}
	next := r.second(s)
	advice := "rows deleted since then are found out by their keys"
	if next.Ledger == "" {
		advice = "rows deleted since then stay in the destination until the stream is refreshed"
	}
	r.log.WarnContext(ctx, "the changes since the last sync cannot be had; the table is read from the start, and "+advice,
		"followed_until", tellTime(since(s.Issued)), "reason", err.Error())
	return next, nil
}

// recoverColumns learns what columns the table has now, after the service refused one of them. The service may not
// know yet itself: its metadata are cached for half a minute.
func (r *reader) recoverColumns(ctx context.Context, s *State, property string, cause error) (*State, error) {
	table, err := r.Environment.Table(ctx, r.table.LogicalName)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	if table == nil {
		return nil, &TableGoneError{Table: r.table.LogicalName}
	}
	now := table.Without(property)
	plan, err := record.Compile(now, r.stream)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	r.log.WarnContext(ctx, "a column was removed in Dataverse while the table was read, and is left out from now on", "column", property)
	r.table, r.plan = now, plan
	switch s.Phase {
	case First:
		s.Link = r.firstPage()
	case Initial:
		s.Link, s.Rising = r.firstPage(), true
	case Delta, Keys, Reconcile, Full: // the walk fits its link to the columns itself, or asks for the key alone
	}
	return s, nil
}

// mustResync says whether an error means that a link or a delta token is of no use any more.
func mustResync(err error) bool {
	for _, known := range []error{ErrSelectIgnored, ErrRestored, ErrNoChanges} {
		if errors.Is(err, known) {
			return true
		}
	}
	if linkRefused(err) || dataverse.HasCode(err, dataverse.CodeTokenExpired, dataverse.CodeTokenMalformed) {
		return true
	}
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Status == http.StatusGone
}

// missingColumn is the property that the service refused because the table does not have it, or "".
func missingColumn(err error) string {
	var refused *dataverse.APIError
	if !errors.As(err, &refused) {
		return ""
	}
	property, _ := refused.MissingProperty()
	return property
}

// linkRefused says whether the service does not take a page's link any more.
func linkRefused(err error) bool {
	if dataverse.HasCode(err, dataverse.CodePageNumber, dataverse.CodePageOrder) {
		return true
	}
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Code == dataverse.CodeURINotParsed && refused.Status == http.StatusBadRequest
}
