package inspect_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/inspect"
)

func TestProblemsOfProjectsAreFindings(t *testing.T) {
	line := finops.Line{Entity: "Customers", Format: "XML-Element"}
	project := func(lines ...finops.Line) *finops.Project {
		return &finops.Project{Name: "Sales", Exports: true, Lines: lines}
	}
	for name, c := range map[string]struct {
		facts    finops.Facts
		severity inspect.Severity
		code     inspect.Code
		names    string // what the sentence names
	}{
		"no such project":       {finops.Facts{}, inspect.Error, inspect.ProjectMissing, `"Sales"`},
		"it imports":            {finops.Facts{Found: &finops.Project{}}, inspect.Error, inspect.ProjectImports, `"Sales"`},
		"no entity":             {finops.Facts{Found: project()}, inspect.Error, inspect.ProjectEmpty, `"Sales"`},
		"no such company":       {finops.Facts{Found: project(line), Companies: []string{"USM"}, Known: []string{"USMF"}}, inspect.Error, inspect.CompanyMissing, "USM,"},
		"no mapping":            {finops.Facts{Found: project(finops.Line{Entity: "Items", Unmapped: true})}, inspect.Error, inspect.EntityUnmapped, "Items"},
		"an incremental entity": {finops.Facts{Found: project(line, finops.Line{Entity: "Items", Incremental: true})}, inspect.Warning, inspect.EntityIncremental, "lost"},
		"texts that are cut":    {finops.Facts{Found: project(finops.Line{Entity: "A", Format: "EXCEL"}, finops.Line{Entity: "B", Format: "EXCEL"})}, inspect.Warning, inspect.TextCut, "A, B"},
		"a running execution":   {finops.Facts{Found: project(line), Running: []string{"x-1"}}, inspect.Warning, inspect.ExecutionRunning, "x-1"},
	} {
		t.Run(name, func(t *testing.T) {
			c.facts.Project = "Sales"
			findings := inspect.ProjectFindings(finops.Review(c.facts))
			require.Len(t, findings, 1)
			assert.Equal(t, c.severity, findings[0].Severity)
			assert.Equal(t, c.code, findings[0].Code)
			assert.Contains(t, findings[0].Sentence, c.names)
			assert.NotEmpty(t, findings[0].NextStep)
			assert.Equal(t, "packages", findings[0].Key)
		})
	}
}

func TestProjectThatCanBeExportedIsDescribed(t *testing.T) {
	f := with(func(f *inspect.Facts) {
		f.Projects = []finops.Facts{{Project: "sales", Companies: []string{"USMF", "DEMF"}, Found: &finops.Project{
			Name: "Sales", Exports: true, Lines: []finops.Line{{Entity: "Customers"}, {Entity: "Items"}, {Entity: "Workers", Disabled: true}},
		}}}
	})
	var about []string
	for _, finding := range f.Findings() {
		if finding.Code == inspect.AboutProject {
			about = append(about, finding.Sentence)
		}
	}
	assert.Equal(t, []string{`The data project "Sales" exports 2 entities for USMF, DEMF.`}, about)
}

func TestProjectsThatCannotBeReadAreAnErrorOrAnOutage(t *testing.T) {
	refused := with(func(f *inspect.Facts) { f.PackagesProblem = problem("The application is missing.", true) })
	assert.Equal(t, inspect.PackagesRefused, refused.Findings()[0].Code)
	assert.Equal(t, inspect.Error, refused.Findings()[0].Severity)
	require.NoError(t, refused.Outage())
	away := with(func(f *inspect.Facts) { f.PackagesProblem = problem("It is away.", false) })
	require.Error(t, away.Outage())
}
