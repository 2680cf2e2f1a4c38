//go:build race

package integration_tests_test

// raced says that the race detector looks on, which makes everything many times slower.
const raced = true
