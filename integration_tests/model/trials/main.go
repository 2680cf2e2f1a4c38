// Command trials tries the connector at random as often as asked for, and takes the time it needs: the tests' own limit of
// ten minutes does not hold here. It is called in the module's root, and exits with 1 if a trial fails.
//
//	go run ./integration_tests/model/trials [-n 10000] [-from 1]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
)

func main() {
	n := flag.Int("n", 10_000, "how many trials")
	from := flag.Int("from", 1, "the seed of the first, to go on where others ended")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *n, *from)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "trials:", err)
		os.Exit(1)
	}
}

// run runs the model test without a limit of time.
func run(ctx context.Context, n, from int) error {
	test := exec.CommandContext(ctx, "go", "test", "./integration_tests/model", "-count=1", "-timeout=0",
		"-run=TestTheDestinationEqualsTheEnvironmentWhateverHappens", "-trials="+strconv.Itoa(n), "-from="+strconv.Itoa(from))
	test.Stdout, test.Stderr = os.Stdout, os.Stderr
	if err := test.Run(); err != nil {
		return fmt.Errorf("try %d times: %w", n, err)
	}
	return nil
}
