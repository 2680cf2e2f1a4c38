package config

import (
	"fmt"
	"io"
)

// stars replace a secret.
const stars = "****"

// Secret is a value that no log, error, or message may show. It prints as stars however it is printed, logged, or
// marshaled: package fmt calls Format first, encodings call MarshalText, and package slog calls either.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// Format prints stars for every verb.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, stars) }

// MarshalText returns stars.
func (s Secret) MarshalText() ([]byte, error) { return []byte(stars), nil }
