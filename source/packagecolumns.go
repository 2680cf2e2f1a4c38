package source

import (
	"context"
	"fmt"
	"slices"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
)

// addColumns adds the columns of entities that are not public, by the newest package in the job history: as texts, without a key.
// Nothing is exported for it. Entities that no package has stay without columns.
func (i *invocation) addColumns(ctx context.Context, client *finops.Client, project *finops.Project, entities []*finops.Entity) error {
	lacks := func(n int) bool {
		return project.Lines[n].InFull() && (entities[n] == nil || len(entities[n].Properties) == 0)
	}
	var untyped []int
	for n := range entities {
		if lacks(n) {
			untyped = append(untyped, n)
		}
	}
	if len(untyped) == 0 {
		return nil
	}
	executions, err := client.Exported(ctx, project.Name)
	if err != nil {
		return err
	}
	for _, execution := range executions {
		if !slices.ContainsFunc(untyped, lacks) {
			break
		}
		manifest, err := manifestOf(ctx, client, execution)
		if err != nil {
			i.log.DebugContext(ctx, "a package of the job history cannot be read", "execution", execution, "error", err)
			continue
		}
		var named []string
		for _, n := range untyped {
			described, found := manifest.Entity(project.Lines[n].Entity)
			if !found || !lacks(n) || len(described.Columns) == 0 {
				continue
			}
			if entities[n] == nil {
				entities[n] = &finops.Entity{Label: project.Lines[n].Entity}
			}
			for _, column := range described.Columns {
				entities[n].Properties = append(entities[n].Properties, finops.Property{Name: column})
			}
			named = append(named, project.Lines[n].Entity)
		}
		if len(named) > 0 {
			i.log.WarnContext(ctx, fmt.Sprintf("The public metadata of finance & operations does not describe the columns of %s of project %s: %s. They are those of "+
				"the package of execution %s, all of them as texts, and there is no key.", entityCount(len(named)), project.Name, firstOf(named), execution))
		}
	}
	return nil
}

// manifestOf returns the manifest of the package of an execution.
func manifestOf(ctx context.Context, client *finops.Client, execution string) (entityfile.Manifest, error) {
	file, err := client.Existing(ctx, execution)
	if err != nil {
		return entityfile.Manifest{}, err
	}
	if file == nil {
		return entityfile.Manifest{}, nil
	}
	defer file.Close() //nolint:errcheck // it was only read
	p, err := entityfile.Open(file, file.Size(), entityfile.Options{})
	if err != nil {
		return entityfile.Manifest{}, err
	}
	return p.Manifest, nil
}
