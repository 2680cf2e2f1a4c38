package dataverse_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// sent is a column as RetrieveMetadataChanges sends it: with all members of its class, most of them null.
func sent(class, id, name, rest string) string {
	nulls := func(members ...string) string { return `"` + strings.Join(members, `":null,"`) + `":null` }
	return `{"@odata.type":"#Microsoft.Dynamics.CRM.Complex` + class + `AttributeMetadata","MetadataId":"` + id + `",` +
		nulls("HasChanged", "AttributeOf", "AttributeType", "ColumnNumber", "CreatedOn", "DeprecatedVersion", "Description",
			"DisplayName", "EntityLogicalName", "ExternalName", "InheritsFrom", "LinkedAttributeId") +
		`,"LogicalName":` + name + `,` + nulls("ModifiedOn", "RequiredLevel", "SchemaName") + `,` + rest + `,` +
		nulls("IntroducedVersion", "SourceType", "AutoNumberFormat", "CanBeSecuredForCreate", "CanBeSecuredForRead",
			"CanBeSecuredForUpdate", "IsCustomAttribute", "IsDataSourceSecret", "IsFilterable", "IsLogical", "IsManaged",
			"IsPrimaryId", "IsPrimaryName", "IsRequiredForForm", "IsRetrievable", "IsSearchable", "IsSecured",
			"IsValidForCreate", "IsValidForForm", "IsValidForGrid", "IsValidForUpdate", "CanModifyAdditionalSettings",
			"IsAuditEnabled", "IsCustomizable", "IsGlobalFilterEnabled", "IsRenameable", "IsSortableEnabled") + `}`
}

func typed(typ, more string) string {
	return `"AttributeTypeName":{"Value":"` + typ + `"},"IsValidODataAttribute":true,"IsValidForRead":true` + more
}

// mixture is the given number of columns of all kinds, as they are sent and as they should be read.
func mixture(n int) (texts []string, want []dataverse.Column) {
	for i := range n {
		id, name := fmt.Sprintf("9f9c0815-cb35-48c9-9045-%012x", i), fmt.Sprintf("contoso_column%d", i)
		quoted := `"` + name + `"`
		var text string
		column := &dataverse.Column{Property: name}
		switch i % 11 {
		case 0, 1, 2:
			text, column.Type = sent("Money", id, quoted, typed("MoneyType", "")), dataverse.Money
		case 3:
			text, column.Type = sent("String", id, quoted, typed("StringType", `,"Label":"`+name+`"`)), dataverse.String
		case 4, 5:
			behaviors := []dataverse.DateBehavior{dataverse.UserLocal, dataverse.DateOnly, dataverse.TimeZoneIndependent}
			column.Type, column.Behavior = dataverse.DateTime, behaviors[i%3]
			text = sent("DateTime", id, quoted, typed("DateTimeType", `,"DateTimeBehavior":{"Value":"`+string(column.Behavior)+`"}`))
		case 6, 7:
			column.Type, column.Property = dataverse.Lookup, "_"+name+"_value"
			text = sent("Lookup", id, quoted, typed("LookupType", `,"Targets":null`))
		case 8:
			text, column = sent("String", id, quoted, strings.Replace(typed("StringType", ""), "true", "false", 1)), nil
		case 9:
			text, column = sent("", id, quoted, typed("PartyListType", "")), nil
		case 10: // any text may be escaped
			text, column.Type = sent("Memo", id, strings.Replace(quoted, "c", `\u0063`, 1), typed("MemoType", "")), dataverse.Memo
		}
		texts = append(texts, text)
		if column != nil {
			want = append(want, *column)
		}
	}
	slices.SortFunc(want, func(a, b dataverse.Column) int { return cmp.Compare(a.Property, b.Property) })
	return texts, want
}

// withColumns is a table with a key and further columns.
func withColumns(name string, columns ...string) string {
	return strings.Replace(definition(name), `"Attributes":[`, `"Attributes":[`+strings.Join(columns, ",")+",", 1)
}

func TestColumnsAreTheSameByTemplateAndDecoded(t *testing.T) {
	texts, want := mixture(1000) // many times what is looked at together
	found, err := tables(t, newService(t, changes(withColumns("a", texts...), withColumns("b", texts...), definition("c"))).client(), "a", "b", "c")
	require.NoError(t, err)
	for _, name := range []string{"a", "b"} {
		table := found[name].Without(name + "id")
		require.Equal(t, want, table.Columns, "table %s", name)
	}
	assert.Len(t, found["c"].Columns, 1)
}

func TestTextLikeAColumnElsewhereIsNotAColumn(t *testing.T) {
	money := func(name string) string { return sent("Money", "1", `"`+name+`"`, typed("MoneyType", "")) }
	many := strings.Join([]string{money("x"), money("y"), money("z")}, ",")
	found, err := tables(t, newService(t, changes(
		withColumns("a", money("first"), money("second"),
			sent("String", "2", `"third"`, typed("StringType", `,"Description":",`+strings.ReplaceAll(money("quoted"), `"`, `\"`)+`,{","Options":[`+many+`]`)),
			money("fourth")),
		strings.Replace(withColumns("b", money("first")), `{"LogicalName"`, `{"Keys":[`+many+`],"LogicalName"`, 1),
	)).client(), "a", "b")
	require.NoError(t, err)
	names := func(table dataverse.Table) (names []string) {
		for _, c := range table.Columns {
			names = append(names, c.Property)
		}
		return names
	}
	assert.Equal(t, []string{"aid", "first", "fourth", "second", "third"}, names(found["a"]))
	assert.Equal(t, []string{"bid", "first"}, names(found["b"]))
}

func TestABrokenColumnAmongCachedOnesIsAnError(t *testing.T) {
	money := sent("Money", "1", `"x"`, typed("MoneyType", ""))
	some := strings.Repeat(money+",", 5)
	response := func(columns string) string {
		return `{"EntityMetadata":[{"LogicalName":"a","EntitySetName":"as","PrimaryIdAttribute":"x","Attributes":[` + columns + `]}]}`
	}
	for name, body := range map[string]string{
		"no comma between two":    response(some + money + money + "," + money),
		"a comma behind the last": response(some),
		"two commas":              response(some + "," + money),
		"a comma before":          response("," + some + money),
		"a bracket too many":      response(some + money + "]"),
		"a control character":     response(some + strings.Replace(money, `"x"`, "\"x\n\"", 1) + "," + money),
		"an escape that is none":  response(some + strings.Replace(money, `"x"`, `"\x"`, 1) + "," + money),
		"a name of another kind":  response(some + strings.Replace(money, `"x"`, `7`, 1) + "," + money),
		"an end within one":       strings.TrimSuffix(response(some+money), `]}]}`)[:len(response(some))],
		"an end behind a comma":   strings.TrimSuffix(response(some), `]}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tables(t, newService(t, good(body)).client(), "a")
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
		})
	}
}

func TestATableOfAnotherProviderIsVirtual(t *testing.T) {
	for name, c := range map[string]struct {
		members          string
		virtual, elastic bool
	}{
		"standard":                 {`"TableType":"Standard","DataProviderId":null`, false, false},
		"virtual":                  {`"TableType":"Virtual","DataProviderId":"7015a531-cc0d-4537-b5f2-c882a1eb65ad"`, true, false},
		"elastic":                  {`"TableType":"Elastic","DataProviderId":"1d9bde74-9ebd-4da9-8ff5-aa74945b9f74"`, false, true},
		"virtual, without a type":  {`"TableType":null,"DataProviderId":"7015a531-cc0d-4537-b5f2-c882a1eb65ad"`, true, false},
		"elastic, without a type":  {`"DataProviderId":"1D9BDE74-9EBD-4DA9-8FF5-AA74945B9F74"`, false, true},
		"standard, without a type": {`"DataProviderId":null`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			defined := strings.Replace(definition("a"), `{"LogicalName"`, `{`+c.members+`,"LogicalName"`, 1)
			found, err := tables(t, newService(t, changes(defined)).client(), "a")
			require.NoError(t, err)
			assert.Equal(t, c.virtual, found["a"].Virtual)
			assert.Equal(t, c.elastic, found["a"].Elastic)
		})
	}
}

// packed is a Web API without a network that gives one response, packed.
type packed []byte

func (p packed) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}},
		ContentLength: int64(len(p)), Body: io.NopCloser(strings.NewReader(string(p))), Request: r,
	}, nil
}

// fifty is a response with as many tables as one request asks for, each of 200 columns.
func fifty() string {
	texts, _ := mixture(200)
	var all []string
	for i := range 50 {
		all = append(all, withColumns(fmt.Sprintf("t%d", i), texts...))
	}
	return `{"EntityMetadata":[` + strings.Join(all, ",") + `]}`
}

func BenchmarkDefinitions(b *testing.B) {
	body := fifty()
	c := dataverse.New("https://contoso.example", &tokens{}, packed(gzipOf(b, body)), options())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		found := 0
		_, err := c.Tables(b.Context(), []string{"t0"}, func(dataverse.Table) error {
			found++
			return nil
		})
		if err != nil || found != 50 {
			b.Fatalf("%d tables were found: %v", found, err)
		}
	}
}
