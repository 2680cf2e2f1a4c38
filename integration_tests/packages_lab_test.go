package integration_tests_test

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/packages"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// packageLab is a lab whose environment is linked to a finance & operations environment.
type packageLab struct {
	*lab
	options finops.Options
	finance *finops.Environment
	server  *simulator.FinanceOperations
}

// servePackages opens a lab with all projects that export in the configuration, for all companies.
func servePackages(t *testing.T, o finops.Options) *packageLab {
	t.Helper()
	return servePackagesAt(t, o, simulator.FinanceOperationsOptions{})
}

// servePackagesAt is servePackages with a finance & operations environment that is served in another way.
func servePackagesAt(t *testing.T, o finops.Options, at simulator.FinanceOperationsOptions) *packageLab {
	t.Helper()
	tables := schema.Realistic()
	accounts := slices.IndexFunc(tables, func(table *schema.Table) bool { return table.LogicalName == "account" })
	l := newLab(t, simulator.Options{Seed: 1, Tables: tables[accounts : accounts+1], DefaultRows: 3})
	p := &packageLab{lab: l, options: o}
	var err error
	p.finance, err = finops.New(o)
	require.NoError(t, err)
	p.server, err = l.server.StartFinanceOperations(t.Context(), p.finance, at)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.server.Close()) })
	var packages []map[string]any
	for _, project := range o.Projects {
		if project.Operation == "" {
			packages = append(packages, map[string]any{"project": project.Name, "legal_entities": p.finance.Companies()})
		}
	}
	l.config["packages"] = packages
	return p
}

// sampleWith returns the sample with other projects.
func sampleWith(projects ...finops.Project) finops.Options {
	o := finops.Sample()
	o.Projects = projects
	return o
}

// overwriting discovers and configures streams as full refreshes that overwrite.
func (p *packageLab) overwriting(streams ...string) destination.Catalog {
	p.t.Helper()
	c := p.configured(streams...)
	c.Overwrite(1)
	return c
}

// entity returns the definition of an entity.
func (p *packageLab) entity(label string) *finops.Entity {
	at := slices.IndexFunc(p.options.Entities, func(e finops.Entity) bool { return e.Label == label })
	require.GreaterOrEqual(p.t, at, 0)
	return &p.options.Entities[at]
}

// delivered yields the rows of an entity as records have them, of all companies. Dates are times where the metadata calls them so.
func (p *packageLab) delivered(label string, most int) iter.Seq2[string, map[string]json.RawMessage] {
	all := packages.Rows(p.finance, p.entity(label), most, p.finance.Companies()...)
	if !p.options.Behaviors.SameDateTypes {
		return all
	}
	return func(yield func(string, map[string]json.RawMessage) bool) {
		for company, row := range all {
			for _, f := range p.entity(label).Fields {
				if value := string(row[f.Name]); f.Type == finops.Date && value != "null" {
					row[f.Name] = json.RawMessage(strings.TrimSuffix(value, `"`) + `T00:00:00Z"`)
				}
			}
			if !yield(company, row) {
				return
			}
		}
	}
}

// equalPackages requires that the destination has the rows of an entity, of all companies.
func (p *packageLab) equalPackages(d *destination.Destination, stream, label string, most int) {
	p.t.Helper()
	assert.Empty(p.t, d.Differences(stream, p.delivered(label, most)), "stream %s", stream)
	assert.Zero(p.t, d.Duplicates(stream), "duplicates in stream %s", stream)
}

// rows counts the rows of an entity, of all companies.
func (p *packageLab) rows(label string) int {
	n := 0
	for range p.delivered(label, 0) {
		n++
	}
	return n
}

// exports returns how often the connector has exported each project for each company, such as "Workbooks USMF".
func (p *packageLab) exports() map[string]int {
	counts := map[string]int{}
	for _, execution := range p.finance.Executions() {
		if execution.User != "" {
			counts[execution.Project+" "+execution.Company]++
		}
	}
	return counts
}
