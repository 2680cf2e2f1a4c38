package metadata_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// choiceQuery is Microsoft's sample of a query for the options of choice columns, for one column type and one table.
func choiceQuery(table, kind, labels string) string {
	return fmt.Sprintf(`{"Criteria":{"FilterOperator":"Or","Conditions":[{"PropertyName":"LogicalName","ConditionOperator":"In","Value":{"Type":"System.String[]","Value":"['%s']"}}]},
		"Properties":{"AllProperties":false,"PropertyNames":["Attributes"]},
		"AttributeQuery":{"Properties":{"AllProperties":false,"PropertyNames":["AttributeTypeName","DisplayName","OptionSet"]},
		"Criteria":{"FilterOperator":"Or","Conditions":[{"PropertyName":"AttributeTypeName","ConditionOperator":"Equals","Value":{"Type":"Microsoft.Xrm.Sdk.Metadata.AttributeTypeDisplayName","Value":"%s"}}]}}%s}`,
		table, kind, labels)
}

// columns returns the columns of the only table of a response, by logical name.
func columns(t *testing.T, a simulatortest.Response) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, table := range tables(a, t) {
		for _, column := range simulatortest.Objects(t, table["Attributes"]) {
			found[column["LogicalName"].(string)] = column
		}
	}
	return found
}

func options(t *testing.T, column map[string]any) []map[string]any {
	t.Helper()
	set, ok := column["OptionSet"].(map[string]any)
	require.True(t, ok, "%v", column)
	return simulatortest.Objects(t, set["Options"])
}

// texts returns the texts of a label by language code.
func texts(t *testing.T, label any) map[string]any {
	t.Helper()
	found := map[string]any{}
	for _, each := range simulatortest.Objects(t, label.(map[string]any)["LocalizedLabels"]) {
		found[fmt.Sprint(each["LanguageCode"])] = each["Label"]
	}
	return found
}

func TestLabelsInSeveralLanguages(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Rows: map[string]int{"contoso_everything": 1}, Languages: []int{1031, 1033, 1036}}, simulator.ServerOptions{})
	require.NoError(t, c.Environment.SetOptions("contoso_everything", "contoso_choice", []schema.Option{
		{Value: 1, Label: "Red", Translations: map[int]string{1031: "Rot", 1036: "Rouge"}}, {Value: 2, Label: "Green", Translations: map[int]string{1036: ""}},
	}))
	read := func(labels string) []map[string]any {
		return options(t, columns(t, changes(c, choiceQuery("contoso_everything", "PicklistType", labels), ""))["contoso_choice"])
	}
	t.Run("all of them come without a filter", func(t *testing.T) {
		found := read("")
		assert.Equal(t, map[string]any{"1031": "Rot", "1033": "Red", "1036": "Rouge"}, texts(t, found[0]["Label"]))
		assert.Equal(t, map[string]any{"1031": "Green (1031)", "1033": "Green"}, texts(t, found[1]["Label"]), "a label can lack a language")
		user, _ := found[0]["Label"].(map[string]any)["UserLocalizedLabel"].(map[string]any)
		assert.Equal(t, "Rot", user["Label"], "the user's language is the base language")
	})
	t.Run("a filter leaves others out, with the user's label", func(t *testing.T) {
		found := read(`,"LabelQuery":{"FilterLanguages":[1036,1033],"MissingLabelBehavior":0}`)
		assert.Equal(t, map[string]any{"1033": "Red", "1036": "Rouge"}, texts(t, found[0]["Label"]))
		assert.Nil(t, found[0]["Label"].(map[string]any)["UserLocalizedLabel"])
	})
	t.Run("a language that is not provisioned has no labels", func(t *testing.T) {
		assert.Empty(t, texts(t, read(`,"LabelQuery":{"FilterLanguages":[1049]}`)[0]["Label"]))
	})
	t.Run("LabelLanguages lists some of them", func(t *testing.T) {
		table := c.Get("EntityDefinitions(LogicalName='account')?$select=DisplayName&LabelLanguages=1033,1031").JSON(t)
		assert.Equal(t, map[string]any{"1031": "Account (1031)", "1033": "Account"}, texts(t, table["DisplayName"]))
	})
	t.Run("the environment names them", func(t *testing.T) {
		assert.Equal(t, "[1031 1033 1036]", fmt.Sprint(c.Get("RetrieveProvisionedLanguages()").JSON(t)["RetrieveProvisionedLanguages"]))
		assert.Equal(t, "1031", fmt.Sprint(c.Get("organizations?$select=languagecode").Values(t)[0]["languagecode"]))
	})
	t.Run("formatted values are in the user's language", func(t *testing.T) {
		id := c.Environment.IDs("contoso_everything")[0]
		require.NoError(t, c.Environment.Update("contoso_everything", id, simulator.Row{"contoso_choice": 1}))
		row := c.Sized("contoso_everythings("+id+")?$select=contoso_choice", `odata.include-annotations="*"`).JSON(t)
		assert.Equal(t, "Rot", row["contoso_choice@OData.Community.Display.V1.FormattedValue"])
	})
}

func TestChangedOptions(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	query := choiceQuery("contoso_everything", "PicklistType", "")
	stamp := func() string {
		return changes(c, query, "").JSON(t)["ServerVersionStamp"].(string)
	}
	set := func(t *testing.T, list ...schema.Option) {
		t.Helper()
		require.NoError(t, c.Environment.SetOptions("contoso_everything", "contoso_choice", list))
	}
	red, green, blue := schema.Option{Value: 1, Label: "Red"}, schema.Option{Value: 2, Label: "Green"}, schema.Option{Value: 3, Label: "Blue"}
	set(t, red, green)

	t.Run("a new option comes with its label, the others without", func(t *testing.T) {
		before := stamp()
		set(t, red, green, blue)
		table := tables(changes(c, query, before), t)
		require.Len(t, table, 1)
		assert.Equal(t, false, table[0]["HasChanged"])
		found := columns(t, changes(c, query, before))
		require.Len(t, found, 1)
		column := found["contoso_choice"]
		assert.Equal(t, false, column["HasChanged"])
		assert.Empty(t, texts(t, column["DisplayName"]))
		list := options(t, column)
		assert.Len(t, list, 3)
		assert.Empty(t, texts(t, list[0]["Label"]))
		assert.Equal(t, map[string]any{"1033": "Blue"}, texts(t, list[2]["Label"]))
		assert.Equal(t, []any{nil, nil, true}, simulatortest.Column(list, "HasChanged"))
	})
	t.Run("a removed option is reported nowhere", func(t *testing.T) {
		before := stamp()
		set(t, green, blue)
		got := changes(c, query, before)
		assert.Empty(t, tables(got, t))
		assert.Equal(t, "0", fmt.Sprint(got.JSON(t)["DeletedMetadata"].(map[string]any)["Count"]))
		assert.Len(t, options(t, columns(t, changes(c, query, ""))["contoso_choice"]), 2)
	})
	t.Run("a changed column comes itself", func(t *testing.T) {
		before := stamp()
		table, _ := c.Environment.Table("contoso_everything")
		column := *table.Column("contoso_choice")
		column.DisplayName = "Colour"
		require.NoError(t, c.Environment.RetypeColumn("contoso_everything", column))
		found := columns(t, changes(c, query, before))["contoso_choice"]
		assert.Equal(t, true, found["HasChanged"])
		assert.Equal(t, map[string]any{"1033": "Colour"}, texts(t, found["DisplayName"]))
		assert.Nil(t, found["OptionSet"], "no option has changed")
	})
	t.Run("delta tokens stay valid when options change", func(t *testing.T) {
		link, _ := c.Sized("contoso_everythings?$select=contoso_name", "odata.track-changes").JSON(t)["@odata.deltaLink"].(string)
		set(t, red)
		assert.Empty(t, c.Get(link[len(c.Server.URL):]).Values(t))
	})
}

func TestDeletedMetadata(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	column := c.Get("EntityDefinitions(LogicalName='contoso_everything')/Attributes(LogicalName='contoso_choice')?$select=MetadataId").JSON(t)["MetadataId"]
	table := c.Get("EntityDefinitions(LogicalName='feedback')?$select=MetadataId").JSON(t)["MetadataId"]
	query := `{"Criteria":{"Conditions":[{"PropertyName":"LogicalName","ConditionOperator":"Equals","Value":{"Type":"System.String","Value":"account"}}]},"Properties":{"PropertyNames":[]}}`
	stamp := changes(c, query, "").JSON(t)["ServerVersionStamp"].(string)
	require.NoError(t, c.Environment.RemoveColumn("contoso_everything", "contoso_choice"))
	require.NoError(t, c.Environment.RemoveTable("feedback"))
	ask := func(filter string) simulatortest.Response {
		return c.Get("RetrieveMetadataChanges(Query=@p1,ClientVersionStamp=@p2,DeletedMetadataFilters=@p3)?@p1=" + url.QueryEscape(query) +
			"&@p2=" + url.QueryEscape("'"+stamp+"'") + "&@p3=" + url.QueryEscape("Microsoft.Dynamics.CRM.DeletedMetadataFilters'"+filter+"'"))
	}
	deleted := func(t *testing.T, filter string) (keys []any, ids map[any]any) {
		t.Helper()
		got, _ := ask(filter).JSON(t)["DeletedMetadata"].(map[string]any)
		keys, _ = got["Keys"].([]any)
		assert.Equal(t, fmt.Sprint(len(keys)), fmt.Sprint(got["Count"]))
		ids = map[any]any{}
		for i, value := range simulatortest.Objects(t, got["Values"]) {
			ids[keys[i]] = value["Items"]
		}
		return keys, ids
	}
	t.Run("lists everything that is gone, whatever the query is about", func(t *testing.T) {
		keys, ids := deleted(t, "All")
		assert.Equal(t, []any{"Default", "Attribute", "Relationship", "OptionSet"}, keys)
		assert.Equal(t, []any{table}, ids["Default"])
		assert.Contains(t, ids["Attribute"], column)
		assert.Greater(t, len(ids["Attribute"].([]any)), 20, "the columns of a table go with it")
	})
	t.Run("lists the kinds that are asked for", func(t *testing.T) {
		keys, _ := deleted(t, "Attribute,OptionSet")
		assert.Equal(t, []any{"Attribute", "OptionSet"}, keys)
	})
	t.Run("has no filter Entity", func(t *testing.T) {
		ask("Entity").Refused(t, 400, "0x80060888", "is not a member of 'Microsoft.Dynamics.CRM.DeletedMetadataFilters'")
	})
}

func TestConditionsNameTheirTypes(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	condition := func(property, operator, kind, value string) simulatortest.Response {
		return changes(c, fmt.Sprintf(`{"Properties":{"PropertyNames":["Attributes"]},"AttributeQuery":{"Properties":{"PropertyNames":[]},
			"Criteria":{"Conditions":[{"PropertyName":"%s","ConditionOperator":"%s","Value":{"Type":"%s","Value":"%s"}}]}}}`, property, operator, kind, value), "")
	}
	for name, test := range map[string][4]string{
		"a type name as a text":          {"AttributeTypeName", "Equals", "System.String", "PicklistType"},
		"a flag as a text":               {"IsValidODataAttribute", "Equals", "System.String", "true"},
		"a list without an array":        {"LogicalName", "In", "System.String", "['a','b']"},
		"an array of an operator of one": {"LogicalName", "Equals", "System.String[]", "['a','b']"},
		"a number as a text":             {"ColumnNumber", "LessThan", "System.String", "5"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			condition(test[0], test[1], test[2], test[3]).Refused(t, 400, "0x80044183", "")
		})
	}
	for _, property := range []string{"SourceType", "DisplayName"} {
		t.Run("a condition on "+property+" is refused", func(t *testing.T) {
			condition(property, "Equals", "System.Int32", "1").Refused(t, 400, "0x80044183", "cannot be used in a condition")
		})
	}
	t.Run("a list stands in single quotation marks", func(t *testing.T) {
		for _, table := range tables(condition("LogicalName", "In", "System.String[]", "['versionnumber']"), t) {
			for _, column := range simulatortest.Objects(t, table["Attributes"]) {
				assert.Equal(t, "versionnumber", column["LogicalName"])
			}
		}
	})
}

func TestRelationshipsOfMetadataChanges(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	query := `{"Criteria":{"Conditions":[{"PropertyName":"LogicalName","ConditionOperator":"Equals","Value":{"Type":"System.String","Value":"task"}}]},
		"Properties":{"PropertyNames":["ManyToOneRelationships"]},"RelationshipQuery":{"Properties":{"PropertyNames":["SchemaName","ReferencedEntity","CascadeConfiguration"]}}}`
	table := tables(changes(c, query, ""), t)[0]
	assert.Nil(t, table["ManyToManyRelationships"])
	found := simulatortest.Objects(t, table["ManyToOneRelationships"])
	require.NotEmpty(t, found)
	for _, relation := range found {
		assert.NotEmpty(t, relation["ReferencedEntity"])
		assert.Nil(t, relation["ReferencingAttribute"], "it was not asked for")
		cascades, _ := relation["CascadeConfiguration"].(map[string]any)
		assert.NotEmpty(t, cascades["Delete"])
	}
}

func TestUnchangedTablesComeForTheirPrivilegesAlone(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	query := func(names string) string {
		return `{"Properties":{"PropertyNames":["SchemaName","ManyToOneRelationships"` + names + `]}}`
	}
	stamp := changes(c, query(""), "").JSON(t)["ServerVersionStamp"].(string)
	require.NoError(t, c.Environment.AddColumn("task", schema.Column{LogicalName: "new_account", SchemaName: "new_Account", Type: schema.Lookup, Targets: []string{"account"}, Custom: true}))
	assert.Equal(t, []any{"task"}, simulatortest.Column(tables(changes(c, query(""), stamp), t), "LogicalName"))
	for _, table := range tables(changes(c, query(`,"Privileges"`), stamp), t) {
		relations := simulatortest.Objects(t, table["ManyToOneRelationships"])
		assert.NotNil(t, table["Privileges"])
		if table["LogicalName"] != "task" {
			assert.Nil(t, table["HasChanged"])
			assert.Nil(t, table["SchemaName"])
			assert.Empty(t, relations)
			continue
		}
		assert.Equal(t, "Task", table["SchemaName"])
		assert.Equal(t, []any{"new_account"}, simulatortest.Column(relations, "ReferencingAttribute"), "only the new one")
	}
}
