package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
)

// someTables are the tables of an environment, one of which the Web API cannot address.
func someTables() []dataverse.TableSummary {
	summary := func(name, set, displayName string) dataverse.TableSummary {
		return dataverse.TableSummary{Table: dataverse.Table{LogicalName: name, EntitySet: set}, DisplayName: displayName}
	}
	return []dataverse.TableSummary{
		summary("account", "accounts", "Company"), summary("contact", "contacts", "Contact"),
		summary("contoso_child", "contoso_children", "Child"), summary("contoso_secret", "contoso_secrets", "Secret"),
		summary("sharepointdocument", "", "Document"), summary("systemuserroles", "systemuserrolescollection", ""),
	}
}

// offered leaves one table out.
func offered(name string) bool { return name != "contoso_secret" }

func TestPatternsSelectTables(t *testing.T) {
	for name, example := range map[string]struct {
		patterns []string
		want     []string
	}{
		"a name":                               {[]string{"contact"}, []string{"contact"}},
		"in the order of the tables":           {[]string{"contoso_*", "account"}, []string{"account", "contoso_child"}},
		"each once":                            {[]string{"acc*", "account"}, []string{"account"}},
		"all that have an entity set":          {[]string{"*"}, []string{"account", "contact", "contoso_child", "systemuserroles"}},
		"one letter of several, or any letter": {[]string{"[ab]ccoun?"}, []string{"account"}},
	} {
		t.Run(name, func(t *testing.T) {
			selected, err := catalog.Select(someTables(), example.patterns, offered)
			require.NoError(t, err)
			var names []string
			for _, s := range selected {
				names = append(names, s.Table.LogicalName)
			}
			assert.Equal(t, example.want, names)
		})
	}
}

func TestAPatternThatSelectsNothingIsAnError(t *testing.T) {
	for pattern, want := range map[string]string{
		"acount":          `The pattern "acount" matches no table of the environment. The nearest table is account (Company). `,
		"company":         "The nearest table is account (Company).",
		"contso_*":        "The nearest table is contoso_child (Child).",
		"systemuserrole":  "The nearest table is systemuserroles. ",
		"acount,contact":  "matches no table",
		"account contact": `The pattern "account contact" has spaces, but no logical name has one. Put commas between the names: 'account,contact'.`,
		"qqq":             "matches no table of the environment, and no table has a similar name. ",
		"*":               "",
		"sharepoint*":     `The pattern "sharepoint*" matches only tables whose rows the Web API cannot list, such as sharepointdocument.`,
		"contoso_secret":  `The pattern "contoso_secret" matches only tables that the configuration leaves out, such as contoso_secret.`,
		"contoso_[c-s]*t": "leaves out, such as contoso_secret",
	} {
		t.Run(pattern, func(t *testing.T) {
			_, err := catalog.Select(someTables(), []string{"contact", pattern}, offered)
			if want == "" {
				require.NoError(t, err)
				return
			}
			var wrong *catalog.PatternError
			require.ErrorAs(t, err, &wrong)
			assert.Contains(t, err.Error(), want)
		})
	}
}

func TestAllPatternsThatSelectNothingAreReported(t *testing.T) {
	_, err := catalog.Select(someTables(), []string{"acount", "contact", "contakt"}, offered)
	require.EqualError(t, err, `The pattern "acount" matches no table of the environment. The nearest table is account (Company). `+
		`The pattern "contakt" matches no table of the environment. The nearest table is contact (Contact). `+
		`To list the tables of the environment, run "source-microsoft-dataverse tables --config FILE".`)
	_, err = catalog.Select(someTables(), []string{"contoso_secret", "sharepoint*"}, offered)
	require.ErrorContains(t, err, "such as contoso_secret. ")
	require.ErrorContains(t, err, "such as sharepointdocument. ")
}

func TestAListShowsTablesThatCannotBeSelected(t *testing.T) {
	matching, err := catalog.Matching(someTables(), []string{"*secret", "sharepointdocument"})
	require.NoError(t, err)
	assert.Len(t, matching, 2)
	_, err = catalog.Matching(someTables(), []string{"account", "acount"})
	require.ErrorContains(t, err, "The nearest table is account")
}
