package integration_tests_test

import (
	"cmp"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// phases are the columns of the matrix.
func phases() []faults.Phase {
	return []faults.Phase{
		faults.PhaseSignIn, faults.PhaseMetadata, faults.PhaseFirstPage, faults.PhaseMiddlePage, faults.PhaseLastPage,
		faults.PhaseChanges,
	}
}

// The outcomes of the matrix that are not errors.
const (
	exact = "exact" // the destination holds what the environment holds
	never = "–"     // the fault cannot occur in this phase
)

// outcome is an error in the matrix, as users see it.
type outcome struct {
	name, failure string
	sentences     []string // the message contains one of them
}

func outcomes() []outcome {
	return []outcome{
		{"throttled", "transient_error", []string{"The service protection limits of Dataverse rejected the connector's requests"}},
		{"long pause", "transient_error", []string{"Dataverse asked the connector to wait 2h0m0s before the next request"}},
		{"outage", "transient_error", []string{"without an error code of Dataverse", "failed: Dataverse responded with"}},
		{"unreadable", "transient_error", []string{"was unusable", "was a web page with the title"}},
		{"connection lost", "transient_error", []string{"The environment could not be reached", "was cut off each time"}},
		{"sign-in failed", "transient_error", []string{"could not sign in", "the sign-in host did not respond in time"}},
		{"sign-in refused", "config_error", []string{"The connector could not sign in"}},
		{"forbidden", "config_error", []string{"The application user lacks"}},
		{"token refused", "config_error", []string{"The environment rejected the access token that Microsoft Entra issued"}},
		{"outside link", "system_error", []string{"leads out of the environment's Web API"}},
		{"repeated link", "system_error", []string{"had sent before"}},
		{"no delta link", "system_error", []string{"cannot follow the response of Dataverse without losing rows"}},
	}
}

func outcomeNamed(name string) outcome {
	for _, o := range outcomes() {
		if o.name == name {
			return o
		}
	}
	return outcome{}
}

// parallelCells is how many cells run at the same time. Most of the time they wait.
const parallelCells = 16

func TestEveryFaultInEveryPhaseEndsAsItShould(t *testing.T) {
	require.NoError(t, buildErr)
	lab := newLab(t, simulator.Options{Seed: 9})
	streams := lab.discover()
	specification, err := os.ReadFile("../spec.json")
	require.NoError(t, err)

	var cells []*cell
	for _, f := range matrixRows() {
		for i, phase := range phases() {
			if f.want[i] != never {
				cells = append(cells, &cell{matrixRow: f, phase: phase, want: f.want[i], streams: streams, specification: specification, directory: t.TempDir()})
			}
		}
	}
	if raced { // a quarter of them is enough to find data races
		cells = slices.DeleteFunc(cells, func(c *cell) bool { return len(c.name)%4 != 0 })
	}
	slices.SortStableFunc(cells, func(a, b *cell) int { return cmp.Compare(b.limits.Attempt, a.limits.Attempt) }) // the slowest first
	stderr := captureStderr(t)
	slots := make(chan struct{}, parallelCells)
	var wait sync.WaitGroup
	for _, c := range cells {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c.run(t.Context())
		})
	}
	wait.Wait()
	assert.Empty(t, stderr(), "stderr")
	for _, c := range cells {
		t.Run(c.name+" at the "+string(c.phase)+": "+c.want, func(t *testing.T) { c.check(t) })
	}
}

// captureStderr redirects stderr to a file until the test ends, and returns a function that reads the file.
func captureStderr(t *testing.T) (written func() string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	before := os.Stderr
	os.Stderr = file
	log.SetOutput(file)
	t.Cleanup(func() {
		os.Stderr = before
		log.SetOutput(before)
		assert.NoError(t, file.Close())
	})
	return func() string {
		raw, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		return string(raw)
	}
}

func TestTheFaultMatrixIsDocumented(t *testing.T) {
	want := matrix()
	assert.True(t, strings.Contains(text(t, "docs/faults.md"), want), "docs/faults.md should hold:\n%s", want)
}

// matrix returns the tables of docs/faults.md.
func matrix() string {
	var b strings.Builder
	b.WriteString("| fault |")
	for _, p := range phases() {
		fmt.Fprintf(&b, " %s |", strings.ReplaceAll(string(p), "-", " "))
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", 1+len(phases())) + "\n")
	for _, f := range matrixRows() {
		fmt.Fprintf(&b, "| %s | %s |\n", f.name, strings.Join(f.want[:], " | "))
	}
	b.WriteString("\n## Errors\n\n| outcome | failure type | what the error says |\n| --- | --- | --- |\n")
	for _, o := range outcomes() {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", o.name, o.failure, strings.Join(o.sentences, "; or "))
	}
	return b.String()
}
