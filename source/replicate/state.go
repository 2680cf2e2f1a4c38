package replicate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// stateVersion is what this program writes. It reads all versions up to it: version 1 knew neither Keys nor Reconcile,
// and its Initial walks had no delta link taken before them.
const stateVersion = 2

// Phase is what a stream is busy with.
type Phase string

// The phases of a stream. A tracked table that fits on one page goes from First to Delta at once. A larger one is read by way
// of Keys and Initial, for the service does not say which of its pages a delta token stands for, or by Initial alone where
// the environment's tokens are proved to stand for the first.
const (
	Full      Phase = "full"      // all rows, anew each time
	First     Phase = "first"     // the first page of a tracked table, hoped to be its only one
	Keys      Phase = "keys"      // the keys alone, to get a delta token before the rows are read
	Initial   Phase = "initial"   // all rows of a tracked table
	Reconcile Phase = "reconcile" // the keys alone, to find out which rows a second reading did not meet
	Delta     Phase = "delta"     // the changes of a tracked table
)

// State is a stream's checkpoint. The platform keeps it and does not look inside.
type State struct {
	Version int   `json:"version"`
	Phase   Phase `json:"phase"`
	// Link is the page to go on from. Between two syncs it is the delta link: it holds the delta token in its raw
	// encoding and, in $select, the columns that the token was taken with.
	Link dataverse.Link `json:"link,omitempty"`
	// PageSize is the size of the pages that Link numbers; 0: the link goes on behind a key, with pages of any size.
	PageSize int `json:"page_size,omitempty"`
	// Begin is the delta link, as the service sent it, that the present walk through changes began with, or that changes
	// are to be followed from once all rows are read. Until then it is the only one that stands for the whole of it.
	Begin dataverse.Link `json:"begin,omitempty"`
	// Bound is the version of a token that was issued right behind the first page. A reading has it whose own token comes
	// with its last page, and stands for the first: it must not be later.
	Bound uint64 `json:"bound,omitempty,string"`
	// Floor is the same of one issued before the first page was asked for: the reading's own must not be earlier either.
	Floor uint64 `json:"floor,omitempty,string"`
	// TokenOf is the page of a walk that the environment's delta tokens were found to stand for.
	TokenOf Moment `json:"token_of,omitempty"`
	// Issued is when the delta token was taken, by the service's clock: changes from before it are known. A token may
	// stand for its walk's first page, so it is the time of that.
	Issued time.Time `json:"issued,omitzero"`
	// Columns are those selected, where the delta link does not name them.
	Columns []string `json:"columns,omitempty"`
	// ByKeys says that the service did not take Columns with the delta token, so that changed rows are read by their keys.
	ByKeys bool `json:"by_keys,omitempty"`
	// Greatest is the greatest cursor sent.
	Greatest record.Cursor `json:"greatest,omitempty"`
	// Rising says that rows may have been sent before, and that the versions sent now must win over those.
	Rising bool `json:"rising,omitempty"`
	// Restarts is how often the present walk was begun again. It tells its states apart from those sent before.
	Restarts int `json:"restarts,omitempty"`
	// Ledger holds the keys that the destination has, of small tables; nil: they are too many, or not all known.
	Ledger *ledger `json:"ledger,omitempty"`
	// Gap is since when deletions may be missing in the destination. It ends when the ledger is reconciled, or with a
	// refresh of the stream.
	Gap time.Time `json:"deletions_unknown_since,omitzero"`
	// Organization is the environment's organisation. Another one behind the same url is a copy or a restored backup.
	Organization string `json:"organization,omitempty"`
	// Job is the platform's job that a full walk belongs to, empty outside the platform.
	Job string `json:"job,omitempty"`
	// Began is when a full walk began, by this machine's clock. Who follows changes after it does not know of deletions
	// since then.
	Began time.Time `json:"began,omitzero"`
	// Complete ends a full walk. The name is the one that Airbyte's Python CDK uses.
	Complete bool `json:"__ab_full_refresh_sync_complete,omitempty"`

	// upToDate says that changes were followed to their end in this run.
	upToDate bool
	// token is a delta token without a link, as the Python connector keeps it.
	token string
}

// FutureStateError says that a newer version of the connector wrote the state.
type FutureStateError struct{ Version int }

func (e *FutureStateError) Error() string {
	return fmt.Sprintf("the saved state has version %d, and this version of the connector reads up to %d", e.Version, stateVersion)
}

// ErrBadState says that a state is neither one of this connector nor one of the Python connector's.
var ErrBadState = errors.New("the saved state is not one of this connector")

// ParseState reads a checkpoint, of this connector or of the Python connector ({"$deltatoken": "..."}). nil, null, {},
// [], what holds only members of the Python CDK's own (__ab_*), and the Python connector's "None" are no state: the
// result is nil. An error is a *FutureStateError or ErrBadState.
func ParseState(raw json.RawMessage) (*State, error) {
	switch string(bytes.Join(bytes.Fields(raw), nil)) {
	case "", "[]", `"None"`:
		return nil, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadState, err)
	}
	maps.DeleteFunc(members, func(name string, _ json.RawMessage) bool { return strings.HasPrefix(name, "__ab_") })
	if len(members) == 0 {
		return nil, nil
	}
	if token, found := members["$deltatoken"]; found && members["version"] == nil {
		return pythonState(token)
	}
	if err := readable(members["version"]); err != nil {
		return nil, err
	}
	var s State
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadState, err)
	}
	return s.validate()
}

// readable refuses the versions that this program does not read. It looks at nothing else: the other members of a later
// version may be of any type.
func readable(raw json.RawMessage) error {
	var version int
	if raw != nil {
		if err := json.Unmarshal(raw, &version); err != nil {
			return fmt.Errorf("%w: its version: %w", ErrBadState, err)
		}
	}
	switch {
	case version > stateVersion:
		return &FutureStateError{Version: version}
	case version < 1:
		return fmt.Errorf("%w: it has no version", ErrBadState)
	default:
		return nil
	}
}

// pythonState takes over the delta token of the Python connector.
func pythonState(raw json.RawMessage) (*State, error) {
	var token *string
	if err := json.Unmarshal(raw, &token); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadState, err)
	}
	if token == nil || *token == "" || *token == "None" {
		return nil, nil
	}
	return &State{Version: stateVersion, Phase: Delta, Issued: issuedOf(*token), token: dataverse.EncodeToken(*token)}, nil
}

// issuedOf is the time that a delta token bears behind its version, as in "919042!08/22/2017 08:10:44" (Microsoft, "Use
// change tracking to synchronize data with external systems"). Any other form tells none: the result is zero.
func issuedOf(token string) time.Time {
	if decoded, err := url.PathUnescape(token); err == nil {
		token = decoded
	}
	_, text, _ := strings.Cut(token, "!")
	issued, err := time.Parse("01/02/2006 15:04:05", text)
	if err != nil {
		return time.Time{}
	}
	return issued
}

func (s State) validate() (*State, error) {
	wrong := ""
	switch s.Phase {
	case Full:
	case Initial:
		if s.Version > 1 && s.Begin == "" && s.Bound == 0 {
			wrong = "it has no delta token"
		}
	case Reconcile:
		if s.Begin == "" || s.Ledger == nil || s.Gap.IsZero() {
			wrong = "it has no delta token, or no keys to look for"
		}
	case Keys, Delta:
		if s.Link == "" {
			wrong = "it has no link"
		}
	default:
		wrong = fmt.Sprintf("its phase is %q", s.Phase)
	}
	if !s.Greatest.Valid() {
		wrong = "its greatest cursor is no time"
	}
	if wrong != "" {
		return nil, fmt.Errorf("%w: %s", ErrBadState, wrong)
	}
	return &s, nil
}

// nothingSent says whether the destination is known to have no rows of a tracked table. A first reading takes along a
// ledger, and a state whose ledger names the rows, or is dropped, goes ahead of them: one without keys proves that none
// was sent. A walk through the keys alone sends none. Of a full reading it is never known.
func (s *State) nothingSent() bool {
	switch s.Phase {
	case First, Keys:
		return !s.Rising
	case Initial:
		return !s.Rising && s.Greatest == "" && s.Ledger != nil && len(s.Ledger.keys) == 0
	case Full, Reconcile, Delta:
	}
	return false
}

// tokenAtEnd says whether the state is of a reading whose delta token comes with its last page.
func (s *State) tokenAtEnd() bool { return s.Phase == Initial && s.Begin == "" }

// inMiddle says whether the state stands behind a page of changes, before the last.
func (s *State) inMiddle() bool { return s.Phase == Delta && s.Begin != "" && s.Link != s.Begin }

// endReading goes on when all rows are read: to the ledger where it has to tell what is gone, else to the changes.
func (s *State) endReading() {
	if s.Ledger != nil && !s.Gap.IsZero() {
		s.Phase, s.Link = Reconcile, ""
		return
	}
	s.followFromBegin()
}

// followFromBegin goes on to the changes since the delta token.
func (s *State) followFromBegin() {
	s.Phase, s.Link, s.Begin, s.Bound, s.Floor, s.Rising, s.Restarts = Delta, s.Begin, "", 0, 0, false, 0
	if !s.Gap.IsZero() { // a ledger from now on would not know of the rows that are in doubt
		s.Ledger = nil
	}
}

// hold notes a key that the destination gets, and says whether it was known or need not be.
func (s *State) hold(key []byte) (known bool) {
	if s.Ledger == nil {
		return true
	}
	known, ok := s.Ledger.add(key)
	if !ok {
		s.Ledger = nil
	}
	return known || !ok
}

// release forgets a key that the destination has been told to delete.
func (s *State) release(key string) {
	if s.Ledger != nil {
		s.Ledger.remove(key)
	}
}

// trim drops a ledger that has become too large.
func (s *State) trim() {
	if s.Ledger != nil && !s.Ledger.fits() {
		s.Ledger = nil
	}
}

// Encode writes the state as it crosses the protocol.
func (s State) Encode() (json.RawMessage, error) {
	s.Version = stateVersion
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the state: %w", err)
	}
	return raw, nil
}
