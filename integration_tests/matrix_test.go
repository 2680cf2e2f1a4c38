package integration_tests_test

import (
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

// The outcomes of the matrix that are no errors.
const (
	exact = "exact" // the destination holds what the environment holds
	never = "–"     // the fault cannot happen there
)

// outcome is an error of the matrix, as users meet it.
type outcome struct {
	name, failure string
	sentences     []string // one of them is told
}

func outcomes() []outcome {
	return []outcome{
		{"throttled", "transient_error", []string{"The service protection limits of Dataverse rejected the connector's requests"}},
		{"long pause", "transient_error", []string{"Dataverse asked the connector to wait 2h0m0s before the next request"}},
		{"outage", "transient_error", []string{"without an error code of Dataverse", "Dataverse failed at the request"}},
		{"unreadable", "transient_error", []string{"was not one of the Web API each time"}},
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

// atOnce is how many cells are tried at the same time. Most of their time they wait.
const atOnce = 8

func TestEveryFaultInEveryPhaseEndsAsItShould(t *testing.T) {
	require.NoError(t, buildErr)
	lab := newLab(t, simulator.Options{Seed: 9})
	streams := lab.discover()
	specification, err := os.ReadFile("../spec.json")
	require.NoError(t, err)

	var cells []*cell
	for _, f := range troubles() {
		for i, phase := range phases() {
			if f.want[i] != never {
				cells = append(cells, &cell{trouble: f, phase: phase, want: f.want[i], streams: streams, specification: specification, directory: t.TempDir()})
			}
		}
	}
	if raced { // a quarter of them shows what there is of races
		cells = slices.DeleteFunc(cells, func(c *cell) bool { return len(c.name)%4 != 0 })
	}
	stderr := captureStderr(t)
	places := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for _, c := range cells {
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			c.try(t.Context())
		})
	}
	wait.Wait()
	assert.Empty(t, stderr(), "stderr")
	for _, c := range cells {
		t.Run(c.name+" at the "+string(c.phase)+": "+c.want, func(t *testing.T) { c.judge(t) })
	}
}

// captureStderr turns stderr to a file until the test ends, and returns what reads it.
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
	for _, f := range troubles() {
		fmt.Fprintf(&b, "| %s | %s |\n", f.name, strings.Join(f.want[:], " | "))
	}
	b.WriteString("\n## Errors\n\n| outcome | failure type | what the error says |\n| --- | --- | --- |\n")
	for _, o := range outcomes() {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", o.name, o.failure, strings.Join(o.sentences, "; or "))
	}
	return b.String()
}
