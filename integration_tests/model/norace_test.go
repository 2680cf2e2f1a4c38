//go:build !race

package model_test

const usualTrials = 200
