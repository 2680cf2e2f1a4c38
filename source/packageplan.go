package source

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/replicate"
)

// projects returns the projects to read with their streams, and the client to read them with. Whatever keeps a project from being
// read is an error of its streams alone. There is no client, and no project, if the catalog has no stream of one.
func (i *invocation) projects(
	ctx context.Context, c *config.Config, client *dataverse.Client, configured protocol.ConfiguredCatalog, states map[string]json.RawMessage,
) ([]replicate.Project, *finops.Client) {
	assigned := assignPackages(c, configured)
	if len(assigned) == 0 {
		return nil, nil
	}
	finance, unreachable := i.financeClient(ctx, c, client)
	var projects []replicate.Project
	for _, p := range c.Packages {
		streams := assigned[p.Project]
		if len(streams) == 0 {
			continue
		}
		planned := replicate.Project{Name: p.Project, Companies: p.Companies}
		var project *finops.Project
		err := unreachable
		if err == nil {
			var problems []finops.Problem
			project, problems, err = reviewed(ctx, finance, p)
			// The texts that are cut are known once the files are read.
			i.warnProject(ctx, slices.DeleteFunc(problems, func(p finops.Problem) bool { return p.Fault == finops.TextCut }))
		}
		if err == nil {
			planned.Name = project.Name
		}
		for _, s := range streams {
			planned.Entities = append(planned.Entities, replicate.PackageStream{Configured: s, State: states[s.Name], Err: err})
		}
		if err == nil {
			findLines(ctx, finance, project, planned.Entities)
		}
		projects = append(projects, planned)
	}
	return projects, finance
}

// assignPackages returns the streams of each project of the configuration, by the name of the project in it. If the
// prefix of one project begins with that of another, the stream belongs to the longer one.
func assignPackages(c *config.Config, configured protocol.ConfiguredCatalog) map[string][]protocol.ConfiguredStream {
	assigned := map[string][]protocol.ConfiguredStream{}
	for _, s := range configured.Streams {
		project, longest := "", ""
		for _, p := range c.Packages {
			if prefix := catalog.PackageStreamPrefix(p.Project); strings.HasPrefix(s.Name, prefix) && len(prefix) > len(longest) {
				project, longest = p.Project, prefix
			}
		}
		if longest != "" {
			assigned[project] = append(assigned[project], s)
		}
	}
	return assigned
}

// findLines sets the entity of each stream, or the error of one that has none.
func findLines(ctx context.Context, client *finops.Client, project *finops.Project, streams []replicate.PackageStream) {
	var group errgroup.Group
	group.SetLimit(parallelEntities)
	for n := range streams {
		s := &streams[n]
		line, err := lineOf(project, s.Configured.Name)
		if s.Entity, s.Err = line.Entity, err; err != nil {
			continue
		}
		group.Go(func() error {
			s.Shared, s.Err = client.IsShared(ctx, s.Entity)
			return nil
		})
	}
	_ = group.Wait() // its functions return no error
}

// lineOf returns the line of a project that a stream is of.
func lineOf(project *finops.Project, stream string) (finops.Line, error) {
	for _, line := range project.Lines {
		if line.Disabled || catalog.PackageStreamName(project.Name, line.Entity) != stream {
			continue
		}
		if line.Incremental {
			return line, &lineError{stream: stream, project: project.Name, entity: line.Entity, incremental: true}
		}
		return line, nil
	}
	return finops.Line{}, &lineError{stream: stream, project: project.Name}
}

// packageStreams returns how many streams projects have.
func packageStreams(projects []replicate.Project) int {
	n := 0
	for _, p := range projects {
		n += len(p.Entities)
	}
	return n
}
