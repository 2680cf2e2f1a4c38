package config_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/config"
)

const (
	tenant = "5c0a1f2e-7d34-4b8e-9a10-3f6e2d1c0b9a"
	client = "9b7e6d5c-4a3f-4e2d-8c1b-0a9f8e7d6c5b"
	secret = "Q~8kTz/+ \"v'\\9éx=Wq"
)

// specification is the connector's own.
func specification(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../spec.json")
	require.NoError(t, err)
	return data
}

// settings is a working configuration with changes; a change to absent takes the setting out.
func settings(changes map[string]any) map[string]any {
	settings := map[string]any{
		"url": "https://contoso.crm.dynamics.com", "tenant_id": tenant, "client_id": client, "client_secret_value": secret,
	}
	maps.Copy(settings, changes)
	maps.DeleteFunc(settings, func(_ string, value any) bool { return value == absent{} })
	return settings
}

type absent struct{}

// noVariables is an environment without variables.
func noVariables(string) string { return "" }

func load(t *testing.T, settings map[string]any) (*config.Config, error) {
	t.Helper()
	data, err := json.Marshal(settings)
	require.NoError(t, err)
	return loadText(t, string(data))
}

func loadText(t *testing.T, content string) (*config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return config.Load(path, specification(t), noVariables)
}

// problems returns what is wrong with the settings.
func problems(t *testing.T, settings map[string]any) []string {
	t.Helper()
	_, err := load(t, settings)
	var faults *config.Error
	require.ErrorAs(t, err, &faults)
	return faults.Problems
}

func TestAConfigurationOfTheRequiredSettingsHasDefaults(t *testing.T) {
	c, err := load(t, settings(nil))
	require.NoError(t, err)
	assert.Equal(t, "https://contoso.crm.dynamics.com", c.Environment)
	assert.Equal(t, tenant, c.Credentials.TenantID.Reveal())
	assert.Equal(t, client, c.Credentials.ClientID.Reveal())
	assert.Equal(t, secret, c.Credentials.ClientSecret.Reveal())
	assert.Equal(t, 5000, c.PageSize)
	assert.Empty(t, c.AuthorityHost)
	assert.True(t, c.Tables.Includes("account"))
	assert.True(t, c.CursorForUntracked)
	assert.True(t, c.MetadataStreams)
	assert.False(t, c.ChoiceLabels)
	assert.Zero(t, c.LabelLanguage)
	assert.False(t, c.LookupTypes)
	assert.False(t, c.IncludeBinaryColumns)
	assert.True(t, c.ParallelSnapshots)
	assert.Empty(t, c.Warnings)
}

func TestEverySettingIsLoaded(t *testing.T) {
	c, err := load(t, settings(map[string]any{
		"odata_maxpagesize": 250, "authority_host": "https://LOGIN.microsoftonline.us/",
		"include_tables": []string{"account", "new_*"}, "exclude_tables": []string{"new_secret"},
		"cursor_for_untracked": "off", "metadata_streams": false, "choice_labels": true, "label_language": 1031,
		"lookup_types": true, "include_binary_columns": true, "parallel_snapshots": false,
	}))
	require.NoError(t, err)
	assert.Equal(t, 250, c.PageSize)
	assert.Equal(t, "https://login.microsoftonline.us", c.AuthorityHost)
	assert.True(t, c.Tables.Includes("new_ticket"))
	assert.False(t, c.Tables.Includes("new_secret"))
	assert.False(t, c.Tables.Includes("contact"))
	assert.False(t, c.CursorForUntracked)
	assert.False(t, c.MetadataStreams)
	assert.True(t, c.ChoiceLabels)
	assert.Equal(t, 1031, c.LabelLanguage)
	assert.True(t, c.LookupTypes)
	assert.True(t, c.IncludeBinaryColumns)
	assert.False(t, c.ParallelSnapshots)
	assert.Empty(t, c.Warnings)
}

func TestALanguageWithoutLabelsBringsAWarning(t *testing.T) {
	c, err := load(t, settings(map[string]any{"label_language": 1031, "metadata_streams": false}))
	require.NoError(t, err)
	assert.Equal(t, []string{"label_language has no effect unless choice_labels or metadata_streams is true."}, c.Warnings)

	c, err = load(t, settings(map[string]any{"label_language": 1031}))
	require.NoError(t, err)
	assert.Empty(t, c.Warnings, "it is the language of the names in metadata")
}

func TestANullIsTheSameAsAnAbsentSetting(t *testing.T) {
	c, err := load(t, settings(map[string]any{
		"odata_maxpagesize": nil, "authority_host": nil, "include_tables": nil, "exclude_tables": nil,
		"metadata_streams": nil, "cursor_for_untracked": nil, "label_language": nil,
	}))
	require.NoError(t, err)
	assert.Equal(t, 5000, c.PageSize)
	assert.Contains(t, problems(t, settings(map[string]any{"client_id": nil}))[0], "client_id is missing.")
}

func TestThePageSizeIsBoundedByWhatDataverseSends(t *testing.T) {
	tests := []struct {
		name, value string
		want        int
		warns       bool
	}{
		{"the least", "1", 1, false},
		{"the most", "5000", 5000, false},
		{"a whole number in another form", "5e2", 500, false},
		{"too many", "5001", 5000, true},
		{"far too many", "100000000000000000000", 5000, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := load(t, settings(map[string]any{"odata_maxpagesize": json.RawMessage(test.value)}))
			require.NoError(t, err)
			assert.Equal(t, test.want, c.PageSize)
			if test.warns {
				require.Len(t, c.Warnings, 1)
				assert.Contains(t, c.Warnings[0], "odata_maxpagesize is greater than 5000")
			} else {
				assert.Empty(t, c.Warnings)
			}
		})
	}
}

func TestAProblemNamesItsField(t *testing.T) {
	tests := []struct {
		name    string
		changes map[string]any
		says    string
	}{
		{"an absent tenant", map[string]any{"tenant_id": absent{}}, "tenant_id is missing. Enter the Directory"},
		{"an empty client", map[string]any{"client_id": ""}, "client_id is empty. Enter the Application"},
		{"a blank secret", map[string]any{"client_secret_value": "  "}, "client_secret_value is empty."},
		{"an absent url", map[string]any{"url": absent{}}, "url is missing. In the Power Platform admin center"},
		{"a choice that is none", map[string]any{"on_expired_token": "stop"}, "on_expired_token is invalid. Enter resync or fail, or leave the field empty."},
		{"a number for a choice", map[string]any{"on_expired_token": 1}, "Enter resync or fail, or leave the field empty."},
		{"a number for a text", map[string]any{"client_id": 7}, "client_id has a value of the wrong type: string expected."},
		{"a page size of zero", map[string]any{"odata_maxpagesize": 0}, "odata_maxpagesize is less than 1."},
		{"a negative page size", map[string]any{"odata_maxpagesize": -5}, "odata_maxpagesize is less than 1."},
		{"a broken page size", map[string]any{"odata_maxpagesize": 10.5}, "odata_maxpagesize has a value of the wrong type"},
		{"a page size in words", map[string]any{"odata_maxpagesize": "ten"}, "odata_maxpagesize has a value of the wrong type"},
		{"a page size of two numbers", map[string]any{"odata_maxpagesize": "5,000"}, "odata_maxpagesize has a value of the wrong type"},
		{"a fraction in quotes", map[string]any{"odata_maxpagesize": "0.5"}, "odata_maxpagesize has a value of the wrong type"},
		{"a secret as Airbyte shows it", map[string]any{"client_secret_value": "**********"},
			"client_secret_value is asterisks, which Airbyte shows in place of a secret. Enter the Value"},
		{"a secret as Airbyte stores it", map[string]any{"client_secret_value": map[string]any{"_secret": "airbyte_workspace_1_secret_2_v1"}},
			"client_secret_value is a reference to a secret that only Airbyte can resolve. Enter the Value"},
		{"a flag in other words", map[string]any{"choice_labels": "yes"}, "choice_labels has a value of the wrong type: boolean expected. Enter true or false"},
		{"a language in letters", map[string]any{"label_language": "de"}, "label_language has a value of the wrong type: integer expected. Enter the code (LCID)"},
		{"a language that is none", map[string]any{"label_language": 0}, "label_language is invalid. Enter the code (LCID)"},
		{"a text for a list", map[string]any{"include_tables": "account"}, "include_tables has a value of the wrong type"},
		{"a number in a list", map[string]any{"exclude_tables": []any{"a", 1}}, "exclude_tables has a value of the wrong type"},
		{"a malformed pattern", map[string]any{"include_tables": []any{"acc["}}, `include_tables has the malformed pattern "acc["`},
		{"an empty pattern", map[string]any{"exclude_tables": []any{" "}}, "exclude_tables has an empty entry"},
		{"a tenant of all", map[string]any{"tenant_id": "Common"}, "tenant_id is not the ID of one tenant"},
		{"a tenant that would leave its place", map[string]any{"tenant_id": "../x"}, "tenant_id is neither an ID nor a domain name"},
		{"a sign-in host over http", map[string]any{"authority_host": "http://login.example.com"},
			"authority_host begins with http://, but only https:// is allowed."},
		{"a sign-in host with a tenant", map[string]any{"authority_host": "https://login.microsoftonline.com/x"},
			"authority_host has a path after its host."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := problems(t, settings(test.changes))
			require.Len(t, found, 1)
			assert.Contains(t, found[0], test.says)
		})
	}
}

func TestAllProblemsAreFoundAtOnce(t *testing.T) {
	found := problems(t, map[string]any{
		"url": "http://contoso.crm.dynamics.com", "client_id": 7, "client_secret_value": " ", "odata_maxpagesize": 0,
		"include_tables": []string{"["}, "authority_host": "https://",
	})
	assert.Len(t, found, 7)
}

func TestAProblemNeverShowsASecret(t *testing.T) {
	_, err := load(t, settings(map[string]any{
		"url": "", "tenant_id": "tenant/" + tenant, "client_id": []string{client}, "client_secret_value": map[string]any{"v": secret},
	}))
	require.Error(t, err)
	for _, value := range []string{tenant, client, secret} {
		assert.NotContains(t, err.Error(), value)
	}
}

func TestSpacesAroundCredentialsAreIgnored(t *testing.T) {
	c, err := load(t, settings(map[string]any{
		"tenant_id": " " + tenant, "client_id": client + "\n", "client_secret_value": "\t" + secret + " ",
	}))
	require.NoError(t, err)
	assert.Equal(t, tenant, c.Credentials.TenantID.Reveal())
	assert.Equal(t, client, c.Credentials.ClientID.Reveal())
	assert.Equal(t, secret, c.Credentials.ClientSecret.Reveal())
	assert.Len(t, c.Warnings, 3)
}

func TestASecretIDInPlaceOfTheValueBringsAWarning(t *testing.T) {
	c, err := load(t, settings(map[string]any{"client_secret_value": client}))
	require.NoError(t, err, "a secret may have that form")
	require.Len(t, c.Warnings, 1)
	assert.Contains(t, c.Warnings[0], "looks like a Secret ID")
}

func TestATenantMayBeADomain(t *testing.T) {
	c, err := load(t, settings(map[string]any{"tenant_id": "contoso.onmicrosoft.com"}))
	require.NoError(t, err)
	assert.Equal(t, "contoso.onmicrosoft.com", c.Credentials.TenantID.Reveal())
}

func TestAFileThatIsNotAConfigurationIsAProblem(t *testing.T) {
	for name, test := range map[string]struct{ content, says string }{
		"an empty file":        {"", "is empty."},
		"broken JSON":          {`{"client_secret_value": "hunter2`, `Line 1, column 33: the file ends within a text, so a closing " is missing.`},
		"a comma at the end":   {"{\"client_secret_value\": \"hunter2\",\n}", "Line 1, column 34: a comma precedes the closing }. Remove the comma."},
		"a list":               {`["hunter2"]`, "is not a JSON object."},
		"null":                 {"null", "is not a JSON object."},
		"two objects":          {`{} {"client_secret_value": "hunter2"}`, "more text follows the end of the JSON value."},
		"a configured catalog": {`{"streams":[{"stream":{"name":"hunter2"}}]}`, "is a configured catalog, not a configuration. Pass it with --catalog."},
		"a state":              {`[{"type":"STREAM","stream":{}}]`, "is a state, not a configuration. Pass it with --state."},
		"a specification":      {`{"type":"SPEC","spec":{}}`, "is a specification as spec prints it, not a configuration. Check the path."},
		"a configuration of Airbyte's API": {
			"{\"name\": \"crm\",\n \"connectionConfiguration\": {\"client_secret_value\": \"hunter2\"}}",
			`has its settings inside "connectionConfiguration" at line 2, column 2. Move them out of it, to the top level of the file.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, test.content)
			var faults *config.Error
			require.ErrorAs(t, err, &faults)
			require.Len(t, faults.Problems, 1)
			assert.Contains(t, faults.Problems[0], test.says)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestAByteOrderMarkIsIgnored(t *testing.T) {
	data, err := json.Marshal(settings(nil))
	require.NoError(t, err)
	_, err = loadText(t, "\ufeff"+string(data))
	assert.NoError(t, err)
}

func TestAnAbsentFileIsAProblem(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "config.json"), specification(t), noVariables)
	var faults *config.Error
	require.ErrorAs(t, err, &faults)
	assert.Contains(t, faults.Problems[0], "cannot be read: no such file or directory.")
}

func TestABrokenSpecificationIsNotTheUsersFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte(`{}`), 0o600))
	for _, broken := range []string{`{`, `{}`, `{"connectionSpecification": {"type": 3}}`} {
		_, err := config.Load(path, []byte(broken), noVariables)
		require.Error(t, err)
		var faults *config.Error
		assert.NotErrorAs(t, err, &faults)
	}
}

func TestTheSampleConfigurationsAreWhatTheirNamesSay(t *testing.T) {
	_, err := config.Load("../../integration_tests/sample_config.json", specification(t), noVariables)
	require.NoError(t, err)

	_, err = config.Load("../../integration_tests/invalid_config.json", specification(t), noVariables)
	var faults *config.Error
	require.ErrorAs(t, err, &faults)
	assert.Contains(t, faults.Error(), "url is the address of make.powerapps.com")
}
