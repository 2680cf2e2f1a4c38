//go:build race

package model_test

import "time"

// The race detector makes a trial five times as long.
const (
	usualTrials = 20
	perTrial    = 1250 * time.Millisecond
)
