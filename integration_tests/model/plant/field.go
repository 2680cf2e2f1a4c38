package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/integration_tests/model/planted"
)

// field is a copy of the module.
type field struct {
	root   string
	trials int
	seeds  map[string]int64 // a trial that found a defect before, by the defect's name
}

// copy copies the module without files and directories whose names begin with a dot.
func (f field) copy(from string) error {
	if _, err := os.Stat(filepath.Join(from, "go.mod")); err != nil {
		return fmt.Errorf("this is not the module's root: %w", err)
	}
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != from && strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("copy the module: %w", err)
		}
		to := filepath.Join(f.root, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return fmt.Errorf("copy the module: %w", err)
		}
		return os.WriteFile(to, content, 0o600)
	})
}

// show runs the test without a defect in one of the copies first, where it has to pass, and then plants each defect once,
// in whichever copy is free. It returns the seeds that found them.
func show(ctx context.Context, fields []field, clean int, only string) (map[string]int64, error) {
	if err := fields[0].build(ctx); err != nil {
		return nil, err
	}
	if output, passed := fields[0].test(ctx, 1, clean, 1); !passed {
		return nil, fmt.Errorf("the test fails without a defect:\n%s", output)
	}
	var lock sync.Mutex
	seeds := map[string]int64{}
	defects := planted.List()
	queue := make(chan planted.Defect, len(defects))
	for _, d := range defects {
		if strings.Contains(d.Name, only) {
			queue <- d
		}
	}
	close(queue)
	missed := make([]error, len(fields))
	group, ctx := errgroup.WithContext(ctx)
	for i, f := range fields {
		group.Go(func() error {
			for d := range queue {
				start := time.Now()
				seed, err := f.plant(ctx, d)
				if err != nil {
					return err
				}
				if seed == 0 {
					missed[i] = errors.Join(missed[i], fmt.Errorf("%s: not found in %d trials", d.Name, f.trials))
					continue
				}
				fmt.Printf("found by seed %4d in %3.0f s: %s\n", seed, time.Since(start).Seconds(), d.Name)
				lock.Lock()
				seeds[d.Name] = seed
				lock.Unlock()
			}
			return nil
		})
	}
	err := group.Wait()
	return seeds, errors.Join(err, errors.Join(missed...))
}

var failedSeed = regexp.MustCompile(`: seed (\d+)\n`)

// repeats is how often the trial that found a defect before is run: a few trials depend on the order in which the streams take
// turns.
const repeats = 5

// plant plants one defect and returns the seed of a trial that found it, 0 if none did. The trial that found it before comes
// first: a change of the trials may have made it another one.
func (f field) plant(ctx context.Context, d planted.Defect) (seed int64, err error) {
	undo, err := d.Apply(f.root)
	if err != nil {
		return 0, errors.Join(err, undo())
	}
	defer func() { err = errors.Join(err, undo()) }()
	if err := f.build(ctx); err != nil {
		return 0, fmt.Errorf("%s: %w", d.Name, err)
	}
	if known := f.seeds[d.Name]; known > 0 {
		if seed, err := f.search(ctx, d, known, 1, repeats); seed > 0 || err != nil {
			return seed, err
		}
	}
	return f.search(ctx, d, 1, f.trials, 1)
}

// search runs trials and returns the seed of the one that found the defect, 0 if none did.
func (f field) search(ctx context.Context, d planted.Defect, from int64, trials, times int) (seed int64, err error) {
	output, passed := f.test(ctx, from, trials, times)
	if passed {
		return 0, ctx.Err()
	}
	found := failedSeed.FindStringSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("%s: the test did not fail by a trial:\n%s", d.Name, output)
	}
	return strconv.ParseInt(found[1], 10, 64)
}

// trialsBinary is the compiled model test, in the directory where the test runs.
const trialsBinary = "./trials.test"

// build compiles the model test. The package of the test imports all that a defect may be in.
func (f field) build(ctx context.Context) error {
	command := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", trialsBinary, ".")
	command.Dir = f.model()
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("the model test does not compile: %w\n%s", err, output)
	}
	return nil
}

// test runs the compiled model test a number of times, until it fails. It does not look for the shortest sequence.
func (f field) test(ctx context.Context, from int64, trials, times int) (output string, passed bool) {
	command := exec.CommandContext(ctx, trialsBinary, "-test.failfast", "-test.count", strconv.Itoa(times), "-test.run", "TestTheDestination",
		"-from", strconv.FormatInt(from, 10), "-trials", strconv.Itoa(trials), "-shrink", "0s")
	command.Dir = f.model()
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

func (f field) model() string { return filepath.Join(f.root, "integration_tests", "model") }
