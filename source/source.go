package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/bitstrapped/airbyte"

	"source-microsoft-dataverse/source/protocol"
)

// Process is what a run of the connector gets from its surroundings.
type Process struct {
	Specification []byte   // spec.json
	Version       string   // the build stamp; "" for the version under which Go downloaded the module
	Args          []string // the command line without the program's name
	Getenv        func(string) string
	Stdout        io.Writer
	Stderr        io.Writer // nil discards what is written
	// StdoutTerminal and StderrTerminal report whether a person sees what is written.
	StdoutTerminal, StderrTerminal bool
	Limits                         Limits
}

// The exit codes of the connector. A check that rejects the configuration has not failed: its exit code is 0.
const (
	exitFailure = 1 // a verb failed
	exitMisuse  = 2 // the command line is invalid
)

// Run executes the command line and returns the exit code. If it is not 0, a verb of the protocol wrote an error message to
// stdout, and any other verb a line to stderr. An invalid command line is reported on both.
func Run(ctx context.Context, p Process) int {
	if p.Stderr == nil {
		p.Stderr = io.Discard
	}
	i := invocation{process: p, out: protocol.NewWriter(p.Stdout)}
	err := recovered(func() error { return i.run(ctx) })
	if err != nil && ctx.Err() == nil {
		i.fail(err)
	}
	var usage *protocol.UsageError
	switch {
	case errors.As(err, &usage):
		return exitMisuse
	case err != nil || i.out.Err() != nil:
		return exitFailure
	default:
		return 0
	}
}

// invocation is one execution of a verb.
type invocation struct {
	process Process
	command protocol.Command
	out     *protocol.Writer
	log     *slog.Logger
}

func (i *invocation) run(ctx context.Context) error {
	var err error
	if i.command, err = protocol.ParseCommand(i.process.Args); err != nil {
		return err
	}
	if i.process.Getenv("DATA_CHANNEL_MEDIUM") == "SOCKET" && i.command.Verb.OfProtocol() {
		return errSocketMode
	}
	i.log = i.logger()
	switch i.command.Verb {
	case protocol.Help:
		return i.process.printHelp(i.command.Topic)
	case protocol.Version:
		return i.process.printVersion()
	case protocol.Spec:
		return i.out.Spec(i.process.Specification)
	case protocol.Check:
		return i.check(ctx)
	case protocol.Discover:
		return i.discover(ctx)
	case protocol.Read:
		return i.read(ctx)
	case protocol.ListTables:
		return i.tables(ctx)
	case protocol.PrintCatalog:
		return i.configuredCatalog(ctx)
	default:
		return fmt.Errorf("the verb %q is not implemented", i.command.Verb)
	}
}

// logger returns the log of the verb: LOG messages for a verb of the protocol, lines on stderr for any other, which logs
// no more than warnings unless it is asked to.
func (i *invocation) logger() *slog.Logger {
	level, write := slog.LevelWarn, airbyte.LogWriter(i.logLine)
	if i.command.Verb.OfProtocol() {
		level, write = slog.LevelInfo, i.out.Tracker().Log
	}
	if i.command.Debug || protocol.IsDebug(i.process.Getenv("LOG_LEVEL")) {
		level = slog.LevelDebug
	}
	return slog.New(protocol.NewLogHandler(write, level))
}

// logLine writes a log as a line to stderr.
func (i *invocation) logLine(level airbyte.LogLevel, text string) error {
	_, err := fmt.Fprintf(i.process.Stderr, "%s: %s\n", level, i.out.Redacted(text))
	return err
}

// fail reports why the run failed. Its own errors have no reader: nobody reads where it writes.
func (i *invocation) fail(err error) {
	failure := explain(err)
	var usage *protocol.UsageError
	misused := errors.As(err, &usage)
	forPeople := i.command.Verb != "" && !i.command.Verb.OfProtocol()
	if misused {
		forPeople = usage.Verb != "" && !usage.Verb.OfProtocol()
	}
	if !forPeople {
		_ = i.out.Fail(failure)
	}
	if forPeople || misused {
		_, _ = fmt.Fprintln(i.process.Stderr, i.out.Redacted(failure.Message))
	}
}
