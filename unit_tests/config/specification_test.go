package config_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"
)

// specified is the specification as the platform and its acceptance tests look at it.
type specified struct {
	DocumentationURL string         `json:"documentationUrl"`
	ProtocolVersion  string         `json:"protocol_version"`
	Connection       map[string]any `json:"connectionSpecification"`
}

func parseSpecification(t *testing.T) specified {
	t.Helper()
	var parsed specified
	require.NoError(t, json.Unmarshal(specification(t), &parsed))
	return parsed
}

// properties returns the connection's properties by name.
func properties(t *testing.T) map[string]map[string]any {
	t.Helper()
	members, ok := parseSpecification(t).Connection["properties"].(map[string]any)
	require.True(t, ok)
	properties := map[string]map[string]any{}
	for name, member := range members {
		properties[name], ok = member.(map[string]any)
		require.True(t, ok, name)
	}
	return properties
}

// The rules are those of airbytehq/airbyte's connector-acceptance-test (tests/test_core.py, class TestSpec).
func TestTheSpecificationFollowsTheAcceptanceRules(t *testing.T) {
	parsed := parseSpecification(t)
	assert.NotEmpty(t, parsed.DocumentationURL)
	assert.Equal(t, "0.2.0", parsed.ProtocolVersion, "the version that platforms assume for a source without one")
	assert.Equal(t, "object", parsed.Connection["type"])
	assert.Equal(t, true, parsed.Connection["additionalProperties"])
	_, err := gojsonschema.NewSchema(gojsonschema.NewGoLoader(parsed.Connection))
	require.NoError(t, err)

	t.Run("keywords that forms cannot show do not occur", func(t *testing.T) {
		forbidden := []string{
			"not", "anyOf", "allOf", "patternProperties", "prefixItems", "if", "then", "else", "dependentSchemas",
			"dependentRequired", "$ref",
		}
		eachKeyword(parsed.Connection, func(keyword string, _ any) { assert.NotContains(t, forbidden, keyword) })
	})
	t.Run("no type is a list", func(t *testing.T) {
		eachKeyword(parsed.Connection, func(keyword string, value any) {
			if keyword == "type" {
				assert.IsType(t, "", value)
			}
		})
	})
	t.Run("each property has a title, a description and an order of its own", func(t *testing.T) {
		var orders []float64
		for name, property := range properties(t) {
			assert.NotEmpty(t, property["title"], name)
			assert.NotEmpty(t, property["description"], name)
			order, ok := property["order"].(float64)
			require.True(t, ok, name)
			orders = append(orders, order)
		}
		slices.Sort(orders)
		assert.Len(t, slices.Compact(orders), len(properties(t)))
	})
	t.Run("a list's items are texts, or objects with fields", func(t *testing.T) {
		for name, property := range properties(t) {
			if items, ok := property["items"].(map[string]any); ok && items["type"] == "object" {
				assert.NotEmpty(t, items["properties"], name)
			} else if property["type"] == "array" {
				assert.Equal(t, map[string]any{"type": "string"}, property["items"], name)
			}
		}
	})
	t.Run("ids, secrets, certificates and passwords are secrets", func(t *testing.T) {
		secrets := map[string]bool{}
		eachProperty(parsed.Connection, func(name string, property map[string]any) {
			if property["airbyte_secret"] == true {
				assert.Equal(t, "string", property["type"])
				secrets[name] = true
			}
		})
		assert.Equal(t, []string{"certificate", "certificate_password", "client_id", "client_secret", "client_secret_value", "identity_client_id", "tenant_id"},
			slices.Sorted(maps.Keys(secrets)))
	})
}

// The rules are those of airbytehq/airbyte's connector-specification-reference.md on oneOf.
func TestEachKindOfCredentialsIsABranchOfTheForm(t *testing.T) {
	found := 0
	eachProperty(parseSpecification(t).Connection, func(name string, property map[string]any) {
		branches, ok := property["oneOf"].([]any)
		if !ok {
			return
		}
		found++
		assert.Equal(t, "credentials", name)
		assert.Equal(t, "object", property["type"])
		var kinds []any
		for _, branch := range branches {
			branch, ok := branch.(map[string]any)
			require.True(t, ok)
			assert.Equal(t, "object", branch["type"])
			assert.NotEmpty(t, branch["title"])
			fields, ok := branch["properties"].(map[string]any)
			require.True(t, ok)
			kind, ok := fields["auth_type"].(map[string]any)
			require.True(t, ok)
			assert.Equal(t, kind["const"], kind["default"])
			kinds = append(kinds, kind["const"])
			orders := map[any]bool{}
			for _, field := range fields {
				field, ok := field.(map[string]any)
				require.True(t, ok)
				orders[field["order"]] = true
			}
			assert.Len(t, orders, len(fields), "each field has a place of its own")
		}
		assert.Equal(t, []any{"client_secret", "client_certificate", "workload_identity", "managed_identity"}, kinds,
			"the form submits the first unless another is chosen")
	})
	assert.Equal(t, 2, found)
}

// eachProperty visits the properties of a schema and of the schemas in it.
func eachProperty(schema map[string]any, visit func(name string, property map[string]any)) {
	eachKeyword(schema, func(keyword string, value any) {
		properties, ok := value.(map[string]any)
		if keyword != "properties" || !ok {
			return
		}
		for name, property := range properties {
			if property, ok := property.(map[string]any); ok {
				visit(name, property)
			}
		}
	})
}

// The form shows required fields and those with always_show, and folds the others of a card away
// (airbytehq/airbyte, docs/platform/connector-development/connector-specification-reference.md).
func TestTheFormShowsTheConnectionAndTheTables(t *testing.T) {
	parsed := parseSpecification(t)
	cards, ok := parsed.Connection["groups"].([]any)
	require.True(t, ok)
	names := map[any]bool{}
	for _, card := range cards {
		card, ok := card.(map[string]any)
		require.True(t, ok)
		assert.NotEmpty(t, card["title"])
		names[card["id"]] = true
	}
	required, ok := parsed.Connection["required"].([]any)
	require.True(t, ok)
	shown := map[any][]string{}
	for name, property := range properties(t) {
		assert.Contains(t, names, property["group"], name)
		if property["always_show"] == true || slices.Contains(required, any(name)) {
			shown[property["group"]] = append(shown[property["group"]], name)
		}
	}
	for _, fields := range shown {
		slices.Sort(fields)
	}
	assert.Equal(t, map[any][]string{
		"connection": {"client_id", "client_secret_value", "tenant_id", "url"},
		"tables":     {"exclude_tables", "include_tables"},
	}, shown)
}

func TestConcurrentRequestsHaveTheBoundsOfDataverse(t *testing.T) {
	setting := properties(t)["max_concurrent_requests"]
	assert.EqualValues(t, 1, setting["minimum"])
	assert.EqualValues(t, 52, setting["maximum"])
	for _, number := range []int{-1, 0, 53} {
		assert.Equal(t, []string{"max_concurrent_requests is invalid. Enter a whole number from 1 to 52, or leave the field empty."},
			problems(t, settings(map[string]any{"max_concurrent_requests": number})))
	}
	for _, number := range []int{1, 52} {
		c, err := load(t, settings(map[string]any{"max_concurrent_requests": number}))
		require.NoError(t, err)
		assert.Equal(t, number, c.ConcurrentRequests)
	}
}

// Airbyte's Python source of the same name has these settings in version 1.0.2. A platform calls it a breaking change to
// ask for more, to narrow a value or to take a secret's mark away.
func TestConfigurationsOfThePythonSourceStayValid(t *testing.T) {
	older := map[string]string{
		"url": "string", "tenant_id": "string", "client_id": "string", "client_secret_value": "string",
		"odata_maxpagesize": "integer",
	}
	all := properties(t)
	for name, kind := range older {
		require.Contains(t, all, name)
		assert.Equal(t, kind, all[name]["type"], name)
		for _, narrowing := range []string{"pattern", "minimum", "maximum", "enum", "format", "minLength", "maxLength"} {
			assert.NotContains(t, all[name], narrowing, name)
		}
	}
	assert.EqualValues(t, 5000, all["odata_maxpagesize"]["default"])
	assert.Equal(t, []any{"url"}, parseSpecification(t).Connection["required"], "other credentials than a secret have no use for the rest")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, old := older[name]; !old {
			assert.NotContains(t, parseSpecification(t).Connection["required"], name)
		}
	}
}

// eachKeyword visits the keywords of a schema and of the schemas in it, but not the names of its properties.
func eachKeyword(schema map[string]any, visit func(keyword string, value any)) {
	for keyword, value := range schema {
		visit(keyword, value)
		members, ok := value.(map[string]any)
		if branches, list := value.([]any); list {
			for _, branch := range branches {
				if nested, ok := branch.(map[string]any); ok {
					eachKeyword(nested, visit)
				}
			}
		}
		switch {
		case !ok:
		case keyword == "properties":
			for _, property := range members {
				if nested, ok := property.(map[string]any); ok {
					eachKeyword(nested, visit)
				}
			}
		default:
			eachKeyword(members, visit)
		}
	}
}
