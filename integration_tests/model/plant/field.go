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
	if output, passed := fields[0].test(ctx, 1, clean); !passed {
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

// plant plants one defect and returns the seed of a trial that found it, 0 if none did. The trial that found it before comes
// first: a change of the trials may have made it another one.
func (f field) plant(ctx context.Context, d planted.Defect) (seed int64, err error) {
	undo, err := d.Apply(f.root)
	if err != nil {
		return 0, errors.Join(err, undo())
	}
	defer func() { err = errors.Join(err, undo()) }()
	if output, err := f.command(ctx, "build", "./...").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: the module with the defect does not compile: %w\n%s", d.Name, err, output)
	}
	if known := f.seeds[d.Name]; known > 0 {
		if seed, err := f.search(ctx, d, known, 1); seed > 0 || err != nil {
			return seed, err
		}
	}
	return f.search(ctx, d, 1, f.trials)
}

// search runs trials and returns the seed of the one that found the defect, 0 if none did.
func (f field) search(ctx context.Context, d planted.Defect, from int64, trials int) (seed int64, err error) {
	output, passed := f.test(ctx, from, trials)
	if passed {
		return 0, ctx.Err()
	}
	found := failedSeed.FindStringSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("%s: the test did not fail by a trial:\n%s", d.Name, output)
	}
	return strconv.ParseInt(found[1], 10, 64)
}

// test runs the model test. It does not look for the shortest sequence.
func (f field) test(ctx context.Context, from int64, trials int) (output string, passed bool) {
	out, err := f.command(ctx, "test", "./integration_tests/model", "-count=1", "-timeout=0", "-run", "TestTheDestination",
		"-from", strconv.FormatInt(from, 10), "-trials", strconv.Itoa(trials), "-shrink", "0s").CombinedOutput()
	return string(out), err == nil
}

func (f field) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = f.root
	return command
}
