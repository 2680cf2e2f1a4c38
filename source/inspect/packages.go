package inspect

import (
	"context"

	"source-microsoft-dataverse/source/finops"
)

// Packages sends requests to finance & operations: *finops.Client.
type Packages interface {
	Try(context.Context) error
	Project(ctx context.Context, name string) (*finops.Project, error)
	Companies(context.Context) ([]string, error)
	Running(ctx context.Context, project string) ([]string, error)
}

// packages requests the projects of the configuration from finance & operations. A sync depends on them, so the requests take as
// long as the context allows.
func (g *gatherer) packages(ctx context.Context) {
	if len(g.options.Config.Packages) == 0 || g.options.Packages == nil {
		return
	}
	g.options.Step("Reading the data projects of finance & operations")
	if err := g.projects(ctx); err != nil {
		problem := g.options.Explain(Failure{User: g.first, Err: err})
		g.facts.PackagesProblem = &problem
	}
}

func (g *gatherer) projects(ctx context.Context) error {
	client, err := g.options.Packages(ctx, g.first)
	if err != nil {
		return err
	}
	if err := client.Try(ctx); err != nil {
		return err
	}
	companies, err := client.Companies(ctx)
	if err != nil {
		return err
	}
	for _, p := range g.options.Config.Packages {
		f := finops.Facts{Project: p.Project, Companies: p.Companies, Known: companies}
		if f.Found, err = client.Project(ctx, p.Project); err != nil {
			return err
		}
		if f.Found != nil {
			if f.Running, err = client.Running(ctx, f.Found.Name); err != nil {
				return err
			}
		}
		g.facts.Projects = append(g.facts.Projects, f)
	}
	return nil
}
