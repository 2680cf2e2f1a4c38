//go:build race

package model_test

// usualTrials is a fifth of the usual: the race detector makes a trial five times as long.
const usualTrials = 40
