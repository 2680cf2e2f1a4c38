package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bitstrapped/airbyte"
	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/protocol"
)

// parallelEntities is the number of entities whose definitions are read at once.
const parallelEntities = 4

// What can keep the packages of a configuration from being read.
var (
	errNotLinked  = errors.New("the environment is not linked with finance & operations")
	errLinkedRoot = errors.New("the environment is linked with an address that is not one of finance & operations")
)

// projectError reports problems that keep a project from being exported.
type projectError struct{ problems []finops.Problem }

func (e *projectError) Error() string {
	return fmt.Sprintf("project %s cannot be exported (fault %d)", e.problems[0].Project, e.problems[0].Fault)
}

// lineError reports a stream whose entity is not exported.
type lineError struct {
	stream, project, entity string
	incremental             bool // otherwise the project does not have the line, or it is disabled
}

func (e *lineError) Error() string {
	if e.incremental {
		return fmt.Sprintf("the line %s of project %s is incremental", e.entity, e.project)
	}
	return fmt.Sprintf("project %s has no line for stream %s", e.project, e.stream)
}

// financeClient returns a client of finance & operations. It asks Dataverse for the address unless the configuration has one.
func (i *invocation) financeClient(ctx context.Context, c *config.Config, client *dataverse.Client) (*finops.Client, error) {
	root := c.FinanceOperations
	if root == "" {
		linked, err := client.FinanceOperationsURL(ctx)
		if err != nil {
			return nil, err
		}
		if linked == "" {
			return nil, errNotLinked
		}
		var ok bool
		if root, ok = config.FinanceOperationsRoot(linked); !ok {
			return nil, errLinkedRoot
		}
	}
	parsed, err := url.Parse(root)
	if err != nil {
		return nil, errLinkedRoot
	}
	// The audience is the address of the environment alone, in lower case (Microsoft, "Troubleshoot service authentication issues").
	tokens, err := auth.NewFor(c, c.Credentials, "https://"+parsed.Host, i.signInClients)
	if err != nil {
		return nil, err
	}
	return finops.New(root, tokens, i.transport, i.packageOptions(c)), nil
}

// packageOptions returns the options of a client of finance & operations.
func (i *invocation) packageOptions(c *config.Config) finops.Options {
	l := i.process.Limits
	unit := cmp.Or(l.Backoff, time.Second) // all waits for an export scale with the backoff
	options := finops.Options{
		Agent: name + "/" + i.process.version(), Log: i.log,
		AttemptTimeout: l.Attempt, WaitMin: unit, WaitMax: 60 * unit, Budget: l.Budget,
		PollMin: 5 * unit, PollMax: 60 * unit, Grace: 900 * unit, Timeout: c.PackageTimeout / time.Second * unit,
	}
	if i.command.Verb == protocol.Check {
		options.Attempts = 3
	}
	return options
}

// reviewed reads a project and what is wrong with it. The error is a *projectError if that keeps it from being exported.
func reviewed(ctx context.Context, client *finops.Client, p config.Package) (*finops.Project, []finops.Problem, error) {
	project, err := client.Project(ctx, p.Project)
	if err != nil {
		return nil, nil, err
	}
	problems := finops.Review(finops.Facts{Project: p.Project, Companies: p.Companies, Found: project})
	if len(problems) > 0 && problems[0].Fault.Stops() {
		why := func(p finops.Problem) bool { return p.Fault.Stops() || p.Fault == finops.Incremental }
		return nil, nil, &projectError{slices.DeleteFunc(problems, func(p finops.Problem) bool { return !why(p) })}
	}
	return project, problems, nil
}

// addPackages adds the entities of the configured projects to a catalog.
func (i *invocation) addPackages(ctx context.Context, c *config.Config, client *dataverse.Client, add func(protocol.Stream)) error {
	if len(c.Packages) == 0 {
		return nil
	}
	finance, err := i.financeClient(ctx, c, client)
	if err != nil {
		return err
	}
	named := map[string]string{} // what each stream is, by its name
	for _, p := range c.Packages {
		project, problems, err := reviewed(ctx, finance, p)
		if err != nil {
			return err
		}
		i.warnProject(ctx, problems)
		entities, err := entitiesOf(ctx, finance, project)
		if err != nil {
			return err
		}
		if err := i.addColumns(ctx, finance, project, entities); err != nil {
			return err
		}
		var unknown []string
		for n, line := range project.Lines {
			entity := entities[n]
			switch {
			case !line.InFull():
				continue
			case entity == nil || len(entity.Properties) == 0:
				unknown = append(unknown, line.Entity)
				continue
			}
			stream := catalog.PackageStream(project.Name, line, *entity)
			is := fmt.Sprintf("%q of project %q", line.Entity, project.Name)
			if other, taken := named[stream.Name]; taken {
				return &catalog.SameNameError{Stream: stream.Name, Entities: [2]string{other, is}}
			}
			named[stream.Name] = is
			add(stream)
		}
		if len(unknown) > 0 {
			i.log.WarnContext(ctx, fmt.Sprintf("The catalog leaves out %s of project %s: %s. The public metadata of finance & operations does not describe "+
				"the columns, and the job history has no package that does. Export the project once, then refresh the source schema.",
				entityCount(len(unknown)), project.Name, firstOf(unknown)))
		}
	}
	i.log.InfoContext(ctx, fmt.Sprintf("Discovered %s in %s of finance & operations.", entityCount(len(named)), prose.Quantity(len(c.Packages), "project")))
	return nil
}

// addSelectedPackages adds the entities that match the patterns to a configured catalog.
func (i *invocation) addSelectedPackages(ctx context.Context, c *config.Config, client *dataverse.Client, patterns []string, file *protocol.CatalogFile) error {
	if len(patterns) == 0 {
		return nil
	}
	var streams []protocol.Stream
	if err := i.addPackages(ctx, c, client, func(s protocol.Stream) { streams = append(streams, s) }); err != nil {
		return err
	}
	selected, err := catalog.SelectPackages(streams, patterns)
	for _, s := range selected {
		file.Add(s, airbyte.SyncModeFullRefresh)
	}
	return err
}

// entitiesOf reads the definitions of the entities in the lines of a project, in their order; nil: data management has no such
// entity, or the line is not exported.
func entitiesOf(ctx context.Context, client *finops.Client, project *finops.Project) ([]*finops.Entity, error) {
	entities := make([]*finops.Entity, len(project.Lines))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelEntities)
	for n, line := range project.Lines {
		if !line.InFull() {
			continue
		}
		group.Go(func() error {
			var err error
			entities[n], err = client.Entity(ctx, line.Entity)
			return err
		})
	}
	return entities, group.Wait()
}

// warnProject warns of the problems of a project that do not stop its export.
func (i *invocation) warnProject(ctx context.Context, problems []finops.Problem) {
	for _, f := range inspect.ProjectFindings(problems) {
		i.log.WarnContext(ctx, f.Text())
	}
}

// entityCount is a number of entities with its noun.
func entityCount(n int) string {
	return prose.Grouped(n) + " " + prose.Form(n, "entity", "entities")
}

// isPackage reports whether a stream is one of a project of the configuration, by its name.
func isPackage(c *config.Config, stream string) bool {
	return slices.ContainsFunc(c.Packages, func(p config.Package) bool { return strings.HasPrefix(stream, catalog.PackageStreamPrefix(p.Project)) })
}
