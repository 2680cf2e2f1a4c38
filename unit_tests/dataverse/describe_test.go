package dataverse_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// label is a Label in a response, with texts by their languages in pairs, the first of which is that of the user.
func label(pairs ...string) string {
	var all []string
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, `{"Label":"`+pairs[i+1]+`","LanguageCode":`+pairs[i]+`,"IsManaged":true,"MetadataId":"m","HasChanged":null}`)
	}
	user := "null"
	if len(all) > 0 {
		user = all[0]
	}
	return `{"LocalizedLabels":[` + strings.Join(all, ",") + `],"UserLocalizedLabel":` + user + `}`
}

const inGerman, inEnglish = "1031", "1033"

// describedAccount and describedContact are tables in a response for their own metadata.
func describedAccount() string {
	return `{"@odata.type":"#Microsoft.Dynamics.CRM.ComplexEntityMetadata","MetadataId":"a0","LogicalName":"account","EntitySetName":"accounts",` +
		`"SchemaName":"Account","DisplayName":` + label(inEnglish, "Account", inGerman, "Firma") + `,"DisplayCollectionName":` + label(inEnglish, "Accounts") +
		`,"Description":` + label(inGerman, "Kunde \\u00e4 \\\"x\\\"") + `,"ObjectTypeCode":1,"PrimaryIdAttribute":"accountid","PrimaryNameAttribute":"name",` +
		`"OwnershipType":"UserOwned","TableType":"Standard","IsIntersect":false,"IsActivity":false,"IsCustomEntity":false,` +
		`"ChangeTrackingEnabled":true,"Settings":null,"Attributes":null}`
}

func describedContact() string {
	return `{"MetadataId":"c0","LogicalName":"contact","EntitySetName":"contacts","DisplayName":` + label() + `,"Description":null,"IsActivity":null}`
}

// describe reads the metadata of account and contact, and returns its rows.
func describe(t *testing.T, s *service, kind dataverse.MetadataKind, change ...func(*dataverse.MetadataRequest)) []map[string]any {
	t.Helper()
	var sink rows
	q := dataverse.MetadataRequest{Kind: kind, Tables: []string{"account", "contact"}, Languages: []int{1031, 1033}}
	for _, c := range change {
		c(&q)
	}
	at, err := s.client().Metadata(t.Context(), q, &sink)
	require.NoError(t, err)
	assert.Equal(t, time.Date(2025, 11, 21, 10, 11, 12, 0, time.UTC), at)
	var found []map[string]any
	for _, text := range sink.values {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &row))
		assertRow(t, kind, row)
		found = append(found, row)
	}
	return found
}

// assertRow requires that a row has the columns of its kind.
func assertRow(t *testing.T, kind dataverse.MetadataKind, row map[string]any) {
	t.Helper()
	table := kind.Rows()
	var properties []string
	for _, c := range table.Columns {
		properties = append(properties, c.Property)
	}
	assert.Equal(t, properties, slices.Sorted(maps.Keys(row)), "the columns, sorted")
	for _, key := range table.Key() {
		assert.NotNil(t, row[key], "a key must not be null")
	}
}

// values returns the values of some columns of rows.
func values(rows []map[string]any, columns ...string) [][]any {
	var all [][]any
	for _, row := range rows {
		var some []any
		for _, c := range columns {
			some = append(some, row[c])
		}
		all = append(all, some)
	}
	return all
}

func TestTablesAreDescribed(t *testing.T) {
	s := newService(t, changes(describedAccount(), "null", describedContact(), describedAccount(), `{"LogicalName":"lead"}`))
	found := describe(t, s, dataverse.TableMetadata)
	require.Len(t, found, 2, "each table once, and none that was not asked for")
	assert.Equal(t, map[string]any{
		"table_name": "account", "metadata_id": "a0", "entity_set_name": "accounts", "schema_name": "Account", "display_name": "Firma",
		"display_collection_name": "Accounts", "description": `Kunde ä "x"`, "object_type_code": 1.0, "primary_id": "accountid",
		"primary_name": "name", "ownership": "UserOwned", "table_type": "Standard", "is_intersect": false, "is_activity": false,
		"is_custom": false, "change_tracking": true,
	}, found[0])
	assert.Equal(t, [][]any{{"contact", nil, nil}}, values(found[1:], "table_name", "display_name", "is_activity"))
}

func TestNamesAreInThePreferredLanguage(t *testing.T) {
	for _, example := range []struct {
		label     string
		languages []int
		want      any
	}{
		{label(inEnglish, "Account", inGerman, "Firma"), []int{1031, 1033}, "Firma"},
		{label(inEnglish, "Account", inGerman, "Firma"), []int{1036, 1033}, "Account"},
		{label(inGerman, "Firma", inEnglish, "Account"), []int{1036}, "Firma"},
		{strings.Replace(label(inGerman, "Firma", inEnglish, "Account"), `"UserLocalizedLabel":{"Label":"Firma"`, `"UserLocalizedLabel":{"Label":"Own"`, 1), nil, "Own"},
		{`{"LocalizedLabels":[],"UserLocalizedLabel":{"Label":"Own","LanguageCode":1036}}`, []int{1031}, "Own"},
		{`{"LocalizedLabels":[{"Label":"Only","LanguageCode":1036}],"UserLocalizedLabel":null}`, []int{1031}, "Only"},
		{`{"LocalizedLabels":[{"Label":"","LanguageCode":1031},{"Label":null,"LanguageCode":1033}]}`, []int{1031}, nil},
		{`{"LocalizedLabels":null,"UserLocalizedLabel":null}`, []int{1031}, nil},
		{`null`, []int{1031}, nil},
	} {
		s := newService(t, changes(`{"LogicalName":"account","DisplayName":`+example.label+`}`))
		found := describe(t, s, dataverse.TableMetadata, func(q *dataverse.MetadataRequest) { q.Languages = example.languages })
		assert.Equal(t, example.want, found[0]["display_name"], "%s in %v", example.label, example.languages)
	}
}

// described is a column in a response for its metadata.
func described(table, name, typ, more string) string {
	return `{"@odata.type":"#Microsoft.Dynamics.CRM.Complex` + typ + `AttributeMetadata","AttributeOf":null,"EntityLogicalName":"` + table + `",` +
		`"LogicalName":"` + name + `","AttributeTypeName":{"Value":"` + typ + `Type"},"IsValidODataAttribute":true,"IsValidForRead":true,` +
		`"RequiredLevel":{"Value":"None","CanBeChanged":true},"DisplayName":` + label(inEnglish, "The "+name) + more + `}`
}

func TestColumnsAreDescribed(t *testing.T) {
	account := `{"Attributes":[` + strings.Join([]string{
		described("account", "name", "String", `,"MaxLength":160,"IsCustomAttribute":false,"SourceType":0`),
		described("account", "parentid", "Lookup", `,"Targets":["account"]`),
		described("account", "ownerid", "Owner", `,"Targets":["systemuser","team"]`),
		described("account", "industry", "Picklist", `,"OptionSet":{"MetadataId":"o","Name":"account_industry","Options":[]}`),
		described("account", "revenue", "Money", `,"Precision":2,"Targets":[],"IsSecured":true`),
		described("account", "founded", "DateTime", `,"DateTimeBehavior":{"Value":"DateOnly"}`),
		"null",
		strings.Replace(described("account", "parties", "PartyList", ""), `"IsValidForRead":true`, `"IsValidForRead":false`, 1),
	}, ",") + `],"LogicalName":"account"}`
	contact := `{"LogicalName":"contact","Attributes":[ ` + strings.ReplaceAll(described("contact", "name", "String", ""), ",", " ,\n") + ` ]}`
	found := describe(t, newService(t, changes(account, contact, account)), dataverse.ColumnMetadata)
	assert.Equal(t, [][]any{
		{"account", "name", "name", "The name", "StringType", "None"},
		{"account", "parentid", "_parentid_value", "The parentid", "LookupType", "None"},
		{"account", "ownerid", "_ownerid_value", "The ownerid", "OwnerType", "None"},
		{"account", "industry", "industry", "The industry", "PicklistType", "None"},
		{"account", "revenue", "revenue", "The revenue", "MoneyType", "None"},
		{"account", "founded", "founded", "The founded", "DateTimeType", "None"},
		{"account", "parties", nil, "The parties", "PartyListType", "None"},
		{"contact", "name", "name", "The name", "StringType", "None"},
	}, values(found, "table_name", "column_name", "property_name", "display_name", "attribute_type_name", "required"))
	assert.Equal(t, [][]any{
		{160.0, nil, nil, nil, nil, nil}, {nil, "account", nil, nil, nil, nil}, {nil, "systemuser,team", nil, nil, nil, nil},
		{nil, nil, "account_industry", nil, nil, nil}, {nil, nil, nil, 2.0, true, nil}, {nil, nil, nil, nil, nil, "DateOnly"},
	}, values(found[:6], "max_length", "targets", "option_set_name", "precision", "is_secured", "date_behavior"))
}

func TestColumnsWithoutTheNameOfTheirTableAreDescribed(t *testing.T) {
	column := strings.Replace(described("", "name", "String", ""), `"EntityLogicalName":""`, `"EntityLogicalName":null`, 1)
	found := describe(t, newService(t, changes(`{"LogicalName":"contact","Attributes":[`+column+`]}`)), dataverse.ColumnMetadata)
	assert.Equal(t, [][]any{{"contact", "name"}}, values(found, "table_name", "column_name"))

	broken := newService(t, changes(`{"Attributes":[`+column+`],"LogicalName":"contact"}`))
	_, err := broken.client().Metadata(t.Context(), dataverse.MetadataRequest{Kind: dataverse.ColumnMetadata, Tables: []string{"contact"}}, &rows{})
	var malformed *dataverse.BrokenResponseError
	require.ErrorAs(t, err, &malformed)
}

// optionSet is the members of a column's option set.
func optionSet(set string) string { return `,"OptionSet":` + set }

func TestChoicesAreDescribedInEachLanguage(t *testing.T) {
	account := `{"LogicalName":"account","Attributes":[` + strings.Join([]string{
		described("account", "statuscode", "Status", optionSet(`{"Name":"account_statuscode","IsGlobal":false,"Options":[{"@odata.type":"x",`+
			`"Value":7,"Color":"#0000ff","IsManaged":true,"ExternalValue":"seven","IsHidden":false,"State":1,"Label":`+label(inEnglish, "On hold", inGerman, "Ruht")+
			`,"Description":`+label(inGerman, "Pause")+`}]}`)),
		described("account", "statecode", "State", optionSet(`{"Name":"s","IsGlobal":false,"Options":[{"Value":0,"DefaultStatus":7,`+
			`"InvariantName":"Active","Label":`+label(inEnglish, "Active")+`}]}`)),
		described("account", "credithold", "Boolean", optionSet(`{"Name":"c","IsGlobal":true,"TrueOption":{"Value":1,"Label":`+label(inEnglish, "Yes")+
			`},"FalseOption":{"Value":0,"Label":`+label(inEnglish, "No")+`}}`)),
		described("account", "tags", "MultiSelectPicklist", optionSet(`{"Name":"tags","IsGlobal":true,"Options":[{"Value":-3,"Label":`+label()+`},null,`+
			`{"Value":4,"Label":`+label(inEnglish, "Four")+`}]}`)),
		described("account", "empty", "Picklist", optionSet("null")),
		described("account", "name", "String", optionSet(`{"Name":"n","Options":[{"Value":1,"Label":`+label(inEnglish, "No choice")+`}]}`)),
	}, ",") + `]}`
	found := describe(t, newService(t, changes(account)), dataverse.ChoiceMetadata)
	assert.Equal(t, map[string]any{
		"table_name": "account", "column_name": "statuscode", "value": 7.0, "language_code": 1033.0, "kind": "status",
		"option_set_name": "account_statuscode", "is_global": false, "label": "On hold", "description": nil, "color": "#0000ff",
		"external_value": "seven", "position": 1.0, "state": 1.0, "default_status": nil, "invariant_name": nil, "is_managed": true, "is_hidden": false,
	}, found[0])
	assert.Equal(t, [][]any{
		{"statuscode", 7.0, 1033.0, "status", "On hold", nil, 1.0},
		{"statuscode", 7.0, 1031.0, "status", "Ruht", "Pause", 1.0},
		{"statecode", 0.0, 1033.0, "state", "Active", nil, 1.0},
		{"credithold", 0.0, 1033.0, "boolean", "No", nil, 1.0},
		{"credithold", 1.0, 1033.0, "boolean", "Yes", nil, 2.0},
		{"tags", 4.0, 1033.0, "multi_select", "Four", nil, 2.0},
	}, values(found, "column_name", "value", "language_code", "kind", "label", "description", "position"))
	assert.Equal(t, [][]any{{7.0, "Active"}}, values(found[2:3], "default_status", "invariant_name"))
}

func TestMetadataIsRequestedInTheLanguagesOfNames(t *testing.T) {
	query := func(kind dataverse.MetadataKind, change ...func(*dataverse.MetadataRequest)) map[string]any {
		s := newService(t, changes())
		describe(t, s, kind, change...)
		sent, err := url.Parse(s.requests()[0].uri)
		require.NoError(t, err)
		var q map[string]any
		require.NoError(t, json.Unmarshal([]byte(sent.Query().Get("@p1")), &q))
		return q
	}
	filter := map[string]any{"FilterLanguages": []any{1031.0, 1033.0}, "MissingLabelBehavior": 0.0}
	assert.Equal(t, filter, query(dataverse.TableMetadata)["LabelQuery"])
	assert.Equal(t, filter, query(dataverse.ColumnMetadata)["LabelQuery"])
	assert.NotContains(t, query(dataverse.ChoiceMetadata), "LabelQuery", "labels of choices come in all languages")
	assert.NotContains(t, query(dataverse.TableMetadata, func(q *dataverse.MetadataRequest) { q.AllLanguages = true }), "LabelQuery")
	assert.NotContains(t, query(dataverse.TableMetadata), "AttributeQuery", "columns are not requested")
	assert.Contains(t, query(dataverse.RelationshipMetadata), "RelationshipQuery")
}

func TestMetadataIsReadWithoutRetrieveMetadataChanges(t *testing.T) {
	s := newService(t, refuse(http.StatusNotImplemented, `{"error":{"code":"0x80060888","message":"not supported"}}`),
		good(`{"value":[`+describedAccount()+`]}`))
	found := describe(t, s, dataverse.TableMetadata)
	assert.Equal(t, [][]any{{"account", "Firma"}}, values(found, "table_name", "display_name"))
	assert.Contains(t, s.requests()[1].uri, "EntityDefinitions?$select=LogicalName,MetadataId,")
}

func TestARefusedRetrieveMetadataChangesIsNotRequestedAgain(t *testing.T) {
	s := newService(t, refuse(http.StatusNotImplemented, `{"error":{"code":"0x80060888","message":"not supported"}}`),
		good(`{"value":[`+describedAccount()+`]}`))
	client := s.client()
	for range 2 {
		_, err := client.Metadata(t.Context(), dataverse.MetadataRequest{Kind: dataverse.TableMetadata, Tables: []string{"account"}}, &rows{})
		require.NoError(t, err)
	}
	require.Len(t, s.requests(), 3)
	assert.Contains(t, s.requests()[2].uri, "EntityDefinitions?")
}

func TestMetadataOfAnIncompleteResponseIsReadAgain(t *testing.T) {
	whole := `{"EntityMetadata":[` + describedAccount() + `,` + describedContact() + `]}`
	s := newService(t, good(whole[:len(whole)-30]), good(whole))
	assert.Len(t, describe(t, s, dataverse.TableMetadata), 2)
}

func TestChoicesAreReadByTypeWithoutRetrieveMetadataChanges(t *testing.T) {
	status := `{"value":[{"LogicalName":"statuscode","OptionSet":{"Name":"s","IsGlobal":false,"Options":[{"Value":7,"State":1,"Color":null,` +
		`"IsManaged":true,"Label":` + label(inEnglish, `On \"hold\"`, inGerman, "Ruht") + `,"Description":` + label(inGerman, "Pause") + `}]},"GlobalOptionSet":null}]}`
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "RetrieveMetadataChanges"):
			refuse(http.StatusNotImplemented, `{"error":{"code":"0x80060888","message":"not supported"}}`)(w, r)
		case strings.Contains(r.URL.Path, "StatusAttributeMetadata"):
			good(status)(w, r)
		case strings.Contains(r.URL.Query().Get("$filter"), "account"):
			good(`{"value":[{"LogicalName":"account","EntitySetName":"accounts","PrimaryIdAttribute":"accountid","Attributes":[`+
				column("accountid", "UniqueidentifierType", "")+","+column("statuscode", "StatusType", "")+`]}]}`)(w, r)
		default:
			good(`{"value":[]}`)(w, r)
		}
	})
	var sink rows
	_, err := s.client().Metadata(t.Context(), dataverse.MetadataRequest{Kind: dataverse.ChoiceMetadata, Tables: []string{"account"}}, &sink)
	require.NoError(t, err)
	var found []map[string]any
	for _, text := range sink.values {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &row))
		assertRow(t, dataverse.ChoiceMetadata, row)
		found = append(found, row)
	}
	assert.Equal(t, [][]any{
		{"account", "statuscode", 7.0, 1031.0, "Ruht", "Pause", 1.0, "status", nil, true, 1.0},
		{"account", "statuscode", 7.0, 1033.0, `On "hold"`, nil, 1.0, "status", nil, true, 1.0},
	}, values(found, "table_name", "column_name", "value", "language_code", "label", "description", "state", "kind", "color", "is_managed", "position"))
}
