package integration_tests_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/inspect/report"
	"source-microsoft-dataverse/source/inspect/timing"
)

func TestThePageOfDoctorListsEachCode(t *testing.T) {
	var codes []string
	for _, code := range regexp.MustCompile(`(?m)\bCode\s+= "([a-z-]+)"`).FindAllStringSubmatch(text(t, "source/inspect/finding.go")+
		text(t, "source/inspect/findings_packages.go"), -1) {
		codes = append(codes, code[1])
	}
	require.Greater(t, len(codes), 20)
	var documented []string
	section := group(t, `(?s)## The findings\n(.*)`, text(t, "docs/check-and-doctor.md"))
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\| (?:error|warning|info)").FindAllStringSubmatch(section, -1) {
		for code := range strings.SplitSeq(row[1], ", ") {
			documented = append(documented, strings.Trim(code, "`"))
		}
	}
	assert.ElementsMatch(t, codes, documented)
}

func TestThePageOfDoctorListsEachMemberOfItsReport(t *testing.T) {
	section := group(t, `(?s)## The report for programs\n(.*?)\n## `, text(t, "docs/check-and-doctor.md"))
	for _, of := range []reflect.Type{
		reflect.TypeFor[report.Report](), reflect.TypeFor[report.User](), reflect.TypeFor[report.Timing](),
		reflect.TypeFor[report.Estimate](), reflect.TypeFor[report.Schedule](),
	} {
		for _, member := range membersOf(of) {
			assert.Contains(t, section, "`"+member+"`", of.Name())
		}
	}
}

func TestOmittableColumnsAreThoseOfTheGuide(t *testing.T) {
	section := group(t, `(?s)## Columns that can be left out\n(.*?)\nThese are large`, text(t, "docs/tables.md"))
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\|").FindAllStringSubmatch(section, -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			name = strings.Trim(name, "`")
			assert.True(t, timing.Omittable(strings.ReplaceAll(name, "*", "city")), name)
		}
	}
}
