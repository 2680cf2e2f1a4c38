package dataverse_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestReadableColumnsOfRowsAreKept(t *testing.T) {
	s := newService(t, changes(`{"@odata.type":"#Microsoft.Dynamics.CRM.ComplexEntityMetadata","LogicalName":"account","EntitySetName":"accounts",`+
		`"PrimaryIdAttribute":"accountid","ChangeTrackingEnabled":true,"TableType":"Standard","DataProviderId":null,"Attributes":[`+strings.Join([]string{
		column("ownerid", "OwnerType", ""),
		column("customerid", "CustomerType", ""),
		column("primarycontactid", "LookupType", ""),
		column("name", "StringType", ""),
		column("accountid", "UniqueidentifierType", ""),
		column("createdon", "DateTimeType", `"DateTimeBehavior":{"Value":"UserLocal"}`),
		column("birthdate", "DateTimeType", `"DateTimeBehavior":{"Value":"DateOnly"}`),
		column("localtime", "DateTimeType", `"DateTimeBehavior":{"Value":"TimeZoneIndependent"}`),
		column("choices", "MultiSelectPicklistType", ""),
		column("to", "PartyListType", ""),
		column("rules", "CalendarRulesType", ""),
		`{"LogicalName":"nameshadow","AttributeTypeName":{"Value":"VirtualType"},"IsValidODataAttribute":false,"IsValidForRead":true}`,
		`{"LogicalName":"isprivate","AttributeTypeName":{"Value":"BooleanType"},"IsValidODataAttribute":true,"IsValidForRead":false}`,
	}, ",")+`]}`))
	found, err := tables(t, s.client(), "account")
	require.NoError(t, err)
	assert.Equal(t, dataverse.Table{
		LogicalName: "account", EntitySet: "accounts", PrimaryID: "accountid", Tracked: true,
		Columns: []dataverse.Column{
			{Property: "_customerid_value", Type: dataverse.Customer},
			{Property: "_ownerid_value", Type: dataverse.Owner},
			{Property: "_primarycontactid_value", Type: dataverse.Lookup},
			{Property: "accountid", Type: dataverse.UniqueIdentifier},
			{Property: "birthdate", Type: dataverse.DateTime, Behavior: dataverse.DateOnly},
			{Property: "choices", Type: dataverse.MultiSelect},
			{Property: "createdon", Type: dataverse.DateTime, Behavior: dataverse.UserLocal},
			{Property: "localtime", Type: dataverse.DateTime, Behavior: dataverse.TimeZoneIndependent},
			{Property: "name", Type: dataverse.String},
		},
	}, found["account"])
}

func TestTablesThatCannotBeAddressedAreReported(t *testing.T) {
	for name, table := range map[string]string{
		"no entity set":              strings.Replace(definition("account"), `"accounts"`, `null`, 1),
		"an empty entity set":        strings.Replace(definition("account"), `"accounts"`, `""`, 1),
		"no key":                     strings.Replace(definition("account"), `"PrimaryIdAttribute":"accountid"`, `"PrimaryIdAttribute":null`, 1),
		"a key that cannot be read":  strings.Replace(definition("account"), `"IsValidForRead":true`, `"IsValidForRead":false`, 1),
		"no columns":                 `{"LogicalName":"account","EntitySetName":"accounts","PrimaryIdAttribute":"accountid","Attributes":null}`,
		"nothing but nulls":          `{"LogicalName":null,"EntitySetName":null,"PrimaryIdAttribute":null,"ChangeTrackingEnabled":null,"Attributes":[null]}`,
		"a null in place of a table": `null`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, changes(table, definition("contact")), good(`{"value":[]}`))
			var found []string
			failed, err := s.client().Tables(t.Context(), []string{"account", "contact"}, func(table dataverse.Table) error {
				found = append(found, table.LogicalName)
				return nil
			})
			require.NoError(t, err)
			assert.Equal(t, []string{"contact"}, found)
			require.Len(t, failed, 1)
			assert.Equal(t, "account", failed[0].Table)
			assert.True(t, failed[0].Missing())
		})
	}
}

func TestNullsAreTolerated(t *testing.T) {
	s := newService(t, changes(`{"LogicalName":"account","EntitySetName":"accounts","PrimaryIdAttribute":"accountid","ChangeTrackingEnabled":null,`+
		`"TableType":null,"DataProviderId":null,"Unknown":{"a":[null]},"Attributes":[null,`+
		column("accountid", "UniqueidentifierType", `"DateTimeBehavior":null`)+`,`+
		`{"LogicalName":"x","AttributeTypeName":null,"IsValidODataAttribute":null,"IsValidForRead":null},`+
		`{"LogicalName":"y","AttributeTypeName":{"Value":null},"IsValidODataAttribute":true,"IsValidForRead":true,"DateTimeBehavior":{"Value":null}}]}`))
	found, err := tables(t, s.client(), "account")
	require.NoError(t, err)
	assert.True(t, found["account"].Has("accountid"))
	assert.False(t, found["account"].Has("x"))
	assert.Empty(t, found["account"].Column("y").Behavior)
}

func TestElasticTablesAreRecognizedByTypeOrProvider(t *testing.T) {
	elastic := func(more string) string {
		return strings.Replace(definition("sensor"), `"Attributes":[`, more+`,"Attributes":[`+column("partitionid", "StringType", "")+`,`, 1)
	}
	for name, example := range map[string]struct {
		table string
		key   []string
	}{
		"by type":               {elastic(`"TableType":"Elastic"`), []string{"sensorid", "partitionid"}},
		"by provider":           {elastic(`"DataProviderId":"1D9BDE74-9ebd-4da9-8ff5-aa74945b9f74"`), []string{"sensorid", "partitionid"}},
		"another provider":      {elastic(`"DataProviderId":"7015a531-cc0d-4537-b5f2-c882a1eb65ad"`), []string{"sensorid"}},
		"without its partition": {strings.Replace(definition("sensor"), `"Attributes"`, `"TableType":"Elastic","Attributes"`, 1), []string{"sensorid"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := tables(t, newService(t, changes(example.table)).client(), "sensor")
			require.NoError(t, err)
			assert.Equal(t, example.key, found["sensor"].Key())
		})
	}
}

func TestColumnIsFoundByItsProperty(t *testing.T) {
	table := dataverse.Table{PrimaryID: "accountid", Columns: []dataverse.Column{{Property: "_ownerid_value", Type: dataverse.Owner}}}
	assert.Equal(t, dataverse.Owner, table.Column("_ownerid_value").Type)
	assert.Nil(t, table.Column("ownerid"))
	assert.True(t, table.Has("_ownerid_value"))
	assert.Equal(t, []string{"accountid"}, table.Key())
}
