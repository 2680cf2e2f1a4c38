package webapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWritingARow(t *testing.T) {
	s := newService(t, map[string]int{"contact": 1, "systemuser": 1})
	contact := s.ids("contact")[0]
	a := s.do(http.MethodPost, "accounts", `{"name":"A","primarycontactid@odata.bind":"/contacts(`+contact+`)","createdon":"2001-01-01T00:00:00Z"}`)
	require.Equal(t, http.StatusNoContent, a.status, a.body)
	id := s.ids("account")[0]
	address := testBase + "/accounts(" + id + ")"
	assert.Equal(t, address, a.header["OData-EntityId"][0])
	assert.Equal(t, address, a.header.Get("Location"))

	read := func() map[string]any {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.do(http.MethodGet, address, "").body), &row))
		return row
	}
	first := read()
	assert.Equal(t, contact, first["_primarycontactid_value"])
	assert.Equal(t, s.env.User(), first["_ownerid_value"])
	assert.Equal(t, "2026-08-22T08:10:44Z", first["createdon"], "the service keeps createdon itself")

	a = s.do(http.MethodPatch, address, `{"name":"B","statecode":1}`, "Prefer: return=representation")
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "return=representation", a.header.Get("Preference-Applied"))
	second := read()
	assert.Equal(t, "B", second["name"])
	assert.InDelta(t, 2, second["statuscode"], 0, "the state brings its status")
	assert.Greater(t, second["versionnumber"], first["versionnumber"])

	assert.Equal(t, http.StatusNoContent, s.do(http.MethodPatch, address, `{"createdon":"2001-01-01T00:00:00Z"}`).status)
	assert.Equal(t, second["versionnumber"], read()["versionnumber"], "nothing was set")

	assert.Equal(t, http.StatusNoContent, s.do(http.MethodPut, address+"/fax", `{"value":"123"}`).status)
	assert.Equal(t, "123", s.do(http.MethodGet, address+"/fax/$value", "").body)
	assert.Equal(t, http.StatusNoContent, s.do(http.MethodDelete, address+"/fax", "").status)
	assert.Equal(t, http.StatusNoContent, s.do(http.MethodGet, address+"/fax", "").status)
	assert.Equal(t, http.StatusNoContent, s.do(http.MethodDelete, address+"/primarycontactid/$ref", "").status)
	assert.Nil(t, read()["_primarycontactid_value"])
	assert.Equal(t, http.StatusNoContent, s.do(http.MethodPut, address+"/primarycontactid/$ref", `{"@odata.id":"`+testBase+`/contacts(`+contact+`)"}`).status)
	assert.Equal(t, contact, read()["_primarycontactid_value"])

	assert.Equal(t, http.StatusNoContent, s.do(http.MethodDelete, address, "").status)
	assert.Equal(t, http.StatusNotFound, s.do(http.MethodGet, address, "").status)
}

func TestConditionsOfAWrite(t *testing.T) {
	s := newService(t, map[string]int{"account": 1})
	old := "accounts(" + s.ids("account")[0] + ")"
	var row map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.do(http.MethodGet, old, "").body), &row))
	etag, _ := row["@odata.etag"].(string)
	assert.Equal(t, http.StatusNotModified, s.do(http.MethodGet, old, "", "If-None-Match: "+etag).status)
	tests := []struct {
		name, method, target, header string
		status                       int
		code                         string
	}{
		{"an upsert creates a row", "PATCH", "accounts(00000000-0000-0000-0000-00000000000a)", "", 204, ""},
		{"If-None-Match creates a row", "PATCH", "accounts(00000000-0000-0000-0000-00000000000b)", "If-None-Match: *", 204, ""},
		{"If-None-Match refuses a row that exists", "PATCH", old, "If-None-Match: *", 412, "0x80040237"},
		{"If-Match refuses a row that does not exist", "PATCH", "accounts(00000000-0000-0000-0000-00000000000c)", "If-Match: *", 404, "0x80040217"},
		{"If-Match refuses an old version", "PATCH", old, `If-Match: W/"5"`, 412, "0x80060882"},
		{"If-Match takes the present version", "PATCH", old, "If-Match: " + etag, 204, ""},
		{"and refuses it once it is past", "DELETE", old, "If-Match: " + etag, 412, "0x80060882"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := s.do(test.method, test.target, `{"name":"x"}`, test.header)
			assert.Equal(t, test.status, a.status, a.body)
			if test.code != "" {
				code, _ := a.refusal(t)
				assert.Equal(t, test.code, code)
			}
		})
	}
	assert.Len(t, s.ids("account"), 3)
}

func TestElasticRowsLiveInPartitions(t *testing.T) {
	s := newService(t, nil)
	a := s.do(http.MethodPost, "contoso_sensordatas", `{"contoso_value":1,"partitionid":"it's"}`)
	require.Equal(t, http.StatusNoContent, a.status, a.body)
	address := a.header["OData-EntityId"][0]
	id := s.ids("contoso_sensordata")[0]
	assert.Equal(t, testBase+"/contoso_sensordatas("+id+",partitionid='it''s')", address)
	assert.Equal(t, http.StatusNotFound, s.do(http.MethodGet, "contoso_sensordatas("+id+")", "").status)
	var row struct {
		Etag    string `json:"@odata.etag"`
		Version int64  `json:"versionnumber"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.do(http.MethodGet, address, "").body), &row))
	assert.Greater(t, row.Version, int64(1)<<53)
	assert.Regexp(t, `^W/"[0-9a-f]{8}-0000-0200-0000-[0-9a-f]{8}0000"$`, row.Etag)
	a = s.do(http.MethodPost, "contoso_sensordatas/Microsoft.Dynamics.CRM.DeleteMultiple", `{"Targets":[{"@odata.type":"Microsoft.Dynamics.CRM.contoso_sensordata","contoso_sensordataid":"`+id+`"}]}`)
	assert.Equal(t, http.StatusNoContent, a.status, a.body)
	assert.Empty(t, s.ids("contoso_sensordata"))
}

func TestActionsOnManyRows(t *testing.T) {
	s := newService(t, nil)
	const action, typed = "accounts/Microsoft.Dynamics.CRM.", `"@odata.type":"Microsoft.Dynamics.CRM.account",`
	a := s.do(http.MethodPost, action+"CreateMultiple", `{"Targets":[{`+typed+`"name":"1"},{`+typed+`"name":"2"}]}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	var made struct{ Ids []string }
	require.NoError(t, json.Unmarshal([]byte(a.body), &made))
	assert.ElementsMatch(t, s.ids("account"), made.Ids)

	a = s.do(http.MethodPost, action+"UpdateMultiple", `{"Targets":[{`+typed+`"accountid":"`+made.Ids[0]+`","name":"one"},{`+typed+`"accountid":"00000000-0000-0000-0000-00000000000a","name":"none"}]}`)
	assert.Equal(t, http.StatusNotFound, a.status)
	assert.ElementsMatch(t, []string{"1", "2"}, column([]content{s.get("accounts")}, "name"), "all or nothing")

	a = s.do(http.MethodPost, action+"UpsertMultiple", `{"Targets":[{`+typed+`"@odata.id":"accounts(`+made.Ids[0]+`)","name":"one"},{`+typed+`"name":"3"}]}`)
	assert.Equal(t, http.StatusNoContent, a.status, a.body)
	assert.ElementsMatch(t, []string{"one", "2", "3"}, column([]content{s.get("accounts")}, "name"))

	a = s.do(http.MethodPost, action+"DeleteMultiple", `{"Targets":[{`+typed+`"accountid":"`+made.Ids[0]+`"}]}`)
	code, _ := a.refusal(t)
	assert.Equal(t, "0x80040800", code, "only elastic tables have it")
	a = s.do(http.MethodPost, action+"CreateMultiple", `{"Targets":[{"name":"untyped"}]}`)
	assert.Equal(t, http.StatusBadRequest, a.status, "each item must name its type")
	assert.Equal(t, http.StatusNotFound, s.do(http.MethodPost, action+"Frobnicate", `{}`).status)
}

func TestManyToMany(t *testing.T) {
	s := newService(t, map[string]int{"systemuser": 1, "role": 1})
	user, role := s.ids("systemuser")[0], s.ids("role")[0]
	link := s.track("systemuserrolescollection")
	join := "systemusers(" + user + ")/systemuserroles_association"
	a := s.do(http.MethodPost, join+"/$ref", `{"@odata.id":"`+testBase+`/roles(`+role+`)"}`)
	require.Equal(t, http.StatusNoContent, a.status, a.body)
	page := s.get(link)
	assert.Equal(t, []string{user}, column([]content{page}, "systemuserid"))
	assert.Equal(t, []string{role}, column([]content{page}, "roleid"))
	assert.Equal(t, http.StatusPreconditionFailed, s.do(http.MethodPost, join+"/$ref", `{"@odata.id":"roles(`+role+`)"}`).status)
	assert.Equal(t, http.StatusNoContent, s.do(http.MethodDelete, join+"("+role+")/$ref", "").status)
	assert.Len(t, deletions([]content{s.get(page.DeltaLink)}), 1)
}

// batch sends a multipart body and returns the status and the text of the response.
func (s service) batch(body string, headers ...string) response {
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, testBase+"/$batch", strings.NewReader(body))
	r.Header.Set("Content-Type", `multipart/mixed; boundary="batch_1"`)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	serveBatch(s.env, w, r, testBase, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serveRows(s.env, w, r, testBase, strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/"))
	}))
	return response{w.Code, w.Header(), w.Body.String()}
}

func part(boundary, contentID, request string) string {
	return "--" + boundary + "\nContent-Type: application/http\nContent-Transfer-Encoding: binary\nContent-ID: " + contentID + "\n\n" + request + "\n"
}

func changeSet(requests ...string) string {
	set := "--batch_1\nContent-Type: multipart/mixed; boundary=set_1\n\n"
	for i, request := range requests {
		set += part("set_1", string(rune('1'+i)), request)
	}
	return set + "--set_1--\n"
}

func TestBatch(t *testing.T) {
	const post = "POST /api/data/v9.2/accounts HTTP/1.1\nContent-Type: application/json; type=entry\n\n"
	created := part("batch_1", "0", post+`{"name":"alone"}`)
	failing := part("batch_1", "0", "GET "+testBase+"/accounts(00000000-0000-0000-0000-00000000000a) HTTP/1.1\n")
	reading := part("batch_1", "0", "GET accounts?$select=name HTTP/1.1\nAccept: application/json\n")
	tests := []struct {
		name, body string
		prefer     string
		status     int
		contains   []string
		names      []string
	}{
		{"serves its requests in order", created + reading + "--batch_1--", "", 200,
			[]string{"HTTP/1.1 204 No Content", "OData-EntityId: " + testBase + "/accounts(", "HTTP/1.1 200 OK", `"name":"alone"`}, []string{"alone"}},
		{"stops at the first failure", failing + created + "--batch_1--", "", 400, []string{"HTTP/1.1 404 Not Found", "0x80040217"}, nil},
		{"continues after a failure on request", failing + created + "--batch_1--", "odata.continue-on-error", 200, []string{"HTTP/1.1 404 Not Found", "HTTP/1.1 204 No Content"}, []string{"alone"}},
		{"applies a change set with references between its rows",
			changeSet(post+`{"name":"parent"}`, post+`{"name":"child","parentaccountid@odata.bind":"$1"}`, "PATCH $1 HTTP/1.1\nContent-Type: application/json\n\n"+`{"name":"renamed"}`) + "--batch_1--", "", 200,
			[]string{"Content-Type: multipart/mixed; boundary=changesetresponse_", "Content-ID: 3"}, []string{"renamed", "child"}},
		{"takes a failed change set back whole", changeSet(post+`{"name":"one"}`, post+`{"nome":"two"}`) + "--batch_1--", "", 400, []string{"0x80048d19"}, nil},
		{"refuses a GET inside a change set", changeSet("GET accounts HTTP/1.1\n") + "--batch_1--", "", 400, []string{"0x80060888"}, nil},
	}
	for _, test := range tests {
		for ending, body := range map[string]string{"LF": test.body, "CRLF": strings.ReplaceAll(test.body, "\n", "\r\n")} {
			t.Run(test.name+" with "+ending, func(t *testing.T) {
				s := newService(t, nil)
				a := s.batch(body, "Prefer: "+test.prefer)
				assert.Equal(t, test.status, a.status, a.body)
				for _, text := range test.contains {
					assert.Contains(t, a.body, text)
				}
				assert.ElementsMatch(t, test.names, column([]content{s.get("accounts")}, "name"))
			})
		}
	}
	t.Run("names its boundary as the service does", func(t *testing.T) {
		a := newService(t, nil).batch(reading + "--batch_1--")
		assert.Regexp(t, `^--batchresponse_[0-9a-f-]{36}\r\n`, a.body)
		assert.Regexp(t, `--batchresponse_[0-9a-f-]{36}--\r\n$`, a.body)
	})
	t.Run("holds at most 1,000 requests", func(t *testing.T) {
		a := newService(t, nil).batch(strings.Repeat(reading, 1001) + "--batch_1--")
		assert.Equal(t, http.StatusBadRequest, a.status)
	})
}

func TestAFailedChangeSetLeavesNoTrace(t *testing.T) {
	s := newService(t, map[string]int{"account": 4})
	ids, before := s.ids("account"), s.get("accounts").Value
	link := s.track("accounts")
	set := changeSet("DELETE accounts("+ids[0]+") HTTP/1.1\n",
		"PATCH accounts("+ids[1]+") HTTP/1.1\nContent-Type: application/json\n\n"+`{"name":"changed"}`,
		"PATCH accounts("+ids[0]+") HTTP/1.1\nContent-Type: application/json\n\n"+`{"name":"again"}`,
		"DELETE accounts(00000000-0000-0000-0000-00000000000a) HTTP/1.1\n")
	assert.Equal(t, http.StatusBadRequest, s.batch(set+"--batch_1--").status)
	assert.Equal(t, before, s.get("accounts").Value)
	assert.Empty(t, s.get(link).Value)
}
