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
	t := drawUntracked(trial{seed: seed, switches: drawSwitches(r), steps: drawSteps(r)})
	t.switches.labels, t.switches.two = drawLabels(seed), drawTwo(seed)
	return drawRanges(t)
}

func (t trial) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\nswitches: %s\n", t.seed, t.switches)
	for i, s := range t.steps {
		fmt.Fprintf(&b, "%3d. %s\n", i+1, s)
	}
	return b.String()
}

// product is the connector under test.
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
	c := &connector{specification: p.specification, binary: p.binary, directory: directory, hint: t.switches.ranges.hint}
	if err := c.serve(ctx, w.environment); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := w.enlarge(t.seed); err != nil {
		return err
	}
	w.takeBackup()
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
		switches: s, clock: newClock(s.ago()), destination: destination.New(), offered: map[string]map[string]destination.Property{}, history: map[string]*history{},
		changed: map[string]map[string]int{}, deleted: map[string]map[string]time.Time{}, selected: map[string]map[string]int{}, lost: map[string]bool{}, removed: map[string]bool{},
	}
	w.platform = destination.NewPlatform(w.destination)
	for _, stream := range tracked {
		w.history[stream] = &history{followed: w.clock.now()}
	}
	for _, stream := range streams {
		w.changed[stream], w.deleted[stream], w.selected[stream] = map[string]int{}, map[string]time.Time{}, map[string]int{}
	}
	return w
}

// discover configures all streams with all columns.
func (w *world) discover(ctx context.Context, c *connector) error {
	args, err := c.arguments("discover", w.switches, nil, nil)
	if err != nil {
		return err
	}
	o := newOutput(cut{}, nil, nil)
	c.inProcess(ctx, args, nil, o)
	for _, line := range o.lines {
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
	return fmt.Errorf("discover printed no catalog: %s", o.lines)
}

// step carries out a step. A read during which nothing changes must leave right the tracked streams that it completes.
func (w *world) step(ctx context.Context, c *connector, s step) error {
	switch s.kind { //nolint:exhaustive // all others concern the environment and the destination alone
	case read:
	case move:
		return c.serve(ctx, w.environment)
	default:
		w.do(s)
		return w.failed
	}
	open := len(w.open) > 0 // changes above its versions come once it has ended
	report, code, err := w.read(ctx, c, s)
	if err != nil {
		return err
	}
	if err := w.warned(report); err != nil {
		return err
	}
	w.obey(report)
	if code < 0 || len(s.read.events) > 0 || open {
		return nil
	}
	return w.compare(w.finished(code, report), report)
}

// finished returns the tracked streams whose rows a read has made complete in the destination. If it fails, no refresh ends.
func (w *world) finished(code int, report *destination.Report) []string {
	if code == 0 {
		return tracked
	}
	return slices.DeleteFunc(slices.Clone(tracked), func(stream string) bool {
		read := report.Streams[stream]
		return read == nil || !completed(read) || w.platform.Refreshing(stream) != ""
	})
}

// settle reads without disturbances until a read succeeds, which must be soon, and compares. The user may see all rows by
// then. After that nothing changes, and nothing is sent.
func (w *world) settle(ctx context.Context, c *connector, seed uint64) error {
	w.commitRows()
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
			return fmt.Errorf("%d quiet reads, and none succeeds: %v", attempts, report.Errors)
		}
		var err error
		if report, code, err = w.quiet(ctx, c, seed); err != nil {
			return fmt.Errorf("a quiet read: %w", err)
		}
		w.obey(report)
	}
	if err := w.compare(streams, report); err != nil {
		return fmt.Errorf("after a quiet read: %w", err)
	}
	if err := w.silent(ctx, c, seed); err != nil {
		return err
	}
	return w.renewed(ctx, c, seed)
}

// quiet is a read that nothing disturbs, in a new job.
func (w *world) quiet(ctx context.Context, c *connector, seed uint64) (*destination.Report, int, error) {
	report, code, err := w.read(ctx, c, step{kind: read, seed: seed, read: disturbances{newJob: true}})
	if err == nil {
		err = w.warned(report)
	}
	return report, code, err
}

// quietSuccess is a quiet read that has to succeed and to leave the streams right.
func (w *world) quietSuccess(ctx context.Context, c *connector, seed uint64) (*destination.Report, error) {
	report, code, err := w.quiet(ctx, c, seed)
	if err == nil && code != 0 {
		err = fmt.Errorf("the read fails: %v", report.Errors)
	}
	if err == nil {
		err = w.compare(streams, report)
	}
	return report, err
}

// silent reads twice more. A scan of changes that was interrupted has sent changes after its first page, and its delta
// token may correspond to that page: then they arrive once more. After that no row does.
func (w *world) silent(ctx context.Context, c *connector, seed uint64) error {
	for again := range 2 {
		report, err := w.quietSuccess(ctx, c, seed)
		if err != nil {
			return fmt.Errorf("a read without changes: %w", err)
		}
		sent := slices.IndexFunc(tracked, func(stream string) bool { return !w.removed[stream] && report.Streams[stream].Records > 0 })
		switch {
		case sent < 0:
			return nil
		case again > 0:
			return fmt.Errorf("nothing has changed in %s, and each read brings records", tracked[sent])
		}
	}
	return nil
}

// renewed refreshes a stream so that its rows go, or clears its data. From then on nothing can be missing, and no warning
// claims otherwise: after cleared data, which looks like a refresh that retains rows to a source, only on a condition.
func (w *world) renewed(ctx context.Context, c *connector, seed uint64) error {
	stream := tracked[seed%uint64(len(tracked))]
	how := []kind{refresh, clearData}[seed%2]
	if w.removed[stream] {
		return nil
	}
	w.do(step{kind: how, table: stream})
	for again := range 2 {
		report, err := w.quietSuccess(ctx, c, seed)
		if err == nil && again == 0 {
			err = w.eachRowOnce(stream, report)
		}
		if err != nil {
			return fmt.Errorf("after %s %s: %w", how, stream, err)
		}
		if how == clearData {
			continue
		}
		unknown, err := w.doubtsAfter(stream, report)
		if err != nil {
			return err
		}
		if since := unknown.since(); !since.IsZero() {
			return fmt.Errorf("after %s %s its state has deletions unknown since %s", how, stream, since)
		}
		for _, text := range []string{"deletions_unknown_since", "deletions_possibly_unknown_since", onCondition} {
			if messages := logged(report, stream, text, "WARN", "INFO"); len(messages) > 0 {
				return fmt.Errorf("after %s %s a read reports: %s", how, stream, messages[0])
			}
		}
	}
	return nil
}
