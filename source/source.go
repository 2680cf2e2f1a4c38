// Package source is the connector's four verbs: spec, check, discover and read. It wires the packages below it and
// turns their errors into what Airbyte shows the user.
package source

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// Process is what a run of the connector gets from its surroundings.
type Process struct {
	Specification []byte   // spec.json
	Version       string   // the build's stamp; "" is the version under which Go fetched the module
	Args          []string // the command line without the program's name
	Getenv        func(string) string
	Stdout        io.Writer
	Limits        Limits
}

// Run executes the command line and returns the exit code: 0, or 1 where an error was told on stdout. A check of a
// wrong configuration is told as such and exits with 0.
func Run(ctx context.Context, p Process) int {
	out := protocol.NewWriter(p.Stdout)
	err := recovered(func() error { return run(ctx, p, out) })
	if err != nil && ctx.Err() == nil {
		_ = out.Fail(explain(err)) // if stdout is gone there is nobody to tell
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
	v := verbs{Process: p, command: command, out: out, log: slog.New(protocol.NewLogHandler(out.Tracker().Log, level))}
	switch command.Verb {
	case protocol.Version:
		return p.tellVersion()
	case protocol.Spec:
		return out.Spec(p.Specification)
	case protocol.Check:
		return v.check(ctx)
	case protocol.Discover:
		return v.discover(ctx)
	case protocol.Read:
		return v.read(ctx)
	default:
		return fmt.Errorf("the verb %q has no implementation", command.Verb)
	}
}

// verbs is what the verbs share.
type verbs struct {
	Process
	command protocol.Command
	out     *protocol.Writer
	log     *slog.Logger
}

// configure loads the configuration. From here on nothing it keeps secret can be told.
func (v *verbs) configure(ctx context.Context) (*config.Config, error) {
	c, err := config.Load(v.command.Config, v.Specification)
	if err != nil {
		return nil, err
	}
	v.out.Redact(c.Redact)
	for _, warning := range c.Warnings {
		v.log.WarnContext(ctx, warning)
	}
	return c, nil
}

// quiet is how long nothing may move before the log says what is waited for.
const quiet = 30 * time.Second

// work is what a verb does with a client, and the configuration that it was made of.
type work func(context.Context, *config.Config, *dataverse.Client) error

// connected does a verb's work with a client that is watched meanwhile.
func (v *verbs) connected(ctx context.Context, do work) error {
	c, err := v.configure(ctx)
	if err != nil {
		return err
	}
	transport, err := newTransport(v.Getenv("DATAVERSE_CA_FILE"))
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	tokens, err := auth.New(c, signInClient(transport, v.Limits.Attempt))
	if err != nil {
		return err
	}
	mem := containerMemory(os.DirFS("/"))
	mem.keep(v.Getenv)
	client := dataverse.New(c.Environment, tokens, transport, v.options(c, mem))
	watched, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { client.LogStalls(watched, quiet) })
	defer watch.Wait()
	defer stop()
	return do(ctx, c, client)
}

// options makes a client fit the configuration, the memory and the verb.
func (v *verbs) options(c *config.Config, mem memory) dataverse.Options {
	options := dataverse.Options{
		Agent:            name + "/" + v.version(),
		Log:              v.log,
		MaxPageBytes:     mem.pageBytes(),
		MaxResponseBytes: mem.answerBytes(),
		MaxConcurrent:    c.ConcurrentRequests,
		MemorySlots:      mem.requests(),
	}
	v.limit(&options)
	return options
}
