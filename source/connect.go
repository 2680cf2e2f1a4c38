package source

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// stallInterval is the time without progress after which the log reports what the connector waits for.
const stallInterval = 30 * time.Second

// work is what a verb does once it has a client, with the configuration from which the client was made.
type work func(context.Context, *config.Config, *dataverse.Client) error

// workOfAll is what a verb does that has a client for each application user. None has signed in yet.
type workOfAll func(context.Context, *config.Config, []account) error

// account is an application user with its client.
type account struct {
	name        string // a noun phrase for messages
	credentials config.Credentials
	client      *dataverse.Client
}

// connect does the work of a verb with a client. Its error is a *verbError.
func (i *invocation) connect(ctx context.Context, do work) error {
	return i.connectAll(ctx, func(ctx context.Context, c *config.Config, all []account) error {
		first, err := i.signIn(ctx, c, all)
		if err != nil {
			return err
		}
		return do(ctx, c, first)
	})
}

// connectAll does the work of a verb with a client for each application user. Its error is a *verbError.
func (i *invocation) connectAll(ctx context.Context, do workOfAll) error {
	c, err := i.configure(ctx)
	if err == nil {
		err = i.work(ctx, c, do)
	}
	if err != nil {
		return &verbError{i.situation(c), err}
	}
	return nil
}

// situation returns the situation of the verb with its configuration, nil if that could not be loaded.
func (i *invocation) situation(c *config.Config) situation {
	return situation{verb: i.command.Verb, config: c, getenv: i.process.Getenv, resuming: i.resuming}
}

// work makes the clients and does the work with them. While the work runs, stalls are logged.
func (i *invocation) work(ctx context.Context, c *config.Config, do workOfAll) error {
	transport, err := newTransport(i.process.Getenv)
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	clients := auth.Clients{Entra: signInClient(transport, i.process.Limits.Attempt), Identity: identityHTTPClient(transport)}
	defer clients.Identity.CloseIdleConnections()
	i.transport, i.signInClients = transport, clients
	tokens, err := signIns(c, clients)
	if err != nil {
		return err
	}
	mem := containerMemory(os.DirFS("/"))
	mem.tuneCollector(i.process.Getenv)
	options := i.options(c, mem)
	if len(tokens) > 1 {
		options.User = firstUser
	}
	client := dataverse.New(c.Environment, tokens[0], transport, options)
	watched, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { client.LogStalls(watched, stallInterval) })
	defer watch.Wait()
	defer stop()
	return do(ctx, c, accounts(c, client, tokens))
}

// accounts returns the application users of a configuration, the first one first, whose client is given. Each of the others
// gets a client with its tokens.
func accounts(c *config.Config, client *dataverse.Client, tokens []dataverse.Tokens) []account {
	credentials := allUsers(c)
	all := make([]account, len(credentials))
	for n, user := range credentials {
		all[n] = account{name: userName(n, credentials), credentials: user, client: client}
		if n > 0 {
			all[n].client = client.As(all[n].name, tokens[n])
		}
	}
	return all
}

// configure loads the configuration. From here on its secrets are masked in every message.
func (i *invocation) configure(ctx context.Context) (*config.Config, error) {
	c, err := config.Load(i.command.Config, i.process.Specification, i.process.Getenv)
	var invalid *config.Error
	if errors.As(err, &invalid) {
		i.warnOfSettings(ctx, invalid.Warnings)
	}
	if err != nil {
		return nil, err
	}
	i.out.Redact(c.Redact)
	i.warnOfSettings(ctx, c.Warnings)
	return c, nil
}

// warnOfSettings warns of values of the configuration that were corrected: in the log, or in the report of doctor.
func (i *invocation) warnOfSettings(ctx context.Context, warnings []string) {
	if i.command.Verb == protocol.Doctor {
		i.warnings = warnings
		return
	}
	for _, warning := range warnings {
		i.log.WarnContext(ctx, warning)
	}
}

// options returns the client's options for the configuration, the memory, and the verb.
func (i *invocation) options(c *config.Config, mem memory) dataverse.Options {
	options := dataverse.Options{
		Agent:            name + "/" + i.process.version(),
		Log:              i.log,
		MaxPageBytes:     mem.pageBytes(),
		MaxResponseBytes: mem.responseBytes(),
		MaxConcurrent:    c.ConcurrentRequests,
		LookupTargets:    c.LookupTypes && i.command.Verb != protocol.Read, // a read delivers what its catalog selects
		MemorySlots:      mem.slots(),
		Served:           i.resuming,
	}
	i.process.Limits.apply(&options, i.command.Verb)
	return options
}
