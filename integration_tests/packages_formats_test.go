package integration_tests_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

// mostInCell is how many characters of a text data management writes into a cell of a workbook.
const mostInCell = 255

// TestEachFormatOfEntityFilesBringsTheSameRows reads shared entities and others, with values of every type and texts that each
// format must escape, and compares them value for value.
func TestEachFormatOfEntityFilesBringsTheSameRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format    string
		behaviors finops.Behaviors
		most      int
	}{
		"elements of XML":                       {format: "XML-Element"},
		"attributes of XML":                     {format: "XML-Attribute"},
		"UTF-16 with commas":                    {format: "CSV-Unicode"},
		"UTF-8 with a byte order mark":          {format: "CSV-UTF8"},
		"UTF-8 with semicolons":                 {format: "Semicolon"},
		"UTF-16 with tabs":                      {format: "Tab"},
		"a workbook":                            {format: "EXCEL", most: mostInCell},
		"a workbook that was edited":            {format: "EXCEL", most: mostInCell, behaviors: finops.Behaviors{SharedStrings: true}},
		"a workbook of a wrong dimension":       {format: "EXCEL", most: mostInCell, behaviors: finops.Behaviors{WrongDimension: true, DummyRow: true}},
		"values that are nested twice":          {format: "XML-Element", behaviors: finops.Behaviors{NestedValue: true, StagingCounts: true}},
		"dates that the metadata calls times":   {format: "XML-Element", behaviors: finops.Behaviors{SameDateTypes: true}},
		"definitions in pages":                  {format: "XML-Element", behaviors: finops.Behaviors{MetadataPage: 2, PageSize: 2}},
		"counts of staging, and escaped errors": {format: "CSV-Unicode", behaviors: finops.Behaviors{StagingCounts: true, EscapedErrors: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sampleWith(finops.Project{Name: "All", Lines: []finops.Line{
				{Entity: "Currencies", Format: c.format}, {Entity: "Fixed assets V2", Format: c.format}, {Entity: "Country/regions", Format: c.format},
			}})
			o.Behaviors = c.behaviors
			p := servePackages(t, o)
			d, catalog := destination.New(), p.overwriting("dmf_all_currencies", "dmf_all_fixed_assets_v2", "dmf_all_country_regions")
			report := p.sync(d, catalog)
			p.equalPackages(d, "dmf_all_currencies", "Currencies", c.most)
			p.equalPackages(d, "dmf_all_fixed_assets_v2", "Fixed assets V2", c.most)
			p.equalPackages(d, "dmf_all_country_regions", "Country/regions", c.most)
			assert.Equal(t, p.rows("Currencies")+p.rows("Fixed assets V2")+p.rows("Country/regions"), report.Records(), "each row once")
			assert.Equal(t, map[string]int{"All USMF": 1, "All DEMF": 1}, p.exports(), "one export serves all streams")
			cut := warnings(report, "255 characters")
			assert.Equal(t, c.most > 0, len(cut) > 0, "%v", cut)
		})
	}
}

func TestAnEntityWithoutRowsIsComplete(t *testing.T) {
	t.Parallel()
	for name, zero := range map[string]finops.ZeroRows{"a file without rows": finops.HeaderOnly, "no file": finops.NoFile, "no package": finops.NoPackage} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sampleWith(finops.Project{Name: "Empty", Lines: []finops.Line{{Entity: "Currencies", Format: "CSV-Unicode"}}})
			o.Behaviors.ZeroRows = zero
			o.Entities[0].Rows = 0
			p := servePackages(t, o)
			if zero == finops.NoPackage {
				p.shortenPauses() // the read waits for a package
			}
			d, catalog := destination.New(), p.overwriting("dmf_empty_currencies")
			require.Zero(t, p.sync(d, catalog).Records())
		})
	}
}
