package integration_tests_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

func TestACheckNamesWhatKeepsAProjectFromBeingExported(t *testing.T) {
	t.Parallel()
	o := sampleWith(
		finops.Project{Name: "Good", Lines: []finops.Line{{Entity: "Currencies", Format: "XML-Element"}}},
		finops.Project{Name: "Bad", Operation: "Import", Lines: []finops.Line{{Entity: "Currencies", Format: "XML-Element"}}},
		finops.Project{Name: "Changes", Operation: "Export", Lines: []finops.Line{{Entity: "Currencies", Format: "XML-Element", Incremental: true}}},
		finops.Project{Name: "Unmapped", Operation: "Export", Lines: []finops.Line{{Entity: "Currencies", Format: "XML-Element", Unmapped: true}}},
	)
	p := servePackages(t, o)
	project := func(name string, companies ...string) map[string]any {
		return map[string]any{"packages": []map[string]any{{"project": name, "legal_entities": companies}}}
	}
	for name, c := range map[string]struct {
		settings map[string]any
		words    string // of the message; empty: the check succeeds
	}{
		"nothing is wrong":            {project("Good", "usmf"), ""},
		"no such project":             {project("Nope", "USMF"), `no data project "Nope"`},
		"it imports":                  {project("Bad", "USMF"), `The data project "Bad" imports.`},
		"every entity is incremental": {project("Changes", "USMF"), "no entity that is exported in full"},
		"no mapping":                  {project("Unmapped", "USMF"), "no valid mapping"},
		"no such company":             {project("Good", "USMF", "USM"), "no legal entity USM,"},
		"another address":             {map[string]any{"finance_operations_url": p.config["url"]}, "does not lead to it"},
	} {
		t.Run(name, func(t *testing.T) { // not in parallel: the configurations have one file
			requireStatus(t, p.with(t, c.settings), c.words)
		})
	}
}

func TestACheckNamesAnApplicationThatIsMissing(t *testing.T) {
	t.Parallel()
	p := servePackages(t, sampleWith(finops.Project{Name: "Good", Lines: []finops.Line{{Entity: "Currencies", Format: "XML-Element"}}}))
	p.finance.Unregister(simulator.DefaultApplication().ClientID)
	requireStatus(t, p.lab, "System administration > Setup > Microsoft Entra applications")
}

func TestACheckNamesAnEnvironmentThatIsNotLinked(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["packages"] = []map[string]any{{"project": "Good", "legal_entities": []string{"USMF"}}}
	requireStatus(t, l, "Enter it as finance_operations_url")
}

// requireStatus requires that a check fails with a message that has the words, or succeeds if there are none.
func requireStatus(t *testing.T, l *lab, words string) {
	t.Helper()
	result := l.run("check", "--config", l.configFile())
	require.Equal(t, 0, result.ExitCode, "%s", result.Lines)
	var last struct {
		ConnectionStatus struct{ Status, Message string }
	}
	require.NoError(t, json.Unmarshal(result.Lines[len(result.Lines)-1], &last))
	if words == "" {
		assert.Equal(t, "SUCCEEDED", last.ConnectionStatus.Status, last.ConnectionStatus.Message)
		return
	}
	assert.Equal(t, "FAILED", last.ConnectionStatus.Status)
	assert.Contains(t, last.ConnectionStatus.Message, words)
}
