package metadata_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestTableDefinitions(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	base := c.Server.URL + "/api/data/v9.2"

	t.Run("a selection holds what was named and MetadataId", func(t *testing.T) {
		got := c.Get("EntityDefinitions?$select=LogicalName,CanChangeTrackingBeEnabled")
		assert.Equal(t, base+"/$metadata#EntityDefinitions(LogicalName,CanChangeTrackingBeEnabled)", got.JSON(t)["@odata.context"])
		tables := got.Values(t)
		assert.Len(t, tables, len(schema.Realistic()))
		for _, table := range tables {
			assert.Len(t, table, 3)
			assert.Contains(t, table, "MetadataId")
		}
	})
	t.Run("everything is returned at once, whatever page size is preferred", func(t *testing.T) {
		request := c.Request(http.MethodGet, "EntityDefinitions?$select=LogicalName")
		request.Header.Set("Prefer", "odata.maxpagesize=1")
		got := c.Send(request)
		assert.Len(t, got.Values(t), len(schema.Realistic()))
		assert.NotContains(t, got.JSON(t), "@odata.nextLink")
	})
	t.Run("intersects have an entity set but no collection name", func(t *testing.T) {
		got := c.Get("EntityDefinitions(LogicalName='systemuserroles')?$select=EntitySetName,LogicalCollectionName,PrimaryNameAttribute,Privileges").JSON(t)
		assert.Equal(t, "systemuserrolescollection", got["EntitySetName"])
		assert.Nil(t, got["LogicalCollectionName"])
		assert.Nil(t, got["PrimaryNameAttribute"])
		assert.Empty(t, got["Privileges"])
	})
	t.Run("elastic and virtual tables both have a data provider", func(t *testing.T) {
		elastic := c.Get("EntityDefinitions(LogicalName='contoso_sensordata')?$select=TableType,DataProviderId").JSON(t)
		assert.Equal(t, "Elastic", elastic["TableType"])
		assert.Equal(t, "1d9bde74-9ebd-4da9-8ff5-aa74945b9f74", elastic["DataProviderId"])
		virtual := c.Get("EntityDefinitions(LogicalName='contoso_legacyorder')?$select=TableType,DataProviderId,ChangeTrackingEnabled").JSON(t)
		assert.Equal(t, "Virtual", virtual["TableType"])
		assert.NotNil(t, virtual["DataProviderId"])
		assert.Equal(t, false, virtual["ChangeTrackingEnabled"])
	})
	t.Run("a table is found by name and by MetadataId", func(t *testing.T) {
		byName := c.Get("EntityDefinitions(LogicalName='account')").JSON(t)
		byID := c.Get("EntityDefinitions(" + byName["MetadataId"].(string) + ")").JSON(t)
		assert.Equal(t, base+"/$metadata#EntityDefinitions/$entity", byName["@odata.context"])
		assert.Equal(t, byName, byID)
	})
	t.Run("one property of a table can be asked for", func(t *testing.T) {
		assert.Equal(t, "accounts", c.Get("EntityDefinitions(LogicalName='account')/EntitySetName").JSON(t)["value"])
		assert.Equal(t, true, c.Get("EntityDefinitions(LogicalName='account')/CanChangeTrackingBeEnabled").JSON(t)["Value"])
	})
	t.Run("there are no alternate keys", func(t *testing.T) {
		assert.Empty(t, c.Get("EntityDefinitions(LogicalName='account')/Keys").Values(t))
		assert.Equal(t, []any{}, c.Get("EntityDefinitions(LogicalName='account')?$select=LogicalName&$expand=Keys").JSON(t)["Keys"])
	})
	t.Run("labels are left out for other languages", func(t *testing.T) {
		path := "EntityDefinitions(LogicalName='account')?$select=DisplayName&LabelLanguages="
		english, _ := c.Get(path + "1033").JSON(t)["DisplayName"].(map[string]any)
		german, _ := c.Get(path + "1031").JSON(t)["DisplayName"].(map[string]any)
		assert.Len(t, english["LocalizedLabels"], 1)
		assert.Empty(t, german["LocalizedLabels"])
	})
}

func TestTableFilters(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	tests := []struct {
		name, filter string
		some, none   []any
	}{
		{"a boolean", "IsIntersect eq true", []any{"systemuserroles", "teammembership"}, []any{"account"}},
		{"a boolean that stands alone", "not IsIntersect", []any{"account"}, []any{"systemuserroles"}},
		{"an enum with its type", "OwnershipType eq Microsoft.Dynamics.CRM.OwnershipTypes'OrganizationOwned'", []any{"subject"}, []any{"account"}},
		{"the value of a managed property", "ChangeTrackingEnabled eq false and CanChangeTrackingBeEnabled/Value eq false", []any{"asyncoperation"}, []any{"account", "team", "contoso_child"}},
		{"tracking that cannot be switched", "ChangeTrackingEnabled eq true and CanChangeTrackingBeEnabled/Value eq false", []any{"team", "systemuserroles"}, []any{"account"}},
		{"strings", "LogicalName eq 'account' or LogicalName eq 'contact'", []any{"account", "contact"}, []any{"task"}},
		{"strings compared with their case", "LogicalName eq 'Account'", nil, []any{"account"}},
		{"a number", "ObjectTypeCode gt 10000", []any{"contoso_everything"}, []any{"account"}},
		{"null", "LogicalCollectionName eq null", []any{"systemuserroles"}, []any{"account"}},
		{"parentheses", "(IsIntersect eq true or LogicalName ne 'account') and not (LogicalName eq 'task')", []any{"contact", "teammembership"}, []any{"account", "task"}},
	}
	for _, test := range tests {
		t.Run("a filter may name "+test.name, func(t *testing.T) {
			got := simulatortest.Column(c.Get("EntityDefinitions?$select=LogicalName&$filter="+url.QueryEscape(test.filter)).Values(t), "LogicalName")
			assert.Subset(t, got, test.some)
			for _, name := range test.none {
				assert.NotContains(t, got, name)
			}
		})
	}
	t.Run("spaces may be sent as plus signs", func(t *testing.T) {
		assert.Len(t, c.Get("EntityDefinitions?$filter=LogicalName+eq+%27account%27&$select=LogicalName").Values(t), 1)
	})
}

func TestMetadataRefusals(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	tests := []struct {
		name, path    string
		status        int
		code, message string
	}{
		{"an unknown property in $select", "EntityDefinitions?$select=Nope", 400, "0x80060888", "Could not find a property named 'Nope' on type 'Microsoft.Dynamics.CRM.EntityMetadata'."},
		{"a property in the wrong case", "EntityDefinitions?$select=logicalname", 400, "0x80060888", "Could not find a property named 'logicalname'"},
		{"a derived property in a base selection", "EntityDefinitions(LogicalName='account')/Attributes?$select=LogicalName,DateTimeBehavior", 400, "0x80060888", "Could not find a property named 'DateTimeBehavior' on type 'Microsoft.Dynamics.CRM.AttributeMetadata'."},
		{"a derived property in an expanded selection", "EntityDefinitions?$select=LogicalName&$expand=Attributes($select=Targets)", 400, "0x80060888", "Could not find a property named 'Targets' on type 'Microsoft.Dynamics.CRM.AttributeMetadata'."},
		{"$top", "EntityDefinitions?$top=3", 400, "0x80060888", "The query parameter $top is not supported"},
		{"$skip", "EntityDefinitions?$skip=3", 400, "0x80060888", "The query parameter $skip is not supported"},
		{"$orderby", "EntityDefinitions?$orderby=LogicalName", 400, "0x80060888", "The query parameter $orderby is not supported"},
		{"$count", "EntityDefinitions?$count=true", 400, "0x80060888", "The query parameter $count is not supported"},
		{"a string function", "EntityDefinitions?$filter=startswith(LogicalName,'a')", 501, "0x8006088A", `The "startswith" function isn't supported for Metadata Entities.`},
		{"a string function on columns", "EntityDefinitions(LogicalName='account')/Attributes?$filter=contains(LogicalName,'a')", 501, "0x8006088A", `The "contains" function isn't supported for Metadata Entities.`},
		{"a filter on a label", "EntityDefinitions?$filter=DisplayName+eq+'x'", 400, "0x80060888", "DisplayName"},
		{"a filter on an unknown property", "EntityDefinitions?$filter=Nope+eq+1", 400, "0x80060888", "Could not find a property named 'Nope'"},
		{"a filter of the wrong type", "EntityDefinitions?$filter=IsIntersect+eq+'true'", 400, "0x80060888", "incompatible types"},
		{"a filter with an enum of another type", "EntityDefinitions?$filter=OwnershipType+eq+Microsoft.Dynamics.CRM.AttributeTypeCode'UserOwned'", 400, "0x80060888", "incompatible types"},
		{"a filter without an end", "EntityDefinitions?$filter=(IsIntersect+eq+true", 400, "0x80060888", "')' or operator expected"},
		{"a filter with an open string", "EntityDefinitions?$filter=LogicalName+eq+'x", 400, "0x80060888", "unterminated string"},
		{"a filter with something behind it", "EntityDefinitions?$filter=IsIntersect+eq+true+true", 400, "0x80060888", "Syntax error"},
		{"a filter without an operator", "EntityDefinitions?$filter=LogicalName", 400, "0x80060888", "single boolean value"},
		{"a complex property without its value", "EntityDefinitions?$filter=CanChangeTrackingBeEnabled+eq+true", 400, "0x80060888", "incompatible types"},
		{"an open parenthesis in $expand", "EntityDefinitions?$expand=Attributes($select=LogicalName", 400, "0x80060888", "')' or ',' expected"},
		{"an unknown navigation property", "EntityDefinitions?$expand=Nope", 400, "0x80060888", "Could not find a property named 'Nope'"},
		{"an option twice", "EntityDefinitions?$select=LogicalName&$select=SchemaName", 400, "0x80060888", "more than once"},
		{"a filter on one table", "EntityDefinitions(LogicalName='account')?$filter=IsIntersect+eq+true", 400, "0x80060888", "$filter is not supported"},
		{"an unknown table", "EntityDefinitions(LogicalName='nope')", 404, "0x80040217", "Could not find an entity with name nope and id 00000000-0000-0000-0000-000000000000."},
		{"an unknown MetadataId", "EntityDefinitions(00000000-0000-0000-0000-00000000000a)", 404, "0x80040217", "00000000-0000-0000-0000-00000000000a"},
		{"a key that is none", "EntityDefinitions('account')", 400, "0x80060888", "Error in query syntax"},
		{"an unknown column", "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='nope')", 404, "0x80041103", "doesn't contain attribute with Name = 'nope'"},
		{"a cast to the abstract type", "EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.EnumAttributeMetadata", 400, "0x80060888", "EnumAttributeMetadata"},
		{"a cast to an unknown type", "EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.NopeAttributeMetadata", 404, "0x80060888", "Resource not found for the segment"},
		{"options without a cast", "EntityDefinitions(LogicalName='account')/Attributes?$expand=OptionSet", 400, "0x80060888", "Could not find a property named 'OptionSet' on type 'Microsoft.Dynamics.CRM.AttributeMetadata'."},
		{"a segment behind the tables", "EntityDefinitions/Attributes", 404, "0x80060888", "Resource not found for the segment 'Attributes'."},
		{"a segment behind a table", "EntityDefinitions(LogicalName='account')/Nope", 404, "0x80060888", "Resource not found for the segment 'Nope'."},
	}
	for _, test := range tests {
		t.Run(test.name+" is refused", func(t *testing.T) {
			c.Get(test.path).Refused(t, test.status, test.code, test.message)
		})
	}
}

func TestColumnDefinitions(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	const everything = "EntityDefinitions(LogicalName='contoso_everything')"

	t.Run("expanded columns are selected and filtered", func(t *testing.T) {
		got := c.Get("EntityDefinitions?$select=LogicalName&$filter=LogicalName+eq+'account'" +
			"&$expand=Attributes($select=LogicalName,AttributeType;$filter=IsValidODataAttribute+eq+true+and+AttributeType+eq+Microsoft.Dynamics.CRM.AttributeTypeCode'Lookup')")
		assert.Contains(t, got.JSON(t)["@odata.context"], "#EntityDefinitions(LogicalName,Attributes(LogicalName,AttributeType))")
		columns := simulatortest.Objects(t, got.Values(t)[0]["Attributes"])
		assert.Contains(t, simulatortest.Column(columns, "LogicalName"), "primarycontactid")
		assert.NotContains(t, simulatortest.Column(columns, "LogicalName"), "primarycontactidname")
		for _, each := range columns {
			assert.Equal(t, "#Microsoft.Dynamics.CRM.LookupAttributeMetadata", each["@odata.type"])
			assert.Len(t, each, 4, "type, two selected, MetadataId")
		}
	})
	t.Run("without a selection columns show what their type has", func(t *testing.T) {
		columns := simulatortest.Objects(t, c.Get(everything + "?$expand=Attributes").JSON(t)["Attributes"])
		found := map[any]map[string]any{}
		for _, each := range columns {
			found[each["LogicalName"]] = each
		}
		assert.Equal(t, []any{"account", "contact"}, found["contoso_customer"]["Targets"])
		assert.Equal(t, map[string]any{"Value": "TimeZoneIndependent"}, found["contoso_zoneindependent"]["DateTimeBehavior"])
		assert.Equal(t, "#Microsoft.Dynamics.CRM.FileAttributeMetadata", found["contoso_document"]["@odata.type"])
		assert.Equal(t, "Virtual", found["contoso_document"]["AttributeType"])
		assert.Equal(t, map[string]any{"Value": "FileType"}, found["contoso_document"]["AttributeTypeName"])
		assert.NotContains(t, found["contoso_choicename"], "@odata.type")
		assert.Equal(t, true, found["contoso_secret"]["IsSecured"])
		assert.NotContains(t, found["contoso_choice"], "OptionSet")
	})
	t.Run("a single column is found by its name", func(t *testing.T) {
		got := c.Get(everything + "/Attributes(LogicalName='contoso_decimal')").JSON(t)
		assert.Equal(t, "#Microsoft.Dynamics.CRM.DecimalAttributeMetadata", got["@odata.type"])
		assert.EqualValues(t, "10", got["Precision"])
		same := c.Get(everything + "/Attributes(" + got["MetadataId"].(string) + ")").JSON(t)
		assert.Equal(t, got["LogicalName"], same["LogicalName"])
	})
	t.Run("a single column can be cast", func(t *testing.T) {
		got := c.Get(everything + "/Attributes(LogicalName='contoso_choice')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet").JSON(t)
		options, _ := got["OptionSet"].(map[string]any)
		assert.Len(t, options["Options"], 3)
	})
}

func TestCasts(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	tests := []struct{ class, property, member string }{
		{"Lookup", "Targets", "contoso_anything"},
		{"DateTime", "DateTimeBehavior", "contoso_dateonly"},
		{"String", "MaxLength", "contoso_name"},
		{"Memo", "MaxLength", "contoso_memo"},
		{"Integer", "MaxValue", "contoso_integer"},
		{"BigInt", "MaxValue", "contoso_bigint"},
		{"Decimal", "Precision", "contoso_decimal"},
		{"Double", "Precision", "contoso_double"},
		{"Money", "PrecisionSource", "contoso_money_base"},
		{"Boolean", "DefaultValue", "contoso_flag"},
		{"Picklist", "DefaultFormValue", "contoso_choice"},
		{"State", "DefaultFormValue", "statecode"},
		{"Status", "DefaultFormValue", "statuscode"},
		{"MultiSelectPicklist", "DefaultFormValue", "contoso_choices"},
		{"Image", "IsPrimaryImage", "contoso_photo"},
		{"File", "MaxSizeInKB", "contoso_document"},
		{"ManagedProperty", "ValueAttributeTypeCode", "contoso_managed"},
		{"UniqueIdentifier", "IsPrimaryId", "contoso_everythingid"},
		{"EntityName", "IsEntityReferenceStored", "contoso_tablename"},
	}
	for _, test := range tests {
		t.Run("a cast to "+test.class+" returns the columns of that type with its properties", func(t *testing.T) {
			columns := c.Get("EntityDefinitions(LogicalName='contoso_everything')/Attributes/Microsoft.Dynamics.CRM." + test.class +
				"AttributeMetadata?$select=LogicalName,AttributeTypeName," + test.property).Values(t)
			assert.Contains(t, simulatortest.Column(columns, "LogicalName"), test.member)
			for _, each := range columns {
				assert.NotNil(t, each[test.property], each["LogicalName"])
				assert.NotContains(t, each, "@odata.type")
			}
		})
	}
	t.Run("states and status reasons refer to each other", func(t *testing.T) {
		const path = "EntityDefinitions(LogicalName='task')/Attributes/Microsoft.Dynamics.CRM."
		states := c.Get(path + "StateAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options),GlobalOptionSet").Values(t)
		require.Len(t, states, 1)
		assert.Nil(t, states[0]["GlobalOptionSet"])
		set, _ := states[0]["OptionSet"].(map[string]any)
		completed := simulatortest.Objects(t, set["Options"])[1]
		assert.Equal(t, "#Microsoft.Dynamics.CRM.StateOptionMetadata", completed["@odata.type"])
		assert.EqualValues(t, "5", completed["DefaultStatus"])
		assert.Equal(t, "Completed", completed["InvariantName"])
		statuses := c.Get(path + "StatusAttributeMetadata?$expand=OptionSet").Values(t)
		set, _ = statuses[0]["OptionSet"].(map[string]any)
		assert.EqualValues(t, "1", simulatortest.Objects(t, set["Options"])[3]["State"])
	})
	t.Run("a Boolean has two options", func(t *testing.T) {
		flags := c.Get("EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.BooleanAttributeMetadata?$expand=OptionSet&$filter=LogicalName+eq+'creditonhold'").Values(t)
		require.Len(t, flags, 1)
		set, _ := flags[0]["OptionSet"].(map[string]any)
		yes, _ := set["TrueOption"].(map[string]any)
		assert.EqualValues(t, "1", yes["Value"])
	})
}
