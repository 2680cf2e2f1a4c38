package dataverse_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// inconclusive returns refusals that say nothing about the request.
func inconclusive() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"a proxy's page, 400":         refuse(http.StatusBadRequest, "<html>Bad Request</html>", "Content-Type", "text/html"),
		"a firewall's page, 403":      refuse(http.StatusForbidden, "<html>Access denied</html>", "Content-Type", "text/html"),
		"a gateway's page, 404":       refuse(http.StatusNotFound, "<html>Not Found</html>", "Content-Type", "text/html"),
		"no body, 410":                refuse(http.StatusGone, ""),
		"a firewall's JSON":           refuse(http.StatusBadRequest, `{"error":{"code":"AccessDenied","message":"Blocked by policy."}}`),
		"a status for a code":         refuse(http.StatusNotFound, `{"error":{"code":404,"message":"no route"}}`),
		"a plug-in that aborted":      refuse(http.StatusBadRequest, `{"error":{"code":"0x80040265","message":"ISV code aborted the operation."}}`),
		"an invalid argument":         refuse(http.StatusBadRequest, `{"error":{"code":"0x80040203","message":"Invalid argument."}}`),
		"an unexpected error of ISVs": refuse(http.StatusNotFound, `{"error":{"code":"0x80040224","message":"An unexpected error occurred from ISV code."}}`),
		"an unhandled error":          refuse(http.StatusBadRequest, `{"error":{"code":"0x0","message":"no"}}`),
	}
}

func TestInconclusiveRefusalIsRetried(t *testing.T) {
	for name, response := range inconclusive() {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response, response, good("{"+valueMember+"}"))
			_, sink, err := read(t.Context(), s.client(many), "accounts?$deltatoken=1")
			require.NoError(t, err)
			assert.Len(t, sink.values, 2)
		})
	}
}

func TestInconclusiveRefusalThatLastsIsTemporary(t *testing.T) {
	for name, response := range inconclusive() {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			_, _, err := read(t.Context(), s.client(many), "accounts?$deltatoken=1")
			var refused *dataverse.APIError
			require.ErrorAs(t, err, &refused)
			assert.True(t, refused.Inconclusive())
			assert.True(t, refused.Temporary())
			assert.False(t, refused.Throttled())
			assert.False(t, dataverse.TooExpensive(err))
			assert.Len(t, s.requests(), 3, "it must not take as long as an outage")
		})
	}
}

func TestARefusalOnTheWayIsRepeatedLikeAGatewaysFailure(t *testing.T) {
	cases := map[string]struct {
		response http.HandlerFunc
		link     dataverse.Link
		requests int
	}{
		"no code":             {inconclusive()["a firewall's page, 403"], "accounts?$deltatoken=1", 8},
		"a code of a plug-in": {inconclusive()["a plug-in that aborted"], "accounts?$deltatoken=1", 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newService(t, good("{"+valueMember+"}"), c.response)
			client := s.client(many)
			_, _, err := read(t.Context(), client, c.link)
			require.NoError(t, err)
			_, _, err = read(t.Context(), client, c.link)
			var refused *dataverse.APIError
			require.ErrorAs(t, err, &refused)
			assert.Len(t, s.requests(), 1+c.requests)
		})
	}
}

func TestRefusalAboutTheRequestIsConclusive(t *testing.T) {
	for name, refused := range map[string]dataverse.APIError{
		"an expired token":              {Status: 400, Code: dataverse.CodeTokenExpired},
		"an expired token, by message":  {Status: 410, Message: "Version stamp associated with the client has expired. Please perform a full sync."},
		"a malformed token":             {Status: 400, Code: dataverse.CodeTokenMalformed},
		"a paging cookie":               {Status: 400, Code: dataverse.CodePageNumber},
		"the order of a cookie":         {Status: 400, Code: dataverse.CodePageOrder},
		"a column":                      {Status: 400, Code: dataverse.CodeURINotParsed, Message: "Could not find a property named 'x' on type 'y'."},
		"an entity set":                 {Status: 404, Code: dataverse.CodeURINotParsed, Message: "Resource not found for the segment 'x'."},
		"an entity set, by its message": {Status: 404, Code: "0x80040265", Message: "Resource not found for the segment 'x'."},
		"a row":                         {Status: 404, Code: dataverse.CodeNotFound},
		"change tracking that is off":   {Status: 400, Code: dataverse.CodeNotTracked},
		"a table without RetrieveMany":  {Status: 400, Code: dataverse.CodeNoRetrieve},
		"a table of a query":            {Status: 400, Code: "0x80041102"},
		"a privilege":                   {Status: 403, Code: dataverse.CodePrivilegeMissing},
		"a privilege, by its message":   {Status: 400, Code: "0x80048306", Message: "is missing prvReadAccount privilege"},
		"any code, 403":                 {Status: 403, Code: "0x80095ffe", Message: "IP address is blocked."},
		"a refused token":               {Status: 401},
		"a method":                      {Status: 405},
	} {
		t.Run(name, func(t *testing.T) {
			assert.False(t, refused.Inconclusive())
			assert.False(t, refused.Temporary())
		})
	}
}

func TestFailureOfAnotherStatusIsNotInconclusive(t *testing.T) {
	for name, refused := range map[string]dataverse.APIError{
		"an outage":      {Status: 503},
		"a gateway":      {Status: 502},
		"a limit":        {Status: 400, Code: dataverse.CodeThrottledTime},
		"an SQL timeout": {Status: 400, Code: "0x80044151"},
		"a deadlock":     {Status: 400, Code: "0x80044150"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.False(t, refused.Inconclusive())
			assert.True(t, refused.Temporary())
		})
	}
}

func TestEachPartOfARefusalIsReadOnItsOwn(t *testing.T) {
	const code, message = dataverse.CodeURINotParsed, "Could not find a property named 'a' on type 'b'."
	for name, example := range map[string]struct{ body, code, message string }{
		"the usual form":            {`{"error":{"code":"0x80060888","message":"` + message + `"}}`, code, message},
		"a byte order mark":         {"\ufeff" + `{"error":{"code":"0x80060888","message":"` + message + `"}}`, code, message},
		"capitals":                  {`{"error":{"code":"0X80060888","message":"no"}}`, code, "no"},
		"a message with a language": {`{"error":{"code":"0x80060888","message":{"lang":"en-US","value":"` + message + `"}}}`, code, message},
		"OData 3":                   {`{"odata.error":{"code":"0x80060888","message":{"lang":"en","value":"no"}}}`, code, "no"},
		"a signed number":           {`{"error":{"code":-2147088248,"message":"no"}}`, code, "no"},
		"an unsigned number":        {`{"error":{"code":"2147879048","message":"no"}}`, code, "no"},
		"a message of a number":     {`{"error":{"code":"0x80060888","message":5}}`, code, "Bad Request"},
		"a code of a list":          {`{"error":{"code":[],"message":"no"}}`, "", "no"},
		"a text for the error":      {`{"error":"no"}`, "", "no"},
		"ASP.NET":                   {`{"Message":"An error has occurred."}`, "", "An error has occurred."},
		"no error":                  {`{"value":[]}`, "", "Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(t.Context(), newService(t, refuse(http.StatusBadRequest, example.body)).client(), "accounts")
			var refused *dataverse.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, example.code, refused.Code)
			assert.Equal(t, example.message, refused.Message)
		})
	}
}
