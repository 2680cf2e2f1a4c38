package integration_tests_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

func TestAnEnvironmentThatIsNotLinkedIsFoundByItsURL(t *testing.T) {
	t.Parallel()
	const prefix = "/namespaces/00000000-1111-4222-8333-444444444444"
	o := sampleWith(finops.Project{Name: "All", Lines: []finops.Line{{Entity: "Currencies", Format: "XML-Element"}}})
	o.Prefix = prefix
	p := servePackagesAt(t, o, simulator.FinanceOperationsOptions{Prefix: prefix, Unlinked: true})
	failed := p.run("check", "--config", p.configFile())
	assert.Contains(t, string(failed.Lines[len(failed.Lines)-1]), "finance_operations_url")
	p.config["finance_operations_url"] = p.server.URL
	d, catalog := destination.New(), p.overwriting("dmf_all_currencies")
	p.sync(d, catalog)
	p.equalPackages(d, "dmf_all_currencies", "Currencies", 0)
}
