package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/record"
)

func TestNamesMatchWithoutRegardToCase(t *testing.T) {
	for name, row := range map[string]string{
		"a column":               `{"accountid":"a1","Name":"n"}`,
		"the key":                `{"AccountId":"a1","name":"n"}`,
		"everything":             `{"ACCOUNTID":"a1","NAME":"n"}`,
		"a name with an escape":  `{"accountid":"a1","N\u0061ME":"n"}`,
		"beside another version": `{"accountid":"a1","Name":"n","name":"second"}`,
		"beside unknown ones":    `{"accountid":"a1","@odata.etag":"W/\"1\"","Names":1,"nAme":"n"}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "name")
			want := line("account", `"accountid":"a1","name":"n"`)
			for range 3 { // the second time the names are expected
				assert.Equal(t, want, lines(t, e, pageTime(), "["+row+"]"))
			}
		})
	}
}

func TestADeletionMatchesWithoutRegardToCase(t *testing.T) {
	for _, object := range []string{
		`{"@OData.Context":"x/$metadata#accounts/$deletedEntity","Id":"D1","Reason":"deleted"}`,
		`{"@odata.context":"x/$metadata#accounts/$DeletedEntity","ID":"d1"}`,
	} {
		e := changesOf(t, withCDC())
		assert.Empty(t, lines(t, e, pageTime(), "["+object+"]"))
		assert.Equal(t, []string{"d1"}, e.Deleted())
	}
}

func TestManyUnknownNamesLeaveTheKnownOnesInPlace(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "name")
	want := line("account", `"accountid":"a1","name":"n"`)
	for i := range 3000 { // more than are remembered
		row := fmt.Sprintf(`{"unknown%d":1,"accountid":"a1","other%d":{"name":2},"NAME":"n","%s":3}`, i, i, strings.Repeat("x", i%400))
		require.Equal(t, want, lines(t, e, pageTime(), "["+row+"]"))
	}
}

func TestASelectedColumnThatNeverArrivesIsNamed(t *testing.T) {
	stats := &record.ColumnStats{}
	plan := compile(t, account(), configured(account(), "accountid", "name", "anything", "wallclock"))
	e := newEncoder(plan, record.Options{Stats: stats})
	assert.Empty(t, lines(t, e, pageTime(), "["+deletion("d1")+"]"))
	assert.Empty(t, stats.NeverSeen(plan), "there was no row yet")
	lines(t, e, pageTime(), `[{"accountid":"a1","nane":"n"},{"accountid":"a2","wallclock":null}]`)
	assert.Equal(t, []string{"anything", "name"}, stats.NeverSeen(plan))
	lines(t, newEncoder(plan, record.Options{Stats: stats}), pageTime(), `[{"accountid":"a3","Name":"n"}]`)
	assert.Equal(t, []string{"anything"}, stats.NeverSeen(plan))
}

// guid is a key as the Web API prints it.
const guid = "5cbc1d71-0d4e-e811-a961-000d3a1d7131"

func TestKeysOfChangesHaveOneForm(t *testing.T) {
	for name, key := range map[string]string{
		"as the service prints it": guid,
		"in capitals":              strings.ToUpper(guid),
		"in braces":                "{" + strings.ToUpper(guid) + "}",
		"with an escape":           `\u0035` + guid[1:],
	} {
		t.Run(name, func(t *testing.T) {
			e := newEncoder(compile(t, account(), followed(account(), "accountid", "name")), record.Options{})
			page := `[{"accountid":"` + key + `","name":"old"},{"name":"new","accountid":"` + guid + `"},` + deletion(key) + `]`
			assert.Equal(t, line("account", `"name":"new","accountid":"`+guid+`"`), lines(t, e, pageTime(), page))
			assert.Equal(t, []string{guid}, e.Deleted())
			assert.Equal(t, line("account", `"accountid":"`+guid+`","name":null`), lines(t, e, pageTime(), `[{"accountid":"`+key+`"}]`))
		})
	}
}

func TestADeletionByTheAddressOfItsRowIsRecognized(t *testing.T) {
	for _, id := range []string{
		"https://contoso.crm.dynamics.com/api/data/v9.2/accounts(" + guid + ")", "accounts(" + strings.ToUpper(guid) + ")",
	} {
		e := changesOf(t, withCDC())
		require.NoError(t, begin(e, pageTime(), "["+deletion(id)+"]"))
		assert.Equal(t, []string{guid}, e.Deleted())
	}
}

func TestWhatIsNotRecognizedIsNeverAnotherKey(t *testing.T) {
	for name, object := range map[string]string{
		"a deletion by another key":     deletion("accounts(accountnumber='1')"),
		"a deletion of a path":          deletion("accounts/1"),
		"a deletion of a separator":     deletion("d\u2028"),
		"a deletion without a key":      `{"@odata.context":"x#accounts/$deletedEntity","accountid":"a1"}`,
		"a deletion of OData 4.01":      `{"@removed":{"reason":"deleted"},"@id":"accounts(a1)"}`,
		"a removed row with its key":    `{"@removed":{"reason":"changed"},"accountid":"a1"}`,
		"a deletion whose id is 7":      `{"@odata.context":"x#accounts/$deletedEntity","id":7}`,
		"a row with a quoted key":       `{"accountid":"'a1'"}`,
		"a row with a key of spaces":    `{"accountid":" a1 "}`,
		"a row with a NUL in its key":   `{"accountid":"a1\u0000"}`,
		"a row with a brace in its key": `{"accountid":"{a1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range []string{object, " {  " + object[1:]} {
				e := newEncoder(compile(t, account(), followed(account(), "accountid")), record.Options{})
				var broken *dataverse.BrokenResponseError
				require.ErrorAs(t, begin(e, pageTime(), "["+text+"]"), &broken)
				assert.Empty(t, e.Deleted())
				sink := record.NewKeySink(account())
				require.ErrorAs(t, read(sink, "["+text+"]"), &broken)
				assert.Empty(t, sink.Keys())
			}
		})
	}
}

func TestAKeyThatComesTwiceIsTheFirst(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "name")
	lines(t, e, pageTime(), `[{"accountid":"a1","name":"n","AccountId":"a2"}]`)
	e.Keys(func(key []byte) { assert.Equal(t, "a1", string(key)) })
}
