package dataverse_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// attribute is what a column's real definition says of it.
type attribute struct {
	LogicalName           string
	AttributeTypeName     struct{ Value string }
	IsValidODataAttribute bool
	IsValidForRead        bool
	DateTimeBehavior      struct{ Value string }
}

func TestRecordedDefinitionsAreRead(t *testing.T) {
	folder := fixtures(t)
	for name, example := range map[string]struct {
		set, key string
		tracked  bool
		all      int // columns of the definition
	}{
		"account":         {"accounts", "accountid", true, 215},
		"team":            {"teams", "teamid", true, 0},
		"systemform":      {"systemforms", "formid", true, 0},
		"systemuserroles": {"systemuserrolescollection", "systemuserroleid", true, 0},
	} {
		raw, err := os.ReadFile(filepath.Join(folder, "definitions", "entitydefinition_"+name+".json"))
		require.NoError(t, err)
		var recorded struct{ Attributes []attribute }
		require.NoError(t, json.Unmarshal(raw, &recorded))
		if example.all > 0 {
			require.Len(t, recorded.Attributes, example.all)
		}
		body := strings.TrimPrefix(string(raw), "\ufeff")
		for way, response := range map[string]http.HandlerFunc{
			"RetrieveMetadataChanges": changes(body),
			"EntityDefinitions":       plainReal(t, body, recorded.Attributes),
		} {
			t.Run(name+" by "+way, func(t *testing.T) {
				found, err := tables(t, newService(t, response).client(), name)
				require.NoError(t, err)
				table := found[name]
				assert.Equal(t, example.set, table.EntitySet)
				assert.Equal(t, example.key, table.PrimaryID)
				assert.Equal(t, example.tracked, table.Tracked)
				assert.False(t, table.Elastic)
				assertColumns(t, recorded.Attributes, table)
			})
		}
	}
}

// plainReal responses as a service without RetrieveMetadataChanges that gives no derived property in an expansion.
func plainReal(t *testing.T, definition string, attributes []attribute) http.HandlerFunc {
	t.Helper()
	var dates []map[string]any
	for _, a := range attributes {
		if a.AttributeTypeName.Value == "DateTimeType" {
			dates = append(dates, map[string]any{"LogicalName": a.LogicalName, "DateTimeBehavior": a.DateTimeBehavior})
		}
	}
	list, err := json.Marshal(map[string]any{"value": dates})
	require.NoError(t, err)
	base := strings.ReplaceAll(definition, `"DateTimeBehavior"`, `"NotInTheBase"`)
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "DateTimeAttributeMetadata") {
			good(string(list))(w, r)
			return
		}
		plain(refuse(http.StatusNotImplemented, ""), base)(w, r)
	}
}

// assertColumns holds a table against the real definition, by rules written down a second time.
func assertColumns(t *testing.T, attributes []attribute, table dataverse.Table) {
	t.Helper()
	readable := 0
	for _, a := range attributes {
		property := a.LogicalName
		switch a.AttributeTypeName.Value {
		case "LookupType", "CustomerType", "OwnerType":
			property = "_" + property + "_value"
		}
		column := table.Column(property)
		if !a.IsValidODataAttribute || !a.IsValidForRead {
			assert.Nil(t, column, property)
			continue
		}
		readable++
		if assert.NotNil(t, column, property) {
			assert.Equal(t, a.AttributeTypeName.Value, string(column.Type)+"Type", property)
			assert.Equal(t, a.DateTimeBehavior.Value, string(column.Behavior), property)
		}
	}
	assert.Len(t, table.Columns, readable)
	assert.NotZero(t, readable)
}

func TestRecordedPagesOfChangeTrackingAreRead(t *testing.T) {
	folder := fixtures(t)
	for file, example := range map[string]struct {
		rows    int
		token   string
		columns []string
	}{
		"initial_last_page.json": {1, "919042%2108%2f22%2f2017%2008%3a10%3a44", []string{"name", "accountnumber", "telephone1", "fax"}},
		"delta_response.json":    {2, "919058%2108%2f22%2f2017%2008%3a21%3a20", []string{"name", "telephone1", "fax"}},
	} {
		t.Run(file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(folder, "changetracking", file))
			require.NoError(t, err)
			body := strings.NewReplacer("[Organization URI]", "HOST", "/v9.0/", "/v9.2/").Replace(string(raw))
			page, sink, err := read(t.Context(), newService(t, good(body)).client(), "accounts")
			require.NoError(t, err)
			assert.Len(t, sink.values, example.rows)
			assert.Equal(t, example.token, page.Delta.DeltaToken())
			assert.Equal(t, example.columns, page.Columns())
			assert.Empty(t, page.Next)
		})
	}
}

func TestRecordedWhoAmIIsRead(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixtures(t), "http", "whoami_200_trace_2024.http"))
	require.NoError(t, err)
	_, trace, found := bytes.Cut(raw, []byte("HTTP/1.1 200 OK"))
	require.True(t, found)
	trace = append([]byte("HTTP/1.1 200 OK"), trace...)
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(trace)), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	response.ContentLength = -1
	_, body, found := bytes.Cut(bytes.ReplaceAll(trace, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	require.True(t, found)

	s := newService(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range response.Header {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		_, _ = w.Write(body)
	})
	c := s.client()
	for range 2 {
		who, err := c.WhoAmI(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "00aa00aa-bb11-cc22-dd33-44ee44ee44ee", who.OrganizationID)
	}
	assert.NotContains(t, s.requests()[1].header, "Cookie")
}

func TestRecordedPageIsRead(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixtures(t), "records", "amplabs_contacts-read.json"))
	require.NoError(t, err)
	var recorded map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &recorded))
	var next string
	require.NoError(t, json.Unmarshal(recorded["@odata.nextLink"], &next))
	origin, path, found := strings.Cut(next, "/api/data/")
	require.True(t, found)
	version, link, found := strings.Cut(path, "/")
	require.True(t, found)
	body := strings.NewReplacer(origin+"/api/data/"+version+"/", "HOST/api/data/v9.2/").Replace(string(raw))
	s := newService(t, good(body), good(emptyPage))
	c := s.client()
	page, sink, err := read(t.Context(), c, "contacts")
	require.NoError(t, err)
	assert.NotEmpty(t, sink.values)
	assert.Equal(t, link, string(page.Next))
	_, _, err = read(t.Context(), c, page.Next)
	require.NoError(t, err)
	assert.Equal(t, "/api/data/v9.2/"+link, s.requests()[1].uri)
}
