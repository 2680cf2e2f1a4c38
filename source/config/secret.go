package config

import (
	"fmt"
	"io"
	"log/slog"
)

// stars stand where a secret would.
const stars = "****"

// Secret is a value that no log, error or message may show. It prints as stars in whatever way it is printed, logged or
// marshalled.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String returns stars.
func (s Secret) String() string { return stars }

// GoString returns stars.
func (s Secret) GoString() string { return stars }

// Format prints stars whatever the verb is: %x would go round String.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, stars) }

// MarshalText returns stars.
func (s Secret) MarshalText() ([]byte, error) { return []byte(stars), nil }

// MarshalJSON returns stars as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + stars + `"`), nil }

// LogValue returns stars.
func (s Secret) LogValue() slog.Value { return slog.StringValue(stars) }
