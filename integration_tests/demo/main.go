// Command demo shows a replication that needs nothing but Go. It builds the connector, starts the simulator of Dataverse,
// runs doctor, spec, check, discover, and a first sync, changes rows, and runs a second sync that delivers exactly those changes of
// the tracked tables, and the others in full. It then compares each table value for value and exits with 1 if any differs. At its
// end it prints a list of accounts with labels and names in place of codes and keys, and reads the entities of a data project in
// finance & operations.
//
//	go run ./integration_tests/demo [-rows 300] [-keep]
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	rows := flag.Int("rows", 300, "rows of each table at the first sync, at least 40")
	keep := flag.Bool("keep", false, "keep the directory with the binary and its files")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *rows, *keep)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run runs the demo in a directory of its own.
func run(ctx context.Context, rows int, keep bool) (err error) {
	const fewest = 40
	if rows < fewest {
		return fmt.Errorf("-rows %d is too few to change some rows and leave others; give at least %d", rows, fewest)
	}
	directory, err := os.MkdirTemp("", "dataverse-demo-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if !keep {
		defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	}
	out := bufio.NewWriter(os.Stdout)
	defer func() { err = errors.Join(err, out.Flush()) }()
	d := &demo{out: out, directory: directory, rows: rows}
	if err := d.play(ctx); err != nil {
		return err
	}
	if keep {
		d.say("\nAll files are kept in %s.", directory)
	}
	return nil
}
