package integration_tests_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheFaultsOfExportsAreDocumented(t *testing.T) {
	want := exportFaults()
	assert.True(t, strings.Contains(text(t, "docs/faults.md"), want), "docs/faults.md should hold:\n%s", want)
}

// exportFaults returns the table of docs/faults.md about exports.
func exportFaults() string {
	var b strings.Builder
	b.WriteString("| fault | outcome | what the error says |\n| --- | --- | --- |\n")
	recovered, reported := recoveredFaults(), reportedFaults()
	for _, name := range slices.Sorted(maps.Keys(recovered)) {
		outcome := "exact"
		switch more := recovered[name].exports - 1; {
		case more == 1:
			outcome += ", after another export"
		case more > 1:
			outcome += fmt.Sprintf(", after %d more exports", more)
		}
		fmt.Fprintf(&b, "| %s | %s | |\n", name, outcome)
	}
	for _, name := range slices.Sorted(maps.Keys(reported)) {
		f := reported[name]
		streams := "all streams of the project"
		if f.partly {
			streams = "the stream concerned"
		}
		fmt.Fprintf(&b, "| %s | `%s` of %s | %s |\n", name, f.failure, streams, f.message)
	}
	return b.String()
}
