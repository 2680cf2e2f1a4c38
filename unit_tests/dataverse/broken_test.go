package dataverse_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func many(o *dataverse.Options) { o.Attempts = 8 }

func TestMalformedResponsesAreRetriedAFewTimes(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"JSON that is none":    good(`{"value":[{"name":}]}`),
		"JSON that continues":  good(`{"value":[]}{}`),
		"no rows":              good(`{"@odata.context":"c"}`),
		"a row that is no row": good(`{"value":[1 2]}`),
		"a link of a number":   good(`{"value":[],"@odata.nextLink":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			_, _, err := read(t.Context(), s.client(many), "accounts")
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
			assert.Len(t, s.requests(), 3)
			assert.Contains(t, err.Error(), "gave up after 3 attempts")
		})
	}
}

func TestIncompleteResponsesAreRetriedUntilAllAttemptsFail(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"JSON that ends early": good(`{"value":[{"name":"a"}`),
		"gzip that is none":    zipped([]byte("x")),
		"a page of HTML":       refuse(http.StatusOK, "<html>", "Content-Type", "text/html"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			_, _, err := read(t.Context(), s.client(many), "accounts")
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
			assert.Len(t, s.requests(), 8)
		})
	}
}

func TestMalformedResponsesAmongOtherFailuresAreRetried(t *testing.T) {
	unreadable, down := good(`{"value":{}}`), refuse(http.StatusServiceUnavailable, "")
	s := newService(t, unreadable, down, down, unreadable, down, good("{"+valueMember+"}"))
	_, sink, err := read(t.Context(), s.client(many), "accounts")
	require.NoError(t, err)
	assert.Len(t, sink.values, 2)
}

func TestBrokenResponseErrorNamesThePlaceNotTheContent(t *testing.T) {
	for name, example := range map[string]struct{ body, reason string }{
		"a character that does not belong there": {`{"value":[{"name":"a"q}]}`, "its JSON is not valid at byte 21"},
		"an escape that is none":                 {`{"value":[{"name":"\q"}]}`, "its JSON is not valid at byte 19"},
		"a name that is no string":               {`{"value":[{7:"a"}]}`, "its JSON is not valid at byte 11"},
		"an early end":                           {`{"value":[{"name":"a"`, "its JSON ends early, at byte 21"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := read(t.Context(), newService(t, good(example.body)).client(), "accounts")
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
			assert.Equal(t, example.reason, broken.Reason)
			for _, content := range []string{"'q'", "\\q", "'7'", "name", "jsontext"} {
				assert.NotContains(t, err.Error(), content)
			}
		})
	}
}

func TestBrokenResponseErrorNamesTheByteOfALongPage(t *testing.T) {
	whole := `{"value":[` + strings.Repeat(`{"name":"a"},`, 1000)
	for name, example := range map[string]struct {
		body string
		at   int
	}{
		"not valid":      {whole + `{"name":q}]}`, len(whole) + len(`{"name":`)},
		"an early end":   {whole + `{"name":`, len(whole) + len(`{"name":`)},
		"behind its end": {whole + `{}]}}`, len(whole) + len(`{}]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			client := newService(t, good(example.body)).client(func(o *dataverse.Options) { o.Attempts = 1 })
			sink := &fastSink{}
			_, err := client.Page(t.Context(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000}, sink)
			assert.ErrorContains(t, err, fmt.Sprintf("at byte %d", example.at))
			assert.Positive(t, sink.fast)
		})
	}
}

func TestMisshapenDefinitionErrorNamesThePlaceNotTheContent(t *testing.T) {
	_, err := tables(t, newService(t, func(w http.ResponseWriter, r *http.Request) {
		list := "EntityMetadata"
		if r.URL.Path == "/api/data/v9.2/EntityDefinitions" {
			list = "value"
		}
		good(`{"`+list+`":[{"LogicalName":"account","ChangeTrackingEnabled":"perhaps"}]}`)(w, r)
	}).client(), "account")
	require.ErrorContains(t, err, `it is not of the documented shape at "/value/0/ChangeTrackingEnabled"`)
	assert.NotContains(t, err.Error(), "perhaps")
	assert.NotContains(t, err.Error(), "Go ")
}

func TestInvalidTextIsPassedThrough(t *testing.T) {
	for name, row := range map[string]string{
		"half a surrogate pair":    `{"name":"cut \ud83d"}`,
		"bytes that are not UTF-8": "{\"name\":\"cut \xff\"}",
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, good(`{"value":[`+row+`]}`))
			_, sink, err := read(t.Context(), s.client(), "accounts")
			require.NoError(t, err)
			assert.Equal(t, []string{row}, sink.values)
			assert.Len(t, s.requests(), 1)
		})
	}
}

func TestRequestErrorNamesOperationAndTable(t *testing.T) {
	s := newService(t, refuse(http.StatusNotFound, "<title>Not here</title>", "Content-Type", "text/html"))
	_, _, rows := read(t.Context(), s.client(), "accounts")
	_, who := s.client().WhoAmI(t.Context())
	_, names := s.client().TableNames(t.Context())
	for _, example := range []struct {
		err              error
		operation, table string
	}{
		{rows, "read a page of account", "account"},
		{who, "identify the application user", ""},
		{names, "list the tables of the environment", ""},
	} {
		var failed *dataverse.RequestError
		require.ErrorAs(t, example.err, &failed)
		assert.Equal(t, example.operation, failed.Operation)
		assert.Equal(t, example.table, failed.Table)
		assert.EqualError(t, failed, example.operation+": gave up after 3 attempts: the response has status 404: a web page with the title \"Not here\"")
	}
}

func TestAPageThatItsReaderRejectsIsRequestedAgain(t *testing.T) {
	rejected := errors.New("no link")
	cases := map[string]struct {
		rejects  int
		err      error
		requests int
	}{
		"once":   {1, nil, 2},
		"always": {10, rejected, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, pages := newService(t, good("{"+valueMember+"}")), 0
			sink := &rows{}
			_, err := s.client(many).Page(t.Context(), dataverse.PageRequest{
				Table: "account", Link: "accounts", Size: 10, Check: func(dataverse.Page) error {
					if pages++; pages <= c.rejects {
						return rejected
					}
					return nil
				},
			}, sink)
			require.ErrorIs(t, err, c.err)
			assert.Len(t, s.requests(), c.requests)
		})
	}
}
