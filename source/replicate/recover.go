package replicate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
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

const (
	// restarts is how often one read begins a walk again before it gives up: what is refused once more each time is not
	// refused by chance.
	restarts = 3
	// headway is how many pages further a walk must have come for its restarts to be counted from the start.
	headway = 10
)

// persist reads, and goes on after errors from which the stream can recover. It returns the state at the end.
func (r *reader) persist(ctx context.Context, s *State, read func(context.Context, *State) error) (*State, error) {
	furthest, lightest := 0, map[Phase]int{}
	for left := restarts; ; left-- {
		r.pages = 0
		err := read(ctx, s)
		if r.pages >= furthest+headway {
			left, furthest = restarts, r.pages
		}
		var heavy *smallerPagesError
		tooHeavy := errors.As(err, &heavy)
		if least, found := lightest[s.Phase]; tooHeavy && (!found || heavy.rows < least) { // there are few sizes
			lightest[s.Phase] = heavy.rows
			left++
		}
		if err == nil || left == 0 {
			return s, err
		}
		if tooHeavy {
			r.log.WarnContext(ctx, "the walk begins again with smaller pages"+r.twice(s), "rows", heavy.rows)
			r.startAgain(s)
			s.PageSize = heavy.rows // whatever the state before
			continue
		}
		if s, err = r.recover(ctx, s, err); err != nil {
			return nil, err
		}
	}
}

// recover finds a state from which a stream can go on after an error. The error comes back where there is none.
func (r *reader) recover(ctx context.Context, s *State, err error) (*State, error) {
	if property := missingColumn(err); property != "" && r.table.Has(property) {
		return s, r.recoverColumns(ctx, s, property, err)
	}
	atStart := s.Link == r.startOf(s)
	switch {
	case notFound(err), !atStart && !ofLookup(err) && rejectedAs(err, http.StatusNotFound):
		return s, r.recoverTable(ctx, s, err)
	case ofLookup(err):
		return nil, err
	}
	if errors.Is(err, ErrTokenStrays) {
		r.versions.learn(LastPage)
		r.log.WarnContext(ctx, "the table is read once more, for its delta token cannot be proved to stand for a time before its rows", "reason", err.Error())
		return r.second(s), nil
	}
	// A column that is left out already is named by a link of an earlier selection.
	refused := linkRefused(err) || missingColumn(err) != ""
	switch {
	case s.Phase == Delta && (atStart && (refused || rejected(err)) || changesLost(err)):
		return r.resync(ctx, s, err)
	case atStart || !refused && !rejected(err) && !rejectedAs(err, http.StatusGone):
		return nil, err
	}
	r.leavePage(ctx, s, err)
	return s, nil
}

// leavePage begins a walk again, because the service refuses the page to go on from.
func (r *reader) leavePage(ctx context.Context, s *State, cause error) {
	r.log.WarnContext(ctx, "Dataverse no longer takes the page to go on from; its walk begins again"+r.twice(s), "reason", cause.Error())
	r.startAgain(s)
}

// sentTwice is what else there is to tell where a full reading begins again.
const sentTwice = ", and rows that were sent are sent once more: a destination that appends without removing duplicates holds them twice"

// twice is sentTwice where a full reading has come behind its first page, else nothing.
func (r *reader) twice(s *State) string {
	if s.Phase == Full && s.Link != r.startOf(s) {
		return sentTwice
	}
	return ""
}

// startOf is the page or the delta link that the state's walk began with.
func (r *reader) startOf(s *State) dataverse.Link {
	switch s.Phase {
	case Keys:
		return r.keysPage()
	case Delta:
		return s.Begin
	case Reconcile: // it has no page to go on from
		return ""
	case Full, First, Initial:
	}
	return r.firstPage()
}

// startAgain leads a state back to the start of its walk. A reading keeps its delta token: it stands for a time before
// all rows, however often they are read. One whose token would have come with its last page has none: what was deleted
// since its first page is unknown to the next.
func (r *reader) startAgain(s *State) {
	if s.tokenAtEnd() {
		*s = *r.second(s)
		return
	}
	s.Link = r.startOf(s)
	s.Restarts++
	switch s.Phase {
	case Keys:
		s.Issued = time.Time{}
	case Initial, Full:
		s.Rising = true // rows may have been sent already
	case First, Delta, Reconcile:
	}
}

// resync begins a second reading, because the changes cannot be had any more.
func (r *reader) resync(ctx context.Context, s *State, err error) (*State, error) {
	if r.FailOnExpiry {
		return nil, &TokenExpiredError{Table: r.table.LogicalName, Since: s.Issued, Cause: err}
	}
	next := r.second(s)
	advice := "rows deleted since then are found out by their keys"
	if next.Ledger == nil {
		advice = "rows deleted since then stay in the destination until the stream is refreshed"
	}
	r.log.WarnContext(ctx, "the changes since the last sync cannot be had; the table is read from the start, and "+advice,
		"followed_until", tellTime(since(s.Issued)), "reason", err.Error())
	return next, nil
}

// recoverColumns learns what columns the table has now, after the service refused one of them, and leads the state back
// to the start of its walk: the links of all its pages name the column. The definition may still have it, for the
// service's metadata are cached for half a minute.
func (r *reader) recoverColumns(ctx context.Context, s *State, property string, cause error) error {
	table, err := r.definition(ctx, cause)
	if err != nil {
		return err
	}
	twice := r.twice(s)
	if err := r.redefine(table.Without(property), cause); err != nil {
		return err
	}
	r.log.WarnContext(ctx, "a column was removed in Dataverse while the table was read, and is left out from now on"+twice, "column", property)
	r.startAgain(s)
	return nil
}

// recoverTable finds out why the service does not know the table's rows: the table is gone, or its entity set has
// another name now, under which its walk begins again. Where neither is true it does not know the page.
func (r *reader) recoverTable(ctx context.Context, s *State, cause error) error {
	table, err := r.definition(ctx, cause)
	if err != nil {
		return err
	}
	before, twice := r.table.EntitySet, r.twice(s)
	if table.EntitySet == before {
		if s.Link == r.startOf(s) || ofLookup(cause) {
			return cause
		}
		r.leavePage(ctx, s, cause)
		return nil
	}
	if err := r.redefine(*table, cause); err != nil {
		return err
	}
	r.log.WarnContext(ctx, "the table's entity set was renamed in Dataverse while it was read; its walk begins again"+twice,
		"before", before, "now", table.EntitySet)
	r.startAgain(s)
	return nil
}

// definition asks for the table as it is now. Its error holds the cause for which that is of interest, unless the table
// is gone.
func (r *reader) definition(ctx context.Context, cause error) (*dataverse.Table, error) {
	table, err := r.Environment.Table(ctx, r.table.LogicalName)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	if table == nil {
		return nil, &TableGoneError{Table: r.table.LogicalName}
	}
	return table, nil
}

// redefine goes on with another definition of the table.
func (r *reader) redefine(table dataverse.Table, cause error) error {
	plan, err := record.Compile(table, r.stream)
	if err != nil {
		return errors.Join(cause, err)
	}
	r.table, r.plan = table, plan
	return nil
}

// changesLost says whether an error means that a delta token is of no use any more.
func changesLost(err error) bool {
	var refused *dataverse.APIError
	return errors.Is(err, ErrRestored) || errors.Is(err, ErrNoChanges) || errors.Is(err, errFormerLink) ||
		dataverse.HasCode(err, dataverse.CodeTokenExpired, dataverse.CodeTokenMalformed) ||
		errors.As(err, &refused) && (refused.Status == http.StatusGone || strings.Contains(strings.ToLower(refused.Message), expiredMessage))
}

// expiredMessage is what the service says of an expired delta token, in lower case, whatever the code beside it
// (Microsoft, "Web service error codes", 0x80044352).
const expiredMessage = "version stamp associated with the client has expired"

// rejected says whether the service refuses a request for good and for what is in it, not for what the user may do or
// the table is. Of a delta link as the service sent it that can only be the token.
func rejected(err error) bool { return rejectedAs(err, http.StatusBadRequest) }

// rejectedAs is the same of another status.
func rejectedAs(err error, status int) bool {
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Status == status && !refused.Temporary() && !dataverse.TooExpensive(err) &&
		refused.MissingPrivilege() == "" && missingColumn(err) == "" &&
		!dataverse.HasCode(err, dataverse.CodePrivilegeMissing, dataverse.CodeNotMember, dataverse.CodeNoRoles, dataverse.CodeUserDisabled,
			dataverse.CodeNotTracked, dataverse.CodeRelatedNotTracked, dataverse.CodeNoRetrieve)
}

// notFound says whether the service knows no rows of the table: "Resource not found for the segment" (OData).
func notFound(err error) bool {
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Status == http.StatusNotFound &&
		(refused.Code == dataverse.CodeURINotParsed || strings.Contains(refused.Message, "Resource not found for the segment"))
}

// missingColumn is the property that the service refused because the table does not have it, or "".
func missingColumn(err error) string {
	var refused *dataverse.APIError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.MissingProperty()
}

// linkRefused says whether the service does not take a page's link any more, for another reason than a column.
func linkRefused(err error) bool {
	if dataverse.HasCode(err, dataverse.CodePageNumber, dataverse.CodePageOrder) {
		return true
	}
	var refused *dataverse.APIError
	return errors.As(err, &refused) && refused.Code == dataverse.CodeURINotParsed && refused.Status == http.StatusBadRequest && missingColumn(err) == ""
}
