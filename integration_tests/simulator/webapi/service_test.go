package webapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

const testBase = "https://contoso.crm.example/api/data/v9.2"

// service is an environment under test, with a clock that stands still until it is moved.
type service struct {
	t   *testing.T
	env *rows.Database
	now *time.Time
}

// response is a response of the service.
type response struct {
	status int
	header http.Header
	body   string
}

// content is the part of a response with rows that tests look at.
type content struct {
	Context   string                       `json:"@odata.context"`
	Count     *int                         `json:"@odata.count"`
	NextLink  string                       `json:"@odata.nextLink"`
	DeltaLink string                       `json:"@odata.deltaLink"`
	Value     []map[string]json.RawMessage `json:"value"`
}

func newService(t *testing.T, counts map[string]int, change ...func(*rows.Options)) service {
	t.Helper()
	now := time.Date(2026, time.August, 22, 8, 10, 44, 0, time.UTC)
	o := rows.Options{Seed: 7, Rows: counts, Clock: func() time.Time { return now }}
	for _, apply := range change {
		apply(&o)
	}
	env, err := rows.New(o)
	require.NoError(t, err)
	return service{t, env, &now}
}

func behave(b rows.Behaviors) func(*rows.Options) { return func(o *rows.Options) { o.Behaviors = b } }

// do sends a request; target is relative to the Web API or one of its links. Headers come as "Name: value".
func (s service) do(method, target, body string, headers ...string) response {
	s.t.Helper()
	address := target
	if !strings.HasPrefix(target, testBase) {
		address = testBase + "/" + strings.ReplaceAll(target, " ", "%20")
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	path := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/")
	serveRows(s.env, w, r, testBase, path)
	return response{w.Code, w.Header(), w.Body.String()}
}

func (s service) get(target string, headers ...string) content {
	s.t.Helper()
	a := s.do(http.MethodGet, target, "", headers...)
	require.Equal(s.t, http.StatusOK, a.status, a.body)
	var c content
	require.NoError(s.t, json.Unmarshal([]byte(a.body), &c), a.body)
	return c
}

// scan follows next links to the end and returns all pages.
func (s service) scan(target string, headers ...string) []content {
	s.t.Helper()
	var pages []content
	for target != "" {
		page := s.get(target, headers...)
		pages = append(pages, page)
		target = page.NextLink
		require.Less(s.t, len(pages), 10_000, "the scan does not end")
	}
	return pages
}

// track reads a table for the first time and returns its delta link.
func (s service) track(set string) string {
	s.t.Helper()
	pages := s.scan(set, "Prefer: odata.track-changes")
	link := pages[len(pages)-1].DeltaLink
	require.NotEmpty(s.t, link)
	return link
}

// refusal reads the code and the message of an error.
func (a response) refusal(t *testing.T) (code, message string) {
	t.Helper()
	var body struct {
		Error struct{ Code, Message string }
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &body), a.body)
	return body.Error.Code, body.Error.Message
}

// column collects one property of all rows of all pages, without its quotes.
func column(pages []content, name string) []string {
	var all []string
	for _, p := range pages {
		for _, row := range p.Value {
			all = append(all, strings.Trim(string(row[name]), `"`))
		}
	}
	return all
}

// ids returns the keys of all rows of a table in the order of Rows.
func (s service) ids(table string) []string {
	var all []string
	for id := range edit.Rows(s.env, table) {
		all = append(all, id)
	}
	return all
}

func (s service) create(table string, row map[string]any) string {
	s.t.Helper()
	id, err := edit.Create(s.env, table, row)
	require.NoError(s.t, err)
	return id
}

func decoded(t *testing.T, escaped string) string {
	t.Helper()
	text, err := url.PathUnescape(escaped)
	require.NoError(t, err)
	return text
}

func TestRefusals(t *testing.T) {
	const account = "accounts(00000000-0000-0000-0000-0000000000aa)"
	tests := []struct {
		name, method, target, body string
		headers                    []string
		status                     int
		code, message              string
	}{
		{"an entity set that does not exist is not found", "GET", "accountz", "", nil, 404, "0x80060888", "Resource not found for the segment 'accountz'."},
		{"the case of an entity set matters", "GET", "Accounts", "", nil, 404, "0x80060888", "Resource not found for the segment 'Accounts'."},
		{"a segment behind an entity set is not found", "GET", "accounts/what", "", nil, 404, "0x80060888", "Resource not found for the segment 'what'."},
		{"an unknown column is refused", "GET", "accounts?$select=nome", "", nil, 400, "0x80060888", "Could not find a property named 'nome' on type 'Microsoft.Dynamics.CRM.account'."},
		{"a column in the wrong case is refused", "GET", "accounts?$select=Name", "", nil, 400, "0x80060888", "Could not find a property named 'Name' on type 'Microsoft.Dynamics.CRM.account'."},
		{"a shadow column is refused", "GET", "accounts?$select=primarycontactidname", "", nil, 400, "0x80060888", "Could not find a property named 'primarycontactidname' on type 'Microsoft.Dynamics.CRM.account'."},
		{"a lookup without its property name is refused", "GET", "accounts?$select=primarycontactid", "", nil, 400, "0x80060888", "Could not find a property named 'primarycontactid' on type 'Microsoft.Dynamics.CRM.account'."},
		{"$skip is refused", "GET", "accounts?$skip=5", "", nil, 400, "0x80060888", "Skip Clause is not supported in CRM"},
		{"$search is refused", "GET", "accounts?$search=x", "", nil, 400, "0x80060888", "The query parameter $search is not supported"},
		{"the case of an option matters", "GET", "accounts?$Select=name", "", nil, 400, "0x80060888", "The query parameter $Select is not supported"},
		{"an option may stand once", "GET", "accounts?$top=1&$top=2", "", nil, 400, "0x80060888", "Query option '$top' was specified more than once, but it must be specified at most once."},
		{"a negative $top is refused", "GET", "accounts?$top=-1", "", nil, 400, "0x80060888", "Invalid value '-1' for $top query option found. The $top query option requires a non-negative integer value."},
		{"a filter on an unknown column is refused", "GET", "accounts?$filter=nome eq 'x'", "", nil, 400, "0x80060888", "Could not find a property named 'nome' on type 'Microsoft.Dynamics.CRM.account'."},
		{"a filter with the wrong type is refused", "GET", "accounts?$filter=name eq 5", "", nil, 400, "0x80060888", "A binary operator with incompatible types was detected. Found operand types 'Edm.String' and 'Edm.Int64' for operator kind 'Equal'."},
		{"a filter that does not parse is refused", "GET", "accounts?$filter=name eq", "", nil, 400, "0x80060888", "Syntax error at position 7 in 'name eq'."},
		{"a cookie that does not parse is refused", "GET", "accounts?$skiptoken=%3Ccookie%3E", "", nil, 400, "0x8004112A", "Invalid page number in paging cookie."},
		{"a row that does not exist is not found", "GET", account, "", nil, 404, "0x80040217", "Entity 'account' With Id = 00000000-0000-0000-0000-0000000000aa Does Not Exist"},
		{"a deletion of no row is refused", "DELETE", account, "", nil, 404, "0x80040217", "Entity 'account' With Id = 00000000-0000-0000-0000-0000000000aa Does Not Exist"},
		{"an update of no row with If-Match is refused", "PATCH", account, `{}`, []string{"If-Match: *"}, 404, "0x80040217", "Entity 'account' With Id = 00000000-0000-0000-0000-0000000000aa Does Not Exist"},
		{"a table without RetrieveMultiple says so", "GET", "postregardings", "", nil, 400, "0x80040800", "The 'RetrieveMultiple' method does not support entities of type 'postregarding'."},
		{"$filter with change tracking is refused", "GET", "accounts?$filter=name eq 'x'", "", []string{"Prefer: odata.track-changes"}, 400, "0x80060888", `The "$filter" query parameter isn't supported when Change Tracking is enabled.`},
		{"$orderby with change tracking is refused", "GET", "accounts?$orderby=name", "", []string{"Prefer: odata.track-changes"}, 400, "0x80060888", `The "$orderby" query parameter isn't supported when Change Tracking is enabled.`},
		{"$top with change tracking is refused", "GET", "accounts?$top=5", "", []string{"Prefer: odata.track-changes"}, 400, "0x80060888", `The "$top" query parameter isn't supported when Change Tracking is enabled.`},
		{"an untracked table says so", "GET", "asyncoperations", "", []string{"Prefer: odata.track-changes"}, 400, "0x80072491", "Entity asyncoperation isn't enabled for change tracking."},
		{"a token that is none is refused", "GET", "accounts?$deltatoken=latest", "", nil, 400, "0x80044183", "Invalid version stamp"},
		{"a string that is too long is refused", "POST", "accounts", `{"name":"` + strings.Repeat("x", 161) + `"}`, nil, 400, "0x80044331", "A validation error occurred. The length of the 'name' attribute of the 'account' entity exceeded the maximum allowed length of '160'."},
		{"a method that rows do not have is refused", "PUT", "accounts", `{}`, nil, 405, "0x80060888", "The requested resource does not support http method 'PUT'."},
	}
	s := newService(t, map[string]int{"account": 3})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(test.method, test.target, test.body, test.headers...)
			code, message := a.refusal(t)
			assert.Equal(t, test.status, a.status)
			assert.Equal(t, test.code, code)
			assert.Equal(t, test.message, message)
		})
	}
}

func TestPayloadRefusals(t *testing.T) {
	tests := []struct{ name, body, inner string }{
		{"an unknown property", `{"nome":1}`, "InnerException : Microsoft.Crm.CrmException: Invalid property 'nome' was found in entity 'Microsoft.Dynamics.CRM.account'. ---> Microsoft.OData.ODataException: Does not support untyped value in non-open type."},
		{"a property twice", `{"name":"a","name":"b"}`, "Multiple properties with the name 'name' were detected"},
		{"a number for a text", `{"name":5}`, "Cannot convert the literal '5' to the expected type 'Edm.String'."},
		{"a text for a number", `{"numberofemployees":"many"}`, "Cannot convert the literal 'many' to the expected type 'Edm.Int32'."},
		{"a lookup by its value", `{"_primarycontactid_value":"00000000-0000-0000-0000-0000000000aa"}`, "Use Navigation properties instead."},
		{"a navigation property in the wrong case", `{"PrimaryContactId@odata.bind":"/contacts(00000000-0000-0000-0000-0000000000aa)"}`, "An undeclared property 'PrimaryContactId'"},
		{"a body that is no JSON", `{"name":`, "Invalid JSON."},
		{"a type of another table", `{"@odata.type":"Microsoft.Dynamics.CRM.contact"}`, "not assignable to the expected type 'Microsoft.Dynamics.CRM.account'"},
	}
	s := newService(t, nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(http.MethodPost, "accounts", test.body)
			code, message := a.refusal(t)
			assert.Equal(t, http.StatusBadRequest, a.status)
			assert.Equal(t, "0x80048d19", code)
			assert.Contains(t, message, test.inner)
			assert.Empty(t, s.ids("account"))
		})
	}
}
