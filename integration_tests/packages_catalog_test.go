package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

func TestAnEntityThatIsNotPublicHasTheColumnsOfItsPackage(t *testing.T) {
	t.Parallel()
	p := servePackages(t, sampleWith(finops.Project{Name: "HR", Lines: []finops.Line{
		{Entity: "Payroll position details", Format: "XML-Element"}, {Entity: "Workers", Format: "XML-Element"},
	}}))
	names := func() []string {
		var names []string
		for _, s := range p.discover() {
			if strings.HasPrefix(s.Name, "dmf_") {
				names = append(names, s.Name)
			}
		}
		return names
	}
	require.Equal(t, []string{"dmf_hr_workers"}, names(), "no package has its columns")
	_, err := p.finance.RunInClient("HR", "USMF")
	require.NoError(t, err)
	require.Equal(t, []string{"dmf_hr_payroll_position_details", "dmf_hr_workers"}, names())
	assert.Equal(t, map[string]int{}, p.exports(), "discovery exports nothing")

	d, catalog := destination.New(), p.overwriting("dmf_hr_payroll_position_details")
	assert.Empty(t, catalog.Streams[0].PrimaryKey)
	result := p.run(p.readArgs(d, catalog)...)
	require.Equal(t, 0, result.ExitCode, "%s", result.Lines)
	records := 0
	for _, line := range result.Lines {
		if bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)) {
			records++
		}
	}
	assert.Equal(t, p.rows("Payroll position details"), records)
}

func TestTheVerbCatalogSelectsEntities(t *testing.T) {
	t.Parallel()
	p := servePackages(t, sampleWith(finops.Project{Name: "Sales export", Lines: []finops.Line{
		{Entity: "Currencies", Format: "XML-Element"}, {Entity: "Customer groups", Format: "XML-Element"},
	}}))
	selected := func(tables string) []string {
		result := p.run("catalog", "--config", p.configFile(), "--tables", tables)
		require.Equal(t, 0, result.ExitCode, "%s", result.Stderr)
		var printed struct {
			Streams []struct{ Stream struct{ Name string } }
		}
		require.NoError(t, json.Unmarshal(slices.Concat(result.Lines...), &printed))
		var names []string
		for _, s := range printed.Streams {
			names = append(names, s.Stream.Name)
		}
		return names
	}
	assert.ElementsMatch(t, []string{"account", "dmf_sales_export_customer_groups"}, selected("account,dmf_*_groups"))
	assert.NotContains(t, selected("*"), "dmf_sales_export_currencies")
}
