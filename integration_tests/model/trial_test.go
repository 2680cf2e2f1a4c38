package model_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// trial is a sequence of steps in an environment. The same trial always does the same.
type trial struct {
	seed     uint64
	switches switches
	steps    []step
}

// draw makes the trial of a seed.
func draw(seed uint64) trial {
	r := rand.New(rand.NewPCG(seed, 0))
	return trial{seed: seed, switches: drawSwitches(r), steps: drawSteps(r)}
}

func (t trial) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\nswitches: %s\n", t.seed, t.switches)
	for i, s := range t.steps {
		fmt.Fprintf(&b, "%3d. %s\n", i+1, s)
	}
	return b.String()
}

// product is what is tried.
type product struct {
	specification []byte
	binary        *binary.Binary
}

// run plays the trial. The error is the first thing that is wrong; nil: nothing is.
func (p product) run(ctx context.Context, t trial) (err error) {
	directory, err := os.MkdirTemp("", "model")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	w := newWorld(t.switches)
	if w.environment, err = simulator.New(t.switches.options(t.seed, w.clock)); err != nil {
		return err
	}
	c := &connector{specification: p.specification, binary: p.binary, directory: directory}
	if err := c.serve(ctx, w.environment); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := w.enlarge(t.seed); err != nil {
		return err
	}
	if err := w.discover(ctx, c); err != nil {
		return err
	}
	for i, s := range t.steps {
		if err := w.step(ctx, c, s); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return w.settle(ctx, c, t.seed)
}

func newWorld(s switches) *world {
	w := &world{
		switches: s, clock: newClock(s.ago()), destination: destination.New(), offered: map[string]map[string]destination.Property{},
		changed: map[string]map[string]int{}, deleted: map[string]map[string]time.Time{}, selected: map[string]map[string]int{}, lost: map[string]bool{}, removed: map[string]bool{},
	}
	for _, stream := range streams {
		w.changed[stream], w.deleted[stream], w.selected[stream] = map[string]int{}, map[string]time.Time{}, map[string]int{}
	}
	return w
}

// discover makes the catalog of all streams with all columns.
func (w *world) discover(ctx context.Context, c *connector) error {
	args, err := c.arguments("discover", w.switches, nil, nil)
	if err != nil {
		return err
	}
	said := newOutput(cut{}, nil, nil)
	c.inProcess(ctx, args, 0, said)
	for _, line := range said.lines {
		message, err := destination.Parse(line)
		if err != nil || message.Catalog == nil {
			continue
		}
		offered, err := destination.ParseCatalog(message.Catalog)
		if err != nil {
			return err
		}
		if w.catalog, err = destination.Configure(offered, streams...); err != nil {
			return err
		}
		for _, s := range w.catalog.Streams {
			w.offered[s.Stream.Name] = maps.Clone(s.Stream.JSONSchema.Properties)
		}
		return nil
	}
	return fmt.Errorf("discover printed no catalog: %s", said.lines)
}

// step carries out a step. A read that nothing disturbs and that ends well must leave the tracked streams right.
func (w *world) step(ctx context.Context, c *connector, s step) error {
	switch s.kind { //nolint:exhaustive // all others concern the environment and the destination alone
	case read:
	case move:
		return c.serve(ctx, w.environment)
	default:
		w.do(s)
		return w.failed
	}
	report, code, err := w.read(ctx, c, s)
	if err != nil {
		return err
	}
	if err := w.warned(report); err != nil {
		return err
	}
	w.obey(report)
	if code == 0 && len(s.read.during) == 0 {
		return w.compare(tracked)
	}
	return nil
}

// settle reads in peace until a read succeeds, which must be soon, and compares. From then on there is nothing to tell. The
// user may see all rows by then.
func (w *world) settle(ctx context.Context, c *connector, seed uint64) error {
	for _, stream := range streams {
		w.do(step{kind: grant, table: stream})
		w.do(step{kind: track, table: stream})
	}
	if w.failed != nil {
		return w.failed
	}
	w.catalog.Streams = slices.DeleteFunc(w.catalog.Streams, func(s *destination.ConfiguredStream) bool { return w.removed[s.Stream.Name] })
	const attempts = 3
	var report *destination.Report
	for code, attempt := 1, 1; code != 0; attempt++ {
		if attempt > attempts {
			return fmt.Errorf("%d reads in peace, and none succeeds: %v", attempts, report.Errors)
		}
		var err error
		if report, code, err = w.peace(ctx, c, seed); err != nil {
			return fmt.Errorf("a read in peace: %w", err)
		}
		w.obey(report)
	}
	if err := w.compare(streams); err != nil {
		return fmt.Errorf("after a read in peace: %w", err)
	}
	return w.silent(ctx, c, seed)
}

// peace is a read that nothing disturbs, in a job of its own.
func (w *world) peace(ctx context.Context, c *connector, seed uint64) (*destination.Report, int, error) {
	report, code, err := w.read(ctx, c, step{kind: read, seed: seed, read: reading{newJob: true}})
	if err == nil {
		err = w.warned(report)
	}
	return report, code, err
}

// silent reads twice more. A walk that was interrupted has told of changes behind its first page, and its delta token may
// stand for that page: then they come once again. After that nothing does.
func (w *world) silent(ctx context.Context, c *connector, seed uint64) error {
	for again := range 2 {
		report, code, err := w.peace(ctx, c, seed)
		switch {
		case err != nil:
			return fmt.Errorf("a read without changes: %w", err)
		case code != 0:
			return fmt.Errorf("a read without changes fails: %v", report.Errors)
		}
		if err := w.compare(streams); err != nil {
			return fmt.Errorf("after a read without changes: %w", err)
		}
		told := slices.IndexFunc(tracked, func(stream string) bool { return !w.removed[stream] && report.Streams[stream].Records > 0 })
		switch {
		case told < 0:
			return nil
		case again > 0:
			return fmt.Errorf("nothing has changed in %s, and each read brings records", tracked[told])
		}
	}
	return nil
}
