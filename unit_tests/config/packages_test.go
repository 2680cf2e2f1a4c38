package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/config"
)

func TestPackagesHaveProjectsAndCompanies(t *testing.T) {
	c, err := load(t, settings(map[string]any{
		"packages": []any{
			map[string]any{"project": " Sales export ", "legal_entities": []any{"USMF", " DEMF "}},
			map[string]any{"project": "HR", "legal_entities": []any{"USMF"}},
		},
		"finance_operations_url":  "contoso.operations.dynamics.com/?cmp=USMF&mi=DefaultDashboard",
		"package_timeout_minutes": 30, "no_date": "keep",
	}))
	require.NoError(t, err)
	assert.Equal(t, []config.Package{{Project: "Sales export", Companies: []string{"USMF", "DEMF"}}, {Project: "HR", Companies: []string{"USMF"}}}, c.Packages)
	assert.Equal(t, "https://contoso.operations.dynamics.com", c.FinanceOperations)
	assert.Equal(t, 30*time.Minute, c.PackageTimeout)
	assert.True(t, c.KeepNoDate)
	assert.Empty(t, c.Warnings)
}

func TestWithoutPackagesNothingConcernsFinanceAndOperations(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	assert.Empty(t, c.Packages)
	assert.Empty(t, c.FinanceOperations)
	assert.Equal(t, 6*time.Hour, c.PackageTimeout)
	assert.False(t, c.KeepNoDate)
	assert.Empty(t, c.Warnings)
}

func TestPackagesThatAreWrongAreNamedByTheirPlace(t *testing.T) {
	list := func(items ...any) map[string]any { return map[string]any{"packages": items} }
	companies := []any{"USMF"}
	for name, c := range map[string]struct {
		changes map[string]any
		want    string
	}{
		"no list":                   {map[string]any{"packages": "Sales"}, "packages has a value of the wrong type: array expected."},
		"no object":                 {list("Sales"), "packages[0] has a value of the wrong type: object expected."},
		"no project":                {list(map[string]any{"legal_entities": companies}), "packages[0].project is missing."},
		"an empty project":          {list(map[string]any{"project": " ", "legal_entities": companies}), "packages[0].project is missing."},
		"no companies":              {list(map[string]any{"project": "A"}), "packages[0].legal_entities is missing."},
		"an empty list":             {list(map[string]any{"project": "A", "legal_entities": []any{}}), "packages[0].legal_entities is missing."},
		"an empty company":          {list(map[string]any{"project": "A", "legal_entities": []any{""}}), "packages[0].legal_entities has an empty entry."},
		"one company":               {list(map[string]any{"project": "A", "legal_entities": "USMF"}), "packages[0].legal_entities has a value of the wrong type"},
		"the same project":          {list(map[string]any{"project": "A", "legal_entities": companies}, map[string]any{"project": "a", "legal_entities": companies}), "packages[1].project names the same project"},
		"an address without a host": {map[string]any{"finance_operations_url": "https://"}, "finance_operations_url is not a web address."},
		"an address of http":        {map[string]any{"finance_operations_url": "ht" + "tp://fo.example"}, "finance_operations_url begins with"},
		"no time":                   {map[string]any{"package_timeout_minutes": 0}, "package_timeout_minutes is invalid."},
		"no such choice":            {map[string]any{"no_date": "empty"}, "no_date is invalid. Enter null or keep"},
	} {
		t.Run(name, func(t *testing.T) {
			found := problems(t, settings(c.changes))
			require.Len(t, found, 1, found)
			assert.Contains(t, found[0], c.want)
		})
	}
}

func TestPackagesBringWarningsOfWhatHasNoEffect(t *testing.T) {
	c, err := load(t, settings(map[string]any{
		"packages": []any{map[string]any{"project": "A", "legal_entities": []any{"USMF", "usmf"}, "companies": []any{"DEMF"}}},
	}))
	require.NoError(t, err)
	assert.Equal(t, []string{"USMF"}, c.Packages[0].Companies)
	assert.Len(t, c.Warnings, 2)
	c, err = load(t, settings(map[string]any{"finance_operations_url": "https://fo.example"}))
	require.NoError(t, err)
	assert.Equal(t, []string{"finance_operations_url has no effect unless packages lists a project."}, c.Warnings)
}

func TestAddressesOfFinanceAndOperationsHaveOneRoot(t *testing.T) {
	for pasted, want := range map[string]string{
		"https://Contoso.operations.dynamics.com/":                                "https://contoso.operations.dynamics.com",
		"https://contoso.operations.dynamics.com/data":                            "https://contoso.operations.dynamics.com",
		"https://contoso.operations.dynamics.com/metadata/":                       "https://contoso.operations.dynamics.com",
		"https://fo.example:8443/namespaces/AXSF":                                 "https://fo.example:8443/namespaces/AXSF",
		"https://hr.example/namespaces/0f1e2d3c-0000-0000-0000-000000000000/data": "https://hr.example/namespaces/0f1e2d3c-0000-0000-0000-000000000000",
	} {
		root, ok := config.FinanceOperationsRoot(pasted)
		assert.True(t, ok, pasted)
		assert.Equal(t, want, root)
	}
	for _, other := range []string{"", "not an address", "ht" + "tp://fo.example"} {
		_, ok := config.FinanceOperationsRoot(other)
		assert.False(t, ok, other)
	}
}

func TestSignaturesOfUrlsAreMasked(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	assert.Equal(t, "GET https://x.blob.core.windows.net/dmf/a?sv=1&sig=****&sp=r failed", c.Redact("GET https://x.blob.core.windows.net/dmf/a?sv=1&sig=Ab%2Fc%3D&sp=r failed"))
}
