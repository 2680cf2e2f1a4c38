package dataverse_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// tables reads definitions and returns them by name. Its error is that of the first table whose definition cannot be
// read.
func tables(t *testing.T, c *dataverse.Client, names ...string) (map[string]dataverse.Table, error) {
	t.Helper()
	found := map[string]dataverse.Table{}
	failed, err := c.Tables(t.Context(), names, func(table dataverse.Table) error {
		assert.NotContains(t, found, table.LogicalName)
		found[table.LogicalName] = table
		return nil
	})
	for _, f := range failed {
		if err == nil && !f.Missing() {
			err = f
		}
	}
	return found, err
}

// definition is a table in a response, with its key, as small as it may be.
func definition(name string) string {
	return `{"LogicalName":"` + name + `","EntitySetName":"` + name + `s","PrimaryIdAttribute":"` + name + `id","Attributes":[` +
		column(name+"id", "UniqueidentifierType", "") + `]}`
}

// column is a readable column in a response; more is further members.
func column(name, typ, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"LogicalName":"` + name + `","AttributeTypeName":{"Value":"` + typ + `"},"IsValidODataAttribute":true,"IsValidForRead":true` + more + `}`
}

func changes(definitions ...string) http.HandlerFunc {
	return good(`{"@odata.context":"HOST/api/data/v9.2/$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse",` +
		`"ServerVersionStamp":"6012567!11/21/2025","DeletedMetadata":null,"EntityMetadata":[` + strings.Join(definitions, ",") + `]}`)
}

func TestTablesWithAnEntitySetAreListedInOrder(t *testing.T) {
	s := newService(t, good(`{"@odata.context":"c","value":[`+
		`{"MetadataId":"1","LogicalName":"contact","EntitySetName":"contacts"},`+
		`{"LogicalName":"sharepointdocument","EntitySetName":null},{"LogicalName":"empty","EntitySetName":""},`+
		`{"LogicalName":"account","EntitySetName":"accounts"},null]}`))
	names, err := s.client().TableNames(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"account", "contact"}, names)
	assert.Equal(t, "/api/data/v9.2/EntityDefinitions?$select=LogicalName,EntitySetName", s.requests()[0].uri)
}

func TestIncompleteTableListIsReadAgain(t *testing.T) {
	const list = `{"value":[{"LogicalName":"contact","EntitySetName":"contacts"},{"LogicalName":"account","EntitySetName":"accounts"}]}`
	s := newService(t, good(list[:70]), good(list))
	names, err := s.client().TableNames(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"account", "contact"}, names)
}

func TestDefinitionsAreRequestedByRetrieveMetadataChanges(t *testing.T) {
	s := newService(t, changes(definition("account"), definition("contact")))
	_, err := tables(t, s.client(), "account", "contact")
	require.NoError(t, err)
	sent, err := url.Parse(s.requests()[0].uri)
	require.NoError(t, err)
	assert.Equal(t, "/api/data/v9.2/RetrieveMetadataChanges(Query=@p1)", sent.Path)
	assert.NotContains(t, sent.RawQuery, " ")
	assert.JSONEq(t, `{
		"Criteria": {"FilterOperator": "Or", "Conditions": [
			{"PropertyName": "LogicalName", "ConditionOperator": "Equals", "Value": {"Type": "System.String", "Value": "account"}},
			{"PropertyName": "LogicalName", "ConditionOperator": "Equals", "Value": {"Type": "System.String", "Value": "contact"}}]},
		"Properties": {"AllProperties": false, "PropertyNames":
			["LogicalName", "EntitySetName", "PrimaryIdAttribute", "ChangeTrackingEnabled", "TableType", "DataProviderId", "Attributes"]},
		"AttributeQuery": {"Properties": {"AllProperties": false, "PropertyNames":
			["LogicalName", "AttributeTypeName", "IsValidODataAttribute", "IsValidForRead", "DateTimeBehavior"]}}
	}`, sent.Query().Get("@p1"))
}

func TestManyTablesAreReadInPartsOfFifty(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		var definitions []string
		for _, name := range asked(t, r.URL) {
			definitions = append(definitions, definition(name))
		}
		changes(definitions...)(w, r)
	})
	names := make([]string, 120)
	for i := range names {
		names[i] = fmt.Sprintf("contoso_%s%03d", strings.Repeat("x", 90), i)
	}
	found, err := tables(t, s.client(), names...)
	require.NoError(t, err)
	assert.Len(t, found, 120)
	var sizes []int
	for _, request := range s.requests() {
		sent, err := url.Parse(request.uri)
		require.NoError(t, err)
		sizes = append(sizes, len(asked(t, sent)))
		assert.Less(t, len(request.uri), 32_768, "the longest url of a GET")
	}
	slices.Sort(sizes)
	assert.Equal(t, []int{20, 50, 50}, sizes)
}

// asked returns the tables that a request of RetrieveMetadataChanges names.
func asked(t *testing.T, u *url.URL) []string {
	t.Helper()
	var query struct {
		Criteria struct {
			Conditions []struct{ Value struct{ Value string } }
		}
	}
	assert.NoError(t, json.Unmarshal([]byte(u.Query().Get("@p1")), &query))
	var names []string
	for _, condition := range query.Criteria.Conditions {
		names = append(names, condition.Value.Value)
	}
	return names
}

func TestIncompleteDefinitionsAreReadAgain(t *testing.T) {
	whole := `{"EntityMetadata":[` + definition("account") + `,` + definition("contact") + `]}`
	s := newService(t, good(whole[:len(whole)-20]), good(whole))
	found, err := tables(t, s.client(), "account", "contact")
	require.NoError(t, err)
	assert.Len(t, found, 2)
	assert.Len(t, s.requests(), 2)
}

func TestNoTablesNeedNoRequest(t *testing.T) {
	s := newService(t, changes())
	found, err := tables(t, s.client())
	require.NoError(t, err)
	assert.Empty(t, found)
	assert.Empty(t, s.requests())
}

func TestYieldErrorEndsTables(t *testing.T) {
	s := newService(t, changes(definition("a"), definition("b")))
	stop := errors.New("enough")
	calls := 0
	_, err := s.client().Tables(t.Context(), []string{"a", "b"}, func(dataverse.Table) error {
		calls++
		return stop
	})
	require.ErrorIs(t, err, stop)
	assert.Equal(t, 1, calls)
}

func TestYieldIsNeverCalledConcurrently(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		var definitions []string
		for _, name := range asked(t, r.URL) {
			definitions = append(definitions, definition(name))
		}
		changes(definitions...)(w, r)
	})
	names := make([]string, 400)
	for i := range names {
		names[i] = fmt.Sprintf("t%d", i)
	}
	var mu sync.Mutex
	_, err := s.client().Tables(t.Context(), names, func(dataverse.Table) error {
		if !mu.TryLock() {
			return errors.New("two calls at once")
		}
		defer mu.Unlock()
		for range 100 {
			runtime.Gosched() // a chance for the others
		}
		return nil
	})
	require.NoError(t, err)
}

func TestDefinitionsUseAllSlots(t *testing.T) {
	const slots, parts = 6, 40
	var mu sync.Mutex
	var arrived, running, most int
	enough := make(chan struct{})
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		arrived++
		running++
		most = max(most, running)
		settled := arrived > parts/2 // by then the limiter has reached all its slots
		if most == slots {
			select {
			case <-enough:
			default:
				close(enough)
			}
		}
		mu.Unlock()
		if settled {
			<-enough
		}
		var all []string
		for _, name := range asked(t, r.URL) {
			all = append(all, definition(name))
		}
		changes(all...)(w, r)
		mu.Lock()
		running--
		mu.Unlock()
	})
	names := make([]string, parts*50)
	for i := range names {
		names[i] = fmt.Sprintf("t%d", i)
	}
	found := 0
	c := s.client(func(o *dataverse.Options) { o.MaxConcurrent = slots })
	_, err := c.Tables(t.Context(), names, func(dataverse.Table) error {
		found++
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, len(names), found)
	assert.Equal(t, slots, most)
}

func TestMisshapenDefinitionsFailTheirTables(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"a flag that is a text":   changes(strings.Replace(definition("a"), `"IsValidForRead":true`, `"IsValidForRead":"yes"`, 1)),
		"a table that is a text":  changes(`"a"`),
		"no tables at all":        good(`{"ServerVersionStamp":"1"}`),
		"null in place of tables": good(`{"EntityMetadata":null}`),
		"a response cut off":      good(`{"EntityMetadata":[` + definition("a")),
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/WhoAmI") {
					good(`{"UserId":"u","OrganizationId":"o"}`)(w, r)
					return
				}
				response(w, r)
			})
			failed, err := s.client().Tables(t.Context(), []string{"a", "b"}, func(dataverse.Table) error { return nil })
			require.NoError(t, err)
			require.Len(t, failed, 2)
			for i, table := range []string{"a", "b"} {
				var broken *dataverse.BrokenResponseError
				require.ErrorAs(t, failed[i], &broken)
				assert.Equal(t, table, failed[i].Table)
				assert.False(t, failed[i].Missing())
				assert.Contains(t, failed[i].Error(), "table "+table+": read the definitions of "+table+": gave up after 3 attempts")
			}
		})
	}
}

func TestHugeDefinitionsAreRead(t *testing.T) {
	// One label in twenty languages for each of 300 columns: what a large table weighs when a service sends all.
	labels := `"DisplayName":{"LocalizedLabels":[` + strings.TrimSuffix(strings.Repeat(`{"Label":"Konto","LanguageCode":1031,"IsManaged":true},`, 20), ",") + `]}`
	columns := make([]string, 300)
	for i := range columns {
		columns[i] = column(fmt.Sprintf("c%d", i), "StringType", labels)
	}
	table := func(i int) string {
		name := fmt.Sprintf("t%d", i)
		return strings.Replace(definition(name), `"Attributes":[`, `"Attributes":[`+strings.Join(columns, ",")+",", 1)
	}
	s := newService(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"EntityMetadata":[`+table(0))
		for i := 1; i < 50; i++ {
			_, _ = io.WriteString(w, ","+table(i))
		}
		_, _ = io.WriteString(w, "]}")
	})
	names := make([]string, 50)
	for i := range names {
		names[i] = fmt.Sprintf("t%d", i)
	}
	found, err := tables(t, s.client(), names...)
	require.NoError(t, err)
	assert.Len(t, found, 50)
	assert.Len(t, found["t49"].Columns, 301)
}
