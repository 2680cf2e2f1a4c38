package source_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnErrorWithoutACodeIsBlamedOnAProxy(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"HTML for a page that is not there": refuse(http.StatusNotFound, "<html>"),
		"nothing":                           refuse(http.StatusNotFound, ""),
		"a redirect":                        refuse(http.StatusFound, ""),
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.respond(api+"tagset", response)
			code, o := e.run(t, "read", process{catalog: configured("tag", "full_refresh")})
			assert.Equal(t, 1, code)
			require.Len(t, o.failures(), 2)
			failure := o.failures()[0].Trace.Error
			assert.Equal(t, "transient_error", failure.FailureType)
			assert.Contains(t, failure.Message, "The request to read a page of tag failed each time with status ")
			assert.NotContains(t, failure.Message, "url")
		})
	}
}

func TestTablesThatAreNotFoundAreBlamedOnTheURL(t *testing.T) {
	e := newEnvironment(t)
	e.respond(definitions, refuse(http.StatusNotFound, "<html>"))
	code, o := e.run(t, "check", process{})
	assertRefused(t, code, o, "The url does not lead to the Web API")
}

func TestAnInvalidPageIsExplainedWithItsTable(t *testing.T) {
	e := newEnvironment(t)
	e.respond(api+"tagset", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "0.001")
		good(`{"value":[{"tagid":"t1","name":"very private"oops}]}`)(w, r)
	})
	code, o := e.run(t, "read", process{catalog: configured("tag", "full_refresh")})
	assert.Equal(t, 1, code)
	require.Len(t, o.failures(), 2)
	failure := o.failures()[0].Trace.Error
	assert.Equal(t, "transient_error", failure.FailureType)
	assert.Contains(t, failure.Message, "its JSON is not valid at byte ")
	assert.Contains(t, failure.Message, "deselect the stream of table tag")
	assert.Contains(t, failure.Internal, "gave up after 3 attempts")
	assert.NotContains(t, o.text, "'o'")
	assert.NotContains(t, o.text, "very private")
}

func TestATooLongWaitIsExplainedWithItsLength(t *testing.T) {
	e := newEnvironment(t)
	e.respond(api+"tagset", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"error":{"code":"0x80072322","message":"limit"}}`))
	})
	code, o := e.run(t, "read", process{catalog: configured("tag", "full_refresh")})
	assert.Equal(t, 1, code)
	require.Len(t, o.failures(), 2)
	failure := o.failures()[0].Trace.Error
	assert.Equal(t, "transient_error", failure.FailureType)
	assert.Contains(t, failure.Message, "Dataverse asked the connector to wait 2h0m0s before the next request, but the connector waits at most 30m0s")
	assert.Equal(t, "transient_error", o.failures()[1].Trace.Error.FailureType)
	var warnings []string
	for _, m := range o.of("LOG") {
		if m.Log.Level == "WARN" {
			warnings = append(warnings, m.Log.Message)
		}
	}
	require.Len(t, warnings, 2)
	assert.Contains(t, warnings[1], "asks to wait 2h0m0s before the next request")
}
