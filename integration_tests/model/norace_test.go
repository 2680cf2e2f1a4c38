//go:build !race

package model_test

import "time"

const (
	usualTrials = 60
	perTrial    = 250 * time.Millisecond // on two busy processors
)
