package replicate

import (
	"errors"
	"fmt"
	"time"

	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// TableGoneError reports that the environment no longer has a table of the stream's name that the Web API can address.
type TableGoneError struct{ Table string }

func (e *TableGoneError) Error() string {
	return fmt.Sprintf("the environment has no table %s that the Web API can read", e.Table)
}

// NotTrackedError reports that change tracking was on for a table when its stream was discovered and is off now.
type NotTrackedError struct{ Table string }

func (e *NotTrackedError) Error() string {
	return fmt.Sprintf("change tracking is off for table %s", e.Table)
}

// TokenExpiredError reports that changes can no longer be followed, where the user has chosen not to resync.
type TokenExpiredError struct {
	Table string
	Since time.Time // changes after it are not known; zero if the time is not known either
	Cause error
}

func (e *TokenExpiredError) Error() string {
	since := e.Since
	if since.IsZero() {
		since = checkpoint.UnknownTime()
	}
	return fmt.Sprintf("the changes of %s since %s cannot be retrieved: %v", e.Table, timeText(since), e.Cause)
}

// Unwrap returns the response of the service.
func (e *TokenExpiredError) Unwrap() error { return e.Cause }

var (
	// ErrLinkRepeats reports a page that leads back to one that was read before: the scan would never end.
	ErrLinkRepeats = errors.New("the service sent a next link that it had sent before")

	// ErrNotInOrder reports a page whose rows are not in the order of versionnumber that was requested, or lack it: the last one
	// is no position to continue from.
	ErrNotInOrder = errors.New("the rows of the page are not in the requested order of versionnumber")

	// errNoVersion reports a table that cannot be read by version, because a scan by version would never find some of its rows.
	errNoVersion = errors.New("some rows of the table have no version")

	// ErrNoProgress reports page after page without a new row.
	ErrNoProgress = errors.New("the service kept sending next links that lead to no other rows")

	// ErrNoDeltaLink reports that a scan with change tracking ended without a delta link. Either this scan has lost
	// rows, or the next sync would lose changes: the stream is not complete.
	ErrNoDeltaLink = errors.New("the last page of the tracked table has no delta link")

	// ErrNoChanges reports a response with all rows to a delta link, as the service sent with expired tokens until 2022:
	// deletions are not among them.
	ErrNoChanges = errors.New("the response to the delta link holds all rows instead of the changes")

	// ErrSelectIgnored reports changes without the columns that were requested.
	ErrSelectIgnored = errors.New("the changes do not carry the columns selected now")

	// ErrRestored reports that the environment's version is lower than at the last sync, so that later changes may have
	// versions that were already read.
	ErrRestored = errors.New("the environment's version is lower than at the last sync, as after a restored backup")

	// ErrOtherHistory reports that the newest row of the last sync has changed although the changes do not include it:
	// the environment was restored to a time before that sync and has been written to since.
	ErrOtherHistory = errors.New("the newest row of the last sync has another version although the changes do not include it, as after a restored backup")

	// errDeltaLinkLost reports a scan whose lookups came with their types, and whose last page lacks a delta link. Dataverse has
	// dropped the link of a scan with annotations before (MicrosoftDocs/powerapps-docs, issue 439).
	errDeltaLinkLost = errors.New("the last page has no delta link if the types of lookups are requested")

	// errNoContext reports a response to a delta link that does not say whether it holds changes.
	errNoContext = errors.New("the response to the delta link has no @odata.context")

	// errOldLink reports a delta link of an entity set that the table no longer has, in a form that cannot be rewritten.
	errOldLink = errors.New("the delta link is of the table's former entity set, and holds no delta token")
)

// outputError is a failure to write messages. It ends all streams.
type outputError struct{ error }

// lookupError is an error of a request for rows by their keys. It is no evidence against the link or the delta token that
// led to it.
type lookupError struct{ error }

func (e *lookupError) Unwrap() error { return e.error }

// smallerPagesError reports that a page was too expensive in a scan that numbers its pages: it has to restart with
// pages of this many rows.
type smallerPagesError struct {
	rows  int
	cause error
}

func (e *smallerPagesError) Error() string {
	return "a page was too expensive, and the table's pages are numbered: " + e.cause.Error()
}

func (e *smallerPagesError) Unwrap() error { return e.cause }
