package config

import (
	"fmt"
	"io"
)

// stars stand where a secret would.
const stars = "****"

// Secret is a value that no log, error or message may show. It prints as stars in whatever way it is printed, logged or
// marshalled: package fmt asks for Format before anything else, encodings ask for MarshalText, and package slog for either.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// Format prints stars whatever the verb is.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, stars) }

// MarshalText returns stars.
func (s Secret) MarshalText() ([]byte, error) { return []byte(stars), nil }
