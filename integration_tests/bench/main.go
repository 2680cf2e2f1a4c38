// Command bench measures the connector. It builds the binary and runs it as Airbyte does, its stdout on a pipe, against
// the simulator in another process, and prints Markdown tables. It also checks what it measures: a read that lacks a record
// fails the bench.
//
//	go run ./integration_tests/bench [-runs 5] [-scenarios wide,large,labels,many,flat,discovery,metadata,spec] [-python script]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// dispatch runs the bench or one of its other processes.
func dispatch(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && args[0] == serviceVerb:
		return serve(ctx, args[1:], os.Stdin, os.Stdout)
	case len(args) > 0 && args[0] == downloadVerb:
		return download(ctx, args[1:])
	}
	o, err := parse(args, os.Stderr)
	if err != nil {
		return err
	}
	return run(ctx, o, os.Stdout, os.Stderr)
}

// run measures in a directory of its own and prints the tables at the end.
func run(ctx context.Context, o options, out, progress io.Writer) (err error) {
	directory, err := os.MkdirTemp("", "dataverse-bench-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	b := &bench{options: o, directory: directory, progress: progress}
	if err := b.measure(ctx); err != nil {
		return err
	}
	return b.results.print(out)
}
