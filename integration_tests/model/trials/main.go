// Command trials runs as many of the model trials as requested, without the limit of ten minutes that a test has. It runs two
// of them on each processor. It prints each trial that fails with its seed, and every minute the seed from which an
// interrupted run continues. Run it in the module's root. It exits with 1 if a trial fails.
//
//	go run ./integration_tests/model/trials [-n 10000] [-from 1] [-failures 1]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
)

func main() {
	n := flag.Int("n", 10_000, "how many trials")
	from := flag.Int("from", 1, "the seed of the first")
	failures := flag.Int("failures", 1, "after how many failures to stop")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *n, *from, *failures)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "trials:", err)
		os.Exit(1)
	}
}

// run runs the model test without a deadline. It is verbose, so that what fails is printed at once.
func run(ctx context.Context, n, from, failures int) error {
	const each = 2 // a trial that waits for the built connector leaves its processor to another
	test := exec.CommandContext(ctx, "go", "test", "-v", "./integration_tests/model", "-count=1", "-timeout=0",
		"-run=TestTheDestinationEqualsTheEnvironmentWhateverHappens",
		"-parallel="+strconv.Itoa(each*runtime.GOMAXPROCS(0)),
		"-trials="+strconv.Itoa(n), "-from="+strconv.Itoa(from), "-failures="+strconv.Itoa(failures))
	test.Stdout, test.Stderr = os.Stdout, os.Stderr
	if err := test.Run(); err != nil {
		return fmt.Errorf("run %d trials: %w", n, err)
	}
	return nil
}
