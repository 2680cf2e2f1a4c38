package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// fixtures returns the folder of real payloads; without it the test is skipped.
func fixtures(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("DATAVERSE_FIXTURES")
	if folder == "" {
		t.Skip("DATAVERSE_FIXTURES does not name a folder of real payloads")
	}
	return folder
}

func TestRealisticTables(t *testing.T) {
	tables := map[string]*schema.Table{}
	sets := map[string]bool{}
	for _, table := range schema.Realistic() {
		require.NotContains(t, tables, table.LogicalName)
		tables[table.LogicalName] = table
		if table.EntitySetName != "" {
			require.False(t, sets[table.EntitySetName], table.EntitySetName)
			sets[table.EntitySetName] = true
		}
	}
	t.Run("each has its key and name among its columns, and no column twice", func(t *testing.T) {
		for name, table := range tables {
			key := table.Column(table.PrimaryID)
			require.NotNil(t, key, name)
			assert.True(t, key.PrimaryID, name)
			if table.PrimaryName != "" {
				assert.NotNil(t, table.Column(table.PrimaryName), name)
			}
			seen := map[string]bool{}
			for i := range table.Columns {
				c := &table.Columns[i]
				assert.False(t, seen[c.LogicalName], "%s.%s", name, c.LogicalName)
				seen[c.LogicalName] = true
				assert.Equal(t, strings.ToLower(c.SchemaName), c.LogicalName)
				if c.AttributeOf != "" {
					assert.NotNil(t, table.Column(c.AttributeOf), "%s.%s", name, c.LogicalName)
				}
				if c.Type == schema.DateTime {
					assert.NotEmpty(t, c.Behavior, "%s.%s", name, c.LogicalName)
				}
			}
		}
	})
	t.Run("every column type occurs", func(t *testing.T) {
		found := map[schema.ColumnType]bool{}
		for i := range tables["contoso_everything"].Columns {
			found[tables["contoso_everything"].Columns[i].Type] = true
		}
		for _, kind := range []schema.ColumnType{
			schema.BigInt, schema.Boolean, schema.CalendarRules, schema.Customer, schema.DateTime,
			schema.Decimal, schema.Double, schema.EntityName, schema.File, schema.Image, schema.Integer,
			schema.Lookup, schema.ManagedProperty, schema.Memo, schema.Money, schema.MultiSelectPicklist,
			schema.Owner, schema.PartyList, schema.Picklist, schema.State, schema.Status, schema.String,
			schema.Uniqueidentifier, schema.VirtualColumn,
		} {
			assert.True(t, found[kind], "%s", kind)
		}
	})
	t.Run("an account has about as many columns as a real one", func(t *testing.T) {
		assert.Greater(t, len(tables["account"].Columns), 180)
	})
	t.Run("changing a definition leaves those of the next call alone", func(t *testing.T) {
		tables["account"].Columns[0].LogicalName = "changed"
		for _, table := range schema.Realistic() {
			assert.Nil(t, table.Column("changed"))
		}
	})
}

// realDefinition is what the test compares of an EntityDefinition.
type realDefinition struct {
	LogicalName, SchemaName, EntitySetName, PrimaryIdAttribute, OwnershipType string
	LogicalCollectionName, PrimaryNameAttribute                               *string
	ObjectTypeCode                                                            int
	ChangeTrackingEnabled, IsIntersect                                        bool
	CanChangeTrackingBeEnabled                                                struct{ Value bool }
	Attributes                                                                []realColumn
}

type realColumn struct {
	LogicalName, SchemaName, AttributeType                                   string
	AttributeOf                                                              *string
	AttributeTypeName                                                        struct{ Value string }
	IsValidODataAttribute, IsValidForRead, IsPrimaryId, IsLogical, IsSecured bool
	Targets                                                                  []string
	DateTimeBehavior                                                         *struct{ Value string }
}

func TestTablesAgreeWithRealOnes(t *testing.T) {
	folder := fixtures(t)
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	// These columns come with the sales application, which the fixture's environment does not have.
	sales := []string{"openrevenue", "openrevenue_base", "openrevenue_date", "openrevenue_state", "opendeals", "opendeals_date", "opendeals_state"}

	for _, name := range []string{"account", "team", "systemuserroles", "systemform"} {
		t.Run("the definition of "+name+" agrees", func(t *testing.T) {
			var want, got realDefinition
			raw, err := os.ReadFile(filepath.Join(folder, "definitions", "entitydefinition_"+name+".json"))
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(raw, &want))
			require.NoError(t, json.Unmarshal(c.Get("EntityDefinitions(LogicalName='"+name+"')?$expand=Attributes").Body, &got))
			columns := map[string]realColumn{}
			for _, each := range want.Attributes {
				columns[each.LogicalName] = each
			}
			for _, each := range got.Attributes {
				if !assert.ObjectsAreEqual(columns[each.LogicalName], each) && !slices.Contains(sales, each.LogicalName) {
					assert.Equal(t, columns[each.LogicalName], each)
				}
			}
			want.Attributes, got.Attributes = nil, nil
			assert.Equal(t, want, got)
		})
	}
}

func TestEntitySetsAgreeWithRealOnes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixtures(t), "entity_sets.tsv"))
	require.NoError(t, err)
	known := map[string][]string{}
	for line := range strings.Lines(string(raw)) {
		fields := strings.Split(line, "\t")
		known[fields[0]] = fields
	}
	for _, table := range schema.Realistic() {
		want := known[table.LogicalName]
		if len(want) == 0 {
			continue // a custom table, or one without an entity set
		}
		t.Run(table.LogicalName+" has its entity set and key", func(t *testing.T) {
			assert.Equal(t, want[1], table.EntitySetName)
			assert.Equal(t, want[2], table.KeyProperty())
		})
	}
}

func TestMetadataHasTheMembersOfRealMetadata(t *testing.T) {
	folder := fixtures(t)
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	raw, err := os.ReadFile(filepath.Join(folder, "definitions", "entitydefinition_account.json"))
	require.NoError(t, err)
	want := simulatortest.Response{Body: raw}.JSON(t)
	got := c.Get("EntityDefinitions(LogicalName='account')?$expand=Attributes").JSON(t)
	// Settings are a navigation property in the Web API, and options have to be expanded there.
	missing := func(want, got map[string]any) (names []string) {
		for name := range want {
			if _, found := got[name]; !found && name != "Settings" && name != "OptionSet" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	t.Run("no column lacks a member", func(t *testing.T) {
		known := map[any]map[string]any{}
		for _, each := range simulatortest.Objects(t, want["Attributes"]) {
			known[each["LogicalName"]] = each
		}
		for _, each := range simulatortest.Objects(t, got["Attributes"]) {
			assert.Empty(t, missing(known[each["LogicalName"]], each), "%s", each["LogicalName"])
		}
	})
	t.Run("no table lacks a member", func(t *testing.T) {
		assert.Empty(t, missing(want, got))
	})
}
