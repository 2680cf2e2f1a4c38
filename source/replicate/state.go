package replicate

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

// stateVersion is what this program writes. It reads all versions up to it.
const stateVersion = 1

// Phase is what a stream is busy with.
type Phase string

// The phases of a stream.
const (
	Full    Phase = "full"    // all rows, anew each time
	Initial Phase = "initial" // all rows, the first time of a tracked table
	Delta   Phase = "delta"   // the changes of a tracked table
)

// State is a stream's checkpoint. The platform keeps it and does not look inside.
type State struct {
	Version int   `json:"version"`
	Phase   Phase `json:"phase"`
	// Link is the page to go on from. Between two syncs it is the delta link: it holds the delta token in its raw
	// encoding and, in $select, the columns that the token was taken with.
	Link dataverse.Link `json:"link,omitempty"`
	// Begin is the delta link that the present walk through changes began with. Until the walk's end it is the only
	// one that stands for the whole of it.
	Begin dataverse.Link `json:"begin,omitempty"`
	// Issued is when the service issued the delta token, by its own clock.
	Issued time.Time `json:"issued,omitzero"`
	// Greatest is the greatest cursor sent.
	Greatest record.Cursor `json:"greatest,omitempty"`
	// Rising says that an initial walk is a second reading, whose versions must win over those of the first.
	Rising bool `json:"rising,omitempty"`
	// Organization is the environment's organisation. Another one behind the same url is a copy or a restored backup.
	Organization string `json:"organization,omitempty"`
	// Job is the platform's job that a full walk belongs to, empty outside the platform.
	Job string `json:"job,omitempty"`
	// Complete ends a full walk. The name is the one that Airbyte's Python CDK uses.
	Complete bool `json:"__ab_full_refresh_sync_complete,omitempty"`

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

// ParseState reads a checkpoint, of this connector or of the Python connector ({"$deltatoken": "..."}). nil, null, {}
// and the Python connector's "None" are no state: the result is nil.
func ParseState(raw json.RawMessage) (*State, error) {
	if len(raw) == 0 || string(raw) == `"None"` {
		return nil, nil
	}
	var parsed struct {
		State
		Token *string `json:"$deltatoken"`
	}
	if err := json.Unmarshal(raw, &parsed); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadState, err)
	}
	s := parsed.State
	switch {
	case s.Version > stateVersion:
		return nil, &FutureStateError{Version: s.Version}
	case s.Version == stateVersion:
		return &s, s.validate()
	case parsed.Token == nil || *parsed.Token == "" || *parsed.Token == "None":
		return nil, nil
	default:
		return &State{Version: stateVersion, Phase: Delta, token: dataverse.EncodeToken(*parsed.Token)}, nil
	}
}

func (s *State) validate() error {
	switch s.Phase {
	case Full, Initial, Delta:
	default:
		return fmt.Errorf("%w: its phase is %q", ErrBadState, s.Phase)
	}
	if s.Phase == Delta && s.Link == "" {
		return fmt.Errorf("%w: it has no delta token", ErrBadState)
	}
	if !s.Greatest.Valid() {
		return fmt.Errorf("%w: its greatest cursor is no time", ErrBadState)
	}
	return nil
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
