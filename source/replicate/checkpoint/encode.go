package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
)

const (
	// Version is the version of the states that this program writes, unless they have ranges of the key.
	Version = 2
	// RangesVersion is the version of states with ranges of the key, or with what is to be verified after them: a program that
	// does not know them would read no rows. This program reads both versions.
	RangesVersion = 3
)

// FutureStateError reports a state that a newer version of the connector wrote.
type FutureStateError struct{ Version int }

func (e *FutureStateError) Error() string {
	return fmt.Sprintf("the saved state has version %d, and this version of the connector reads version %d", e.Version, RangesVersion)
}

// ErrBadState reports a state that is neither one of this connector nor one of the Python connector.
var ErrBadState = errors.New("the saved state was not written by this connector")

// Parse reads a state of this connector or of the Python connector ({"$deltatoken": "..."}). Empty input, null, {}, [],
// an object with only the Python CDK's own members (__ab_*), and the Python connector's "None" are no state: the result
// is nil. An error is a *FutureStateError or ErrBadState.
func Parse(raw json.RawMessage) (*State, error) {
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
		return parsePython(token)
	}
	if err := checkVersion(members["version"]); err != nil {
		return nil, err
	}
	var s State
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadState, err)
	}
	if reason := invalid(&s); reason != "" {
		return nil, fmt.Errorf("%w: %s", ErrBadState, reason)
	}
	return &s, nil
}

// IsNull reports whether the platform passed a null state, as it does for a backfill of new columns. Unlike with no
// state at all, the destination has rows.
func IsNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

// checkVersion rejects versions that this program does not read. It ignores all other members, which may have any type
// in a later version.
func checkVersion(raw json.RawMessage) error {
	var version int
	if raw != nil {
		if err := json.Unmarshal(raw, &version); err != nil {
			return fmt.Errorf("%w: its version: %w", ErrBadState, err)
		}
	}
	switch {
	case version > RangesVersion:
		return &FutureStateError{Version: version}
	case version < Version:
		return fmt.Errorf("%w: its version is %d", ErrBadState, version)
	default:
		return nil
	}
}

// invalid returns why a state violates the invariants of its phase, "" if it does not.
func invalid(s *State) string {
	switch s.Phase {
	case FullRefresh, TokenScan, ByVersion:
	case ByTime:
		if s.TimeColumn == "" {
			return "it has no time_column"
		}
	case Snapshot, Changes:
		if s.DeltaLink == "" {
			return "it has no delta link"
		}
	case ReconcileDeletions:
		if s.DeltaLink == "" || s.KnownKeys == nil || s.DeletionsUnknownSince.IsZero() {
			return "it has no delta link, or no keys to look for"
		}
	case Start:
		return "it is of a phase that is never saved"
	default:
		return fmt.Sprintf("its phase is %q", s.Phase)
	}
	switch {
	case !s.MaxCursor.Valid():
		return "its max_cursor is not a time"
	case s.Ranges != nil && (s.Phase != Snapshot && s.Phase != FullRefresh || s.Link != "" || s.Ranges.Left == nil):
		return "it has ranges of keys and no scan that reads them"
	}
	return ""
}

// Encode returns the state as the protocol carries it.
func (s State) Encode() (json.RawMessage, error) {
	s.Version = Version
	if s.Ranges != nil || s.Scanned != nil || s.Unexplained != 0 {
		s.Version = RangesVersion
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the state: %w", err)
	}
	return raw, nil
}
