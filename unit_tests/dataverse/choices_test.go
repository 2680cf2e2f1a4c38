package dataverse_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// choiceTable is a table with a choice column of each of the types, which are named a, b and so on.
func choiceTable(name string, types ...dataverse.ColumnType) dataverse.Table {
	t := dataverse.Table{LogicalName: name, Columns: []dataverse.Column{{Property: "name", Type: dataverse.String}}}
	for i, typ := range types {
		t.Columns = append(t.Columns, dataverse.Column{Property: string(rune('a' + i)), Type: typ})
	}
	return t
}

// choices reads the choice columns of tables and returns them by "table.column".
func choices(t *testing.T, c *dataverse.Client, languages []int, tables ...dataverse.Table) (map[string]dataverse.Choice, []*dataverse.TableError, error) {
	t.Helper()
	found := map[string]dataverse.Choice{}
	failed, err := c.Choices(t.Context(), tables, languages, func(choice dataverse.Choice) error {
		assert.NotContains(t, found, choice.Table+"."+choice.Column)
		found[choice.Table+"."+choice.Column] = choice
		return nil
	})
	return found, failed, err
}

// english is a Label in a response.
func english(text string) string {
	one := `{"Label":"` + text + `","LanguageCode":1033,"IsManaged":true,"MetadataId":"1","HasChanged":null}`
	return `{"LocalizedLabels":[` + one + `],"UserLocalizedLabel":` + one + `}`
}

// choice is a choice column in a response, with one option and further members of its set.
func choice(name, typ, label, more string) string {
	return `{"@odata.type":"#x","LogicalName":"` + name + `","MetadataId":"1","AttributeTypeName":{"Value":"` + typ + `Type"},"Description":null,` +
		`"OptionSet":{"Options":[{"Value":1,"Label":` + english(label) + `,"Description":{"LocalizedLabels":[],"UserLocalizedLabel":null}}]` + more + `}}`
}

func tableOfChoices(name string, columns ...string) string {
	return `{"LogicalName":"` + name + `","MetadataId":"1","Attributes":[` + strings.Join(columns, ",") + `]}`
}

func TestChoicesOfFiftyTablesAreRequestedAtOnce(t *testing.T) {
	s := newService(t, changes(tableOfChoices("account", choice("a", "Picklist", "One", "")), tableOfChoices("contact", choice("a", "Boolean", "Yes", ""))))
	found, failed, err := choices(t, s.client(), []int{1031, 1033},
		choiceTable("account", dataverse.Picklist), choiceTable("contact", dataverse.Boolean), choiceTable("without"))
	require.NoError(t, err)
	assert.Empty(t, failed)
	assert.Len(t, found, 2)
	require.Len(t, s.requests(), 1)
	sent, err := url.Parse(s.requests()[0].uri)
	require.NoError(t, err)
	assert.Equal(t, "/api/data/v9.2/RetrieveMetadataChanges(Query=@p1)", sent.Path)
	const typ = `{"PropertyName":"AttributeTypeName","ConditionOperator":"Equals","Value":{"Type":"Microsoft.Xrm.Sdk.Metadata.AttributeTypeDisplayName","Value":`
	assert.JSONEq(t, `{
		"Criteria": {"FilterOperator": "Or", "Conditions": [
			{"PropertyName": "LogicalName", "ConditionOperator": "Equals", "Value": {"Type": "System.String", "Value": "account"}},
			{"PropertyName": "LogicalName", "ConditionOperator": "Equals", "Value": {"Type": "System.String", "Value": "contact"}}]},
		"Properties": {"AllProperties": false, "PropertyNames": ["LogicalName", "Attributes"]},
		"AttributeQuery": {
			"Properties": {"AllProperties": false, "PropertyNames": ["LogicalName", "AttributeTypeName", "OptionSet"]},
			"Criteria": {"FilterOperator": "Or", "Conditions": [
				`+typ+`"PicklistType"}},`+typ+`"MultiSelectPicklistType"}},`+typ+`"StateType"}},`+typ+`"StatusType"}},`+typ+`"BooleanType"}}]}},
		"LabelQuery": {"FilterLanguages": [1031, 1033], "MissingLabelBehavior": 0}
	}`, sent.Query().Get("@p1"))
}

func TestLabelsOfAllLanguagesAreRequestedWithoutAFilter(t *testing.T) {
	s := newService(t, changes(tableOfChoices("account", choice("a", "Picklist", "One", ""))))
	_, _, err := choices(t, s.client(), nil, choiceTable("account", dataverse.Picklist))
	require.NoError(t, err)
	assert.NotContains(t, s.requests()[0].uri, "LabelQuery")
}

func TestTablesWithoutChoicesNeedNoRequest(t *testing.T) {
	s := newService(t, changes())
	found, _, err := choices(t, s.client(), nil, choiceTable("account"))
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Empty(t, s.requests())
}

func TestOptionsAreReadWithTheirFacts(t *testing.T) {
	label := func(texts ...string) string {
		var all []string
		for i, text := range texts {
			all = append(all, `{"Label":"`+text+`","LanguageCode":`+[]string{"1033", "1031"}[i]+`}`)
		}
		return `{"LocalizedLabels":[` + strings.Join(all, ",") + `],"UserLocalizedLabel":` + all[0] + `}`
	}
	s := newService(t, changes(tableOfChoices("account",
		`{"AttributeTypeName":{"Value":"StateType"},"LogicalName":"a","OptionSet":{"MetadataId":"s","Name":"account_a","IsGlobal":false,"Options":[`+
			`{"@odata.type":"#Microsoft.Dynamics.CRM.StateOptionMetadata","Value":0,"DefaultStatus":1,"InvariantName":"Active","Label":`+label("Active", "Aktiv")+`}]}}`,
		`{"AttributeTypeName":{"Value":"StatusType"},"LogicalName":"b","OptionSet":{"Options":[{"Value":7,"State":0,"TransitionData":null,"Label":null},null]}}`,
		`{"AttributeTypeName":{"Value":"BooleanType"},"LogicalName":"c","OptionSet":{"Options":null,"TrueOption":{"Value":1,"Label":`+label("Yes")+`},"FalseOption":{"Value":0,"Label":`+label("No")+`}}}`,
		`{"AttributeTypeName":{"Value":"PicklistType"},"LogicalName":"d","OptionSet":{"Options":[`+
			`{"Value":100000003,"Color":"#0000ff","ExternalValue":"x","IsManaged":true,"IsHidden":true,"ParentValues":[],"Label":`+label("Gold")+`,"Description":`+label("The best")+`},`+
			`{"Value":-1,"Color":null,"Label":{"LocalizedLabels":[{"Label":"","LanguageCode":1033},{"Label":null,"LanguageCode":1031}],"UserLocalizedLabel":null}}]}}`,
		`{"AttributeTypeName":{"Value":"MultiSelectPicklistType"},"LogicalName":"e","OptionSet":{"Options":[{"Value":2,"Label":`+label("Two")+`}]}}`,
		`null`,
	)))
	found, _, err := choices(t, s.client(), nil, choiceTable("account", dataverse.State, dataverse.Status, dataverse.Boolean, dataverse.Picklist, dataverse.MultiSelect))
	require.NoError(t, err)
	text := func(s string) dataverse.LocalizedText {
		return dataverse.LocalizedText{Texts: []dataverse.TextInLanguage{{Language: 1033, Text: s}}, User: 1033}
	}
	zero, one := 0, 1
	active := dataverse.LocalizedText{Texts: []dataverse.TextInLanguage{{Language: 1031, Text: "Aktiv"}, {Language: 1033, Text: "Active"}}, User: 1033}
	for name, want := range map[string]dataverse.Choice{
		"account.a": {Type: dataverse.State, Set: &dataverse.OptionSet{MetadataID: "s", Name: "account_a", Options: []dataverse.Option{
			{Value: 0, Label: active, DefaultStatus: &one, InvariantName: "Active"},
		}}},
		"account.b": {Type: dataverse.Status, Set: &dataverse.OptionSet{Options: []dataverse.Option{{Value: 7, State: &zero}}}},
		"account.c": {Type: dataverse.Boolean, Set: &dataverse.OptionSet{Options: []dataverse.Option{{Value: 0, Label: text("No")}, {Value: 1, Label: text("Yes")}}}},
		"account.d": {Type: dataverse.Picklist, Set: &dataverse.OptionSet{Options: []dataverse.Option{
			{Value: 100000003, Label: text("Gold"), Description: text("The best"), Color: "#0000ff", ExternalValue: "x", Managed: true, Hidden: true}, {Value: -1},
		}}},
		"account.e": {Type: dataverse.MultiSelect, Set: &dataverse.OptionSet{Options: []dataverse.Option{{Value: 2, Label: text("Two")}}}},
	} {
		want.Table, want.Column, _ = strings.Cut(name, ".")
		assert.Equal(t, want, found[name])
	}
}

func TestGlobalOptionSetIsHeldOnce(t *testing.T) {
	global := choice("a", "Picklist", "One", `,"MetadataId":"g","IsGlobal":true`)
	local := choice("b", "Picklist", "One", `,"MetadataId":"l","IsGlobal":false`)
	s := newService(t, changes(tableOfChoices("account", global, local), tableOfChoices("contact", global, local)))
	found, _, err := choices(t, s.client(), nil,
		choiceTable("account", dataverse.Picklist, dataverse.Picklist), choiceTable("contact", dataverse.Picklist, dataverse.Picklist))
	require.NoError(t, err)
	assert.Same(t, found["account.a"].Set, found["contact.a"].Set)
	assert.NotSame(t, found["account.b"].Set, found["contact.b"].Set)
}

// byType responds to requests for the choice columns of one type of one table, and passes all others on.
func byType(other http.HandlerFunc, columns map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/EntityDefinitions(LogicalName='")
		table, class, found := strings.Cut(path, "')/Attributes/Microsoft.Dynamics.CRM.")
		if !found {
			other(w, r)
			return
		}
		good(`{"@odata.context":"c","value":[`+columns[table+" "+strings.TrimSuffix(class, "AttributeMetadata")]+`]}`)(w, r)
	}
}

func TestChoicesAreReadByTypeWhereTheQueryIsRefused(t *testing.T) {
	for name, refusal := range map[string]http.HandlerFunc{
		"the function":  refuse(http.StatusNotFound, `{"error":{"code":"0x80060888","message":"Resource not found for the segment 'RetrieveMetadataChanges'."}}`),
		"the condition": refuse(http.StatusBadRequest, `{"error":{"code":"0x80044183","message":"AttributeTypeName cannot be used in a condition."}}`),
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := newService(t, byType(refusal, map[string]string{
				"account Picklist": `{"LogicalName":"a","OptionSet":null,"GlobalOptionSet":{"MetadataId":"g","IsGlobal":true,"Options":[{"Value":1,"Label":` + english("One") + `}]}}`,
				"account State":    `{"LogicalName":"b","OptionSet":{"IsGlobal":false,"Options":[{"Value":0,"Label":` + english("Active") + `}]},"GlobalOptionSet":{"IsGlobal":false,"Options":[]}}`,
			}))
			c := s.client(logTo(&log))
			for range 2 {
				found, failed, err := choices(t, c, []int{1033}, choiceTable("account", dataverse.Picklist, dataverse.State))
				require.NoError(t, err)
				assert.Empty(t, failed)
				assert.Equal(t, "One", found["account.a"].Set.Options[0].Label.In(1033))
				assert.True(t, found["account.a"].Set.Global)
				assert.Equal(t, dataverse.State, found["account.b"].Type)
				assert.False(t, found["account.b"].Set.Global)
			}
			assert.Len(t, s.requests(), 5, "what the service refused is not requested again")
			assert.Equal(t, 1, strings.Count(log.String(), "The connector reads them by table and type instead."))
			assert.Equal(t, "/api/data/v9.2/EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata"+
				"?$select=LogicalName&$expand=OptionSet,GlobalOptionSet", s.requests()[1].uri)
		})
	}
}

func TestChoicesThatAResponseLacksAreReadByType(t *testing.T) {
	s := newService(t, byType(
		changes(tableOfChoices("account", choice("a", "Picklist", "One", ""), `{"LogicalName":"b","AttributeTypeName":{"Value":"StatusType"},"OptionSet":null}`)),
		map[string]string{"account Status": choice("b", "Status", "Won", ""), "contact Picklist": choice("a", "Picklist", "Two", "")}))
	found, failed, err := choices(t, s.client(), nil,
		choiceTable("account", dataverse.Picklist, dataverse.Status), choiceTable("contact", dataverse.Picklist, dataverse.Boolean))
	require.NoError(t, err)
	assert.Empty(t, failed)
	assert.Len(t, s.requests(), 4, "the types that the first response has are not requested again")
	require.Len(t, found, 3, "the service returns no options of contact.b")
	assert.Equal(t, "Won", found["account.b"].Set.Options[0].Label.In(1033))
	assert.Equal(t, "Two", found["contact.a"].Set.Options[0].Label.In(1033))
}

func TestOtherLanguagesAreLeftOutOfAResponse(t *testing.T) {
	two := `{"LocalizedLabels":[{"Label":"One","LanguageCode":1033},{"Label":"Eins","LanguageCode":1031}],"UserLocalizedLabel":{"Label":"Eins","LanguageCode":1031}}`
	s := newService(t, changes(tableOfChoices("account", strings.Replace(choice("a", "Picklist", "One", ""), english("One"), two, 1))))
	found, _, err := choices(t, s.client(), []int{1033}, choiceTable("account", dataverse.Picklist))
	require.NoError(t, err)
	assert.Equal(t, []dataverse.TextInLanguage{{Language: 1033, Text: "One"}}, found["account.a"].Set.Options[0].Label.Texts)
}

func TestChoicesOfOneTableThatFailAreReported(t *testing.T) {
	refused := refuse(http.StatusNotFound, `{"error":{"code":"0x80060888","message":"no"}}`)
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "'account'") {
			refused(w, r)
			return
		}
		byType(refused, map[string]string{"contact Picklist": choice("a", "Picklist", "Two", "")})(w, r)
	})
	found, failed, err := choices(t, s.client(), nil, choiceTable("account", dataverse.Picklist), choiceTable("contact", dataverse.Picklist))
	require.NoError(t, err)
	assert.Contains(t, found, "contact.a")
	require.Len(t, failed, 1)
	assert.Equal(t, "account", failed[0].Table)
	assert.ErrorContains(t, failed[0], "read the options of account")
}

func TestRefusedPrivilegeEndsTheReadingOfChoices(t *testing.T) {
	s := newService(t, refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"prvReadOptionSet"}}`))
	_, _, err := choices(t, s.client(), nil, choiceTable("account", dataverse.Picklist))
	assert.ErrorContains(t, err, "prvReadOptionSet")
}

func TestChoicesAreReadInPartsOfFifty(t *testing.T) {
	var mu sync.Mutex
	var sizes []int
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		names := asked(t, r.URL)
		mu.Lock()
		sizes = append(sizes, len(names))
		mu.Unlock()
		var all []string
		for _, name := range names {
			all = append(all, tableOfChoices(name, choice("a", "Picklist", "One", "")))
		}
		changes(all...)(w, r)
	})
	var all []dataverse.Table
	for i := range 120 {
		all = append(all, choiceTable("t"+strings.Repeat("x", i), dataverse.Picklist))
	}
	found, _, err := choices(t, s.client(), nil, all...)
	require.NoError(t, err)
	assert.Len(t, found, 120)
	assert.ElementsMatch(t, []int{50, 50, 20}, sizes)
}

func TestTextIsInTheFirstLanguageThatHasIt(t *testing.T) {
	text := dataverse.LocalizedText{
		Texts: []dataverse.TextInLanguage{{Language: 1031, Text: "Eins"}, {Language: 1033, Text: "One"}, {Language: 1036, Text: "Un"}}, User: 1036,
	}
	assert.Equal(t, "One", text.In(1033, 1031))
	assert.Equal(t, "Eins", text.In(1040, 1031))
	assert.Equal(t, "Un", text.In(1040), "the language of the application user")
	text.User = 1040
	assert.Equal(t, "Eins", text.In(), "any language")
	assert.Empty(t, dataverse.LocalizedText{}.In(1033))
}

func TestLanguagesOfTheEnvironmentAreRead(t *testing.T) {
	s := newService(t, good(`{"@odata.context":"c","RetrieveProvisionedLanguages":[1033,1031]}`), good(`{"value":[{"languagecode":1036,"organizationid":"1"}]}`))
	provisioned, err := s.client().ProvisionedLanguages(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []int{1033, 1031}, provisioned)
	base, err := s.client().BaseLanguage(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1036, base)
	assert.Equal(t, "/api/data/v9.2/RetrieveProvisionedLanguages()", s.requests()[0].uri)
	assert.Equal(t, "/api/data/v9.2/organizations?$select=languagecode", s.requests()[1].uri)
}
