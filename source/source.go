package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"source-microsoft-dataverse/source/protocol"
)

// Process is what a run of the connector gets from its surroundings.
type Process struct {
	Specification []byte   // spec.json
	Version       string   // the build stamp; "" for the version under which Go downloaded the module
	Args          []string // the command line without the program's name
	Getenv        func(string) string
	Stdout        io.Writer
	Limits        Limits
}

// Run executes the command line and returns the exit code: 1 if a verb failed, in which case an error message was
// written to stdout, else 0. A check that rejects the configuration has not failed: its exit code is 0.
func Run(ctx context.Context, p Process) int {
	out := protocol.NewWriter(p.Stdout)
	err := recovered(func() error { return run(ctx, p, out) })
	if err != nil && ctx.Err() == nil {
		_ = out.Fail(explain(err)) // if stdout is closed, the message has no reader
	}
	if err != nil || out.Err() != nil {
		return 1
	}
	return 0
}

func run(ctx context.Context, p Process, out *protocol.Writer) error {
	command, err := protocol.ParseCommand(p.Args)
	if err != nil {
		return err
	}
	if p.Getenv("DATA_CHANNEL_MEDIUM") == "SOCKET" {
		return errSocketMode
	}
	level := slog.LevelInfo
	if command.Debug || strings.EqualFold(p.Getenv("LOG_LEVEL"), "debug") {
		level = slog.LevelDebug
	}
	i := invocation{process: p, command: command, out: out, log: slog.New(protocol.NewLogHandler(out.Tracker().Log, level))}
	switch command.Verb {
	case protocol.Version:
		return p.printVersion()
	case protocol.Spec:
		return out.Spec(p.Specification)
	case protocol.Check:
		return i.check(ctx)
	case protocol.Discover:
		return i.discover(ctx)
	case protocol.Read:
		return i.read(ctx)
	default:
		return fmt.Errorf("the verb %q is not implemented", command.Verb)
	}
}

// invocation is one execution of a verb.
type invocation struct {
	process Process
	command protocol.Command
	out     *protocol.Writer
	log     *slog.Logger
}
