package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/users"
)

// The exit codes of the connector. A check that rejects the configuration has not failed: its exit code is 0.
const (
	exitFailure = 1 // a verb failed
	exitMisuse  = 2 // the command line is invalid
)

// Run executes the command line and returns the exit code. If it is not 0, a verb of the protocol wrote an error message to
// stdout, and any other verb a line to stderr. An invalid command line of the protocol is reported on both.
func Run(ctx context.Context, p Process) int {
	if p.Stderr == nil {
		p.Stderr = io.Discard
	}
	i := invocation{process: p, out: protocol.NewWriter(p.Stdout)}
	err := recovered(func() error { return i.run(ctx) })
	unwritten := unwritable(cmp.Or(i.out.Err(), err))
	switch {
	case ctx.Err() != nil:
	case unwritten != nil:
		i.failOutput(unwritten)
	case errors.Is(err, errReported):
	case err != nil:
		i.fail(err)
	}
	if err == nil && ctx.Err() == nil && !i.rejected {
		i.nameVerbForPeople()
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
	stderr  sync.Mutex // of what is written to stderr while a verb works

	resuming bool        // a stream of a read has a state
	users    *users.Pool // the application users; nil: there is one
	rejected bool        // check rejected the configuration

	transport     http.RoundTripper // of all services
	signInClients auth.Clients

	warnings []string // about the configuration, which doctor reports
	withheld []string // columns that are not offered because they are contents, as table.column
}

func (i *invocation) run(ctx context.Context) error {
	var err error
	if i.command, err = protocol.ParseCommand(i.process.Args); err != nil {
		return err
	}
	if i.process.Getenv("DATA_CHANNEL_MEDIUM") == "SOCKET" && i.command.Verb.OfProtocol() {
		return errSocketMode
	}
	i.log = i.logger(ctx)
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
	case protocol.Doctor:
		return i.doctor(ctx)
	case protocol.ListTables:
		return i.tables(ctx)
	case protocol.PrintCatalog:
		return i.configuredCatalog(ctx)
	default:
		return fmt.Errorf("the verb %q is not implemented", i.command.Verb)
	}
}
