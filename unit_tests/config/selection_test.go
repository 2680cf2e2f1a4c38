package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/config"
)

// selectionOf loads a configuration with these patterns.
func selectionOf(t *testing.T, include, exclude []string) (config.Selection, error) {
	t.Helper()
	loaded, err := load(t, settings(map[string]any{"include_tables": include, "exclude_tables": exclude}))
	if err != nil {
		return config.Selection{}, err
	}
	return loaded.Tables, nil
}

func TestTablesAreSelectedByPatterns(t *testing.T) {
	list := func(patterns ...string) []string { return patterns }
	tests := []struct {
		name             string
		include, exclude []string
		in, out          []string
	}{
		{"without patterns all tables are in", nil, nil, list("account", "new_x"), nil},
		{"a name selects its table alone", list("account"), nil, list("account"), list("accounts", "myaccount")},
		{"a star matches any characters", list("new_*"), nil, list("new_", "new_ticket"), list("anew_x")},
		{"a question mark matches one", list("new_?"), nil, list("new_a"), list("new_", "new_ab")},
		{"a range matches one", list("[a-c]*"), nil, list("account", "contact"), list("lead")},
		{"any of several patterns will do", list("account", "con*"), nil, list("account", "contact"), list("lead")},
		{"letter case and spaces do not matter", list(" Account "), list("CONTACT"), list("ACCOUNT"), list("contact")},
		{"exclusion alone leaves the others in", nil, list("msdyn_*"), list("account"), list("msdyn_x")},
		{"exclusion is stronger", list("a*"), list("ac*"), list("appointment"), list("account", "lead")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			selection, err := selectionOf(t, test.include, test.exclude)
			require.NoError(t, err)
			for _, table := range test.in {
				assert.True(t, selection.Includes(table), table)
			}
			for _, table := range test.out {
				assert.False(t, selection.Includes(table), table)
			}
		})
	}
}

func TestEachMalformedPatternIsNamed(t *testing.T) {
	_, err := selectionOf(t, []string{"a[", "good*"}, []string{"b[z-a", `c\`, ""})
	var faults *config.Error
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults.Problems, 4)
	assert.Contains(t, faults.Problems[0], `include_tables has the malformed pattern "a["`)
	assert.Contains(t, faults.Problems[1], `exclude_tables has the malformed pattern "b[z-a"`)
	assert.Contains(t, faults.Problems[3], "exclude_tables has an empty entry")
}

func TestASelectionNamesATableOnlyWithoutWildcards(t *testing.T) {
	selection, err := selectionOf(t, []string{"Account", "contoso_*"}, nil)
	require.NoError(t, err)
	assert.True(t, selection.Restricted())
	assert.True(t, selection.Names("account"))
	assert.False(t, selection.Names("contoso_order"))
	assert.False(t, config.Selection{}.Restricted())
}

func TestTheZeroSelectionIncludesAll(t *testing.T) {
	assert.True(t, config.Selection{}.Includes("account"))
}

func TestPatternsThatMatchNoTableAreReturned(t *testing.T) {
	selection, err := selectionOf(t, []string{"account", "Acount", "new_*"}, []string{"msdyn_*", "contact"})
	require.NoError(t, err)
	want := []config.Pattern{{Setting: "include_tables", Glob: "acount"}, {Setting: "exclude_tables", Glob: "msdyn_*"}}
	assert.Equal(t, want, selection.Unmatched([]string{"account", "Contact", "new_x"}))
	assert.Empty(t, selection.Unmatched([]string{"acount", "msdyn_a", "account", "contact", "new_x"}))
	assert.Empty(t, config.Selection{}.Unmatched([]string{"account"}))
}

func TestAFilterNarrowsASelection(t *testing.T) {
	selection, err := selectionOf(t, []string{"account", "con*"}, []string{"contoso_x"})
	require.NoError(t, err)
	assert.Equal(t, selection, selection.Narrow(nil))
	narrow := selection.Narrow([]string{"con*", "lead"})
	for name, in := range map[string]bool{"contact": true, "account": false, "contoso_x": false, "lead": false} {
		assert.Equal(t, in, narrow.Includes(name), name)
	}
	assert.True(t, selection.Includes("account"), "the selection itself stays as it is")
	assert.Equal(t, []config.Pattern{{Setting: "--filter", Glob: "lead"}}, narrow.Unmatched([]string{"account", "contact", "contoso_x"}))
	all, err := selectionOf(t, nil, nil)
	require.NoError(t, err)
	assert.False(t, all.Restricted())
	assert.True(t, all.Narrow([]string{"lead"}).Restricted())
}
