// Command plant shows that the model test can fail: it plants defects one by one in a copy of the module and runs the
// test there, which has to find each. Run it in the module's root. It exits with 1 if a defect is not found, or if the
// test fails without one.
//
// The trial that found a defect before, as the file seeds holds it, comes first. With -search every defect is looked for
// from the first trial on, and the file is written again.
//
//	go run ./integration_tests/model/plant [-clean 200] [-trials 800] [-only WORDS] [-search]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
)

func main() {
	clean := flag.Int("clean", 200, "how many trials must pass without a defect")
	trials := flag.Int("trials", 800, "how many trials the test may take to find a defect")
	only := flag.String("only", "", "plant only the defects whose names hold these words")
	search := flag.Bool("search", false, "look for every defect from the first trial on, and record the trials that find them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *clean, *trials, *only, *search)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "plant:", err)
		os.Exit(1)
	}
}

// copies is how many copies of the module there are: one trial does not keep two processors busy.
const copies = 2

// run copies the module and plants the defects there.
func run(ctx context.Context, clean, trials int, only string, search bool) (err error) {
	known, err := readSeeds(seedsFile)
	if err != nil {
		return err
	}
	fields := make([]field, copies)
	for i := range fields {
		if fields[i].root, err = os.MkdirTemp("", "planted-"); err != nil {
			return fmt.Errorf("make a directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(fields[i].root)) }()
		fields[i].trials = trials
		if !search {
			fields[i].seeds = known
		}
		if err := fields[i].copy("."); err != nil {
			return err
		}
	}
	found, err := show(ctx, fields, clean, only)
	if err != nil || !search {
		return err
	}
	maps.Copy(known, found)
	return writeSeeds(seedsFile, known)
}
