//go:build !race

package integration_tests_test

// raced reports whether the race detector is on, which makes everything many times slower.
const raced = false
