package dataverse_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// fixtures is the folder of real payloads, which are not the project's own.
func fixtures(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("DATAVERSE_FIXTURES")
	if folder == "" {
		t.Skip("DATAVERSE_FIXTURES names no folder of real payloads")
	}
	return folder
}

func TestRecordedRefusalsAreParsed(t *testing.T) {
	folder := fixtures(t)
	for file, example := range map[string]struct {
		status    int
		code      string
		message   string // its beginning
		temporary bool
	}{
		"400_invalid_argument_all_annotations.json":      {400, "0x80040203", "Communication activity cannot have", true},
		"400_unknown_property.json":                      {400, "0x80060888", "Could not find a property named 'scheduledstart'", false},
		"403_missing_privilege.json":                     {403, dataverse.CodePrivilegeMissing, "Principal user", false},
		"403_user_not_member.json":                       {403, dataverse.CodeNotMember, "The user is not a member", false},
		"404_object_does_not_exist_all_annotations.json": {404, dataverse.CodeNotFound, "Entity 'account' With Id", false},
		"404_resource_not_found_segment.json":            {404, dataverse.CodeURINotParsed, "Resource not found", false},
		"415_metadata_with_json_accept.json":             {415, dataverse.CodeURINotParsed, "A supported MIME type", false},
		"429_concurrency.json":                           {429, dataverse.CodeThrottledConcurrency, "Number of concurrent", true},
		"429_execution_time.json":                        {429, dataverse.CodeThrottledTime, "Combined execution time", true},
		"429_number_of_requests_6000.json":               {429, dataverse.CodeThrottledRequests, "Number of requests", true},
		"429_number_of_requests_8000_gcc_sandbox.json":   {429, dataverse.CodeThrottledRequests, "Number of requests", true},
		"changetracking_not_enabled.json":                {400, dataverse.CodeNotTracked, "Entity nrq_declaration", false},
	} {
		t.Run(file, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(folder, "errors", file))
			require.NoError(t, err)
			_, _, err = read(t.Context(), newService(t, refuse(example.status, string(body))).client(), "accounts")
			var refused *dataverse.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, example.code, refused.Code)
			assert.Contains(t, refused.Message, example.message)
			assert.Equal(t, example.temporary, refused.Temporary())
			assert.Contains(t, err.Error(), strconv.Itoa(example.status)+" "+example.code)
		})
	}
}

func TestRefusalOfUnexpectedFormKeepsStatus(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "half": `{"error":{"code":"0x8004`, "a list": "[]", "null": "null",
		"an empty error": `{"error":{}}`, "numbers": `{"error":{"code":5,"message":6}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(t.Context(), newService(t, refuse(http.StatusForbidden, body)).client(), "accounts")
			require.EqualError(t, err, "read a page of account: gave up after 3 attempts: Dataverse responded with 403: Forbidden")
		})
	}
}

func TestCompressedRefusalIsUnpacked(t *testing.T) {
	packed := gzipOf(t, `{"error":{"code":"0x80040220","message":"is missing prvReadAccount privilege"}}`)
	_, _, err := read(t.Context(), newService(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write(packed)
	}).client(), "accounts")
	assert.True(t, dataverse.HasCode(err, dataverse.CodePrivilegeMissing))
}

func TestMissingPropertyIsParsed(t *testing.T) {
	const message = "Could not find a property named 'scheduledstart' on type 'Microsoft.Dynamics.CRM.sprk_event'."
	for name, example := range map[string]struct {
		refused  dataverse.APIError
		property string
	}{
		"a property":        {dataverse.APIError{Code: "0x80060888", Message: message}, "scheduledstart"},
		"another namespace": {dataverse.APIError{Code: "0x80060888", Message: "Could not find a property named 'a' on type 'x.y'."}, "a"},
		"another code":      {dataverse.APIError{Code: "0x80040203", Message: message}, ""},
		"another message":   {dataverse.APIError{Code: "0x80060888", Message: "Resource not found for the segment 'x'."}, ""},
	} {
		assert.Equal(t, example.property, example.refused.MissingProperty(), name)
	}
}

func TestMissingPrivilegeIsParsed(t *testing.T) {
	for message, privilege := range map[string]string{
		"Principal user (Id=1, type=8, roleCount=5, privilegeCount=465, accessMode=0), is missing prvReadincident privilege (Id=2) on OTC=112 for entity 'incident'. context.Caller=3": "prvReadincident",
		"is missing prvReadnew_Thing privilege":   "prvReadnew_Thing",
		"SecLib::AccessCheckEx failed.":           "",
		"is missing something other as privilege": "",
	} {
		refused := dataverse.APIError{Message: message}
		assert.Equal(t, privilege, refused.MissingPrivilege())
	}
}

func TestTemporaryLooksAtCodeBeforeStatus(t *testing.T) {
	for name, example := range map[string]struct {
		refused   dataverse.APIError
		temporary bool
	}{
		"a limit with the wrong status":           {dataverse.APIError{Status: 400, Code: dataverse.CodeThrottledTime}, true},
		"an expired token with a server's status": {dataverse.APIError{Status: 500, Code: dataverse.CodeTokenExpired}, false},
		"a malformed token":                       {dataverse.APIError{Status: 400, Code: dataverse.CodeTokenMalformed}, false},
		"a page's cookie with a server's status":  {dataverse.APIError{Status: 500, Code: dataverse.CodePageNumber}, false},
		"a sandbox that is not available":         {dataverse.APIError{Status: 500, Code: "0x8004418d"}, true},
		"a database that is at its limit":         {dataverse.APIError{Status: 400, Code: "0x80072323"}, true},
		"an unknown code, 500":                    {dataverse.APIError{Status: 500, Code: "0x80040265"}, true},
		"a plug-in's code, 400":                   {dataverse.APIError{Status: 400, Code: "0x80040265"}, true},
		"401":                                     {dataverse.APIError{Status: 401}, false},
		"404":                                     {dataverse.APIError{Status: 404}, true},
		"405":                                     {dataverse.APIError{Status: 405}, false},
		"429":                                     {dataverse.APIError{Status: 429}, true},
		"501":                                     {dataverse.APIError{Status: 501}, false},
	} {
		assert.Equal(t, example.temporary, example.refused.Temporary(), name)
	}
}

func TestHasCodeFindsCodesOfWrappedErrors(t *testing.T) {
	err := fmt.Errorf("read: %w", &dataverse.APIError{Code: dataverse.CodePageOrder})
	assert.True(t, dataverse.HasCode(err, dataverse.CodePageNumber, dataverse.CodePageOrder))
	assert.False(t, dataverse.HasCode(err, dataverse.CodePageNumber))
	assert.False(t, dataverse.HasCode(err))
	assert.False(t, dataverse.HasCode(errors.New("other"), dataverse.CodePageOrder))
	assert.False(t, dataverse.HasCode(nil, dataverse.CodePageOrder))
}

func TestMessagesOfTheServiceShowNoTokens(t *testing.T) {
	for name, example := range map[string]struct {
		link   dataverse.Link
		hidden string
	}{
		"the delta token":    {deltaLink, "919058"},
		"the paging cookie":  {pagingLink, "D5026A4D-D01C-ED11-B83E-000D3A572421"},
		"the token of Entra": {"accounts", "secret-token"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, func(w http.ResponseWriter, r *http.Request) {
				once, _ := url.QueryUnescape(r.URL.RawQuery)
				twice, _ := url.QueryUnescape(once)
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, fmt.Sprintf(`{"error":{"code":"0x80060888","message":%q}}`,
					"kept "+r.RequestURI+" | "+once+" | "+twice+" | "+r.Header.Get("Authorization")))
			})
			_, _, err := read(t.Context(), s.client(), example.link)
			require.ErrorContains(t, err, "kept ")
			assert.NotContains(t, err.Error(), example.hidden)
		})
	}
}
