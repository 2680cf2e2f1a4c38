package integration_tests_test

import (
	"strings"

	"source-microsoft-dataverse/integration_tests/destination"
)

// warnings returns the warnings that contain all the words.
func warnings(report *destination.Report, words ...string) []string {
	var found []string
	for _, l := range report.Logs {
		if l.Level == "WARN" && holds(l.Message, words...) {
			found = append(found, l.Message)
		}
	}
	return found
}

// holds reports whether a text contains all the words.
func holds(text string, words ...string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
