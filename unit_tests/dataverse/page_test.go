package dataverse_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

const (
	contextMember = `"@odata.context":"HOST/api/data/v9.2/$metadata#accounts(name,fax)"`
	deltaMember   = `"@odata.deltaLink":"HOST/api/data/v9.2/accounts?$deltatoken=9%21"`
	nextMember    = `"@odata.nextLink":"HOST/api/data/v9.2/accounts?$skiptoken=x"`
	valueMember   = `"value":[{"name":"a"},{"name":"b"}]`
)

func TestPageMembersMayComeInAnyOrder(t *testing.T) {
	for name, body := range map[string]string{
		"the links before the rows": "{" + contextMember + "," + deltaMember + "," + nextMember + "," + valueMember + "}",
		"the rows first":            "{" + valueMember + "," + nextMember + "," + deltaMember + "," + contextMember + "}",
		"unknown members": `{"@Microsoft.Dynamics.CRM.totalrecordcount":-1,` + contextMember +
			`,"@x":{"value":[1],"@odata.nextLink":"n"},` + valueMember + "," + deltaMember + "," + nextMember + `,"y":null}`,
		"spaces and lines": "\n{ " + contextMember + " ,\r\n" + valueMember + ", " + deltaMember + ",\t" + nextMember + " }\n ",
	} {
		t.Run(name, func(t *testing.T) {
			page, sink, err := read(t.Context(), newService(t, good(body)).client(), "accounts")
			require.NoError(t, err)
			assert.Equal(t, []string{`{"name":"a"}`, `{"name":"b"}`}, sink.values)
			assert.Equal(t, dataverse.Link("accounts?$deltatoken=9%21"), page.Delta)
			assert.Equal(t, dataverse.Link("accounts?$skiptoken=x"), page.Next)
			assert.True(t, strings.HasSuffix(page.Context, "/api/data/v9.2/$metadata#accounts(name,fax)"), page.Context)
			assert.Equal(t, time.Date(2025, 11, 21, 10, 11, 12, 0, time.UTC), page.At)
			assert.Equal(t, []time.Time{page.At}, sink.attempts)
		})
	}
}

func TestPageMayBeEmptyOrWithoutLinks(t *testing.T) {
	for name, body := range map[string]string{
		"nothing but rows": `{"value":[]}`,
		"links of null":    `{"@odata.context":null,"@odata.nextLink":null,"@odata.deltaLink":null,"value":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			page, sink, err := read(t.Context(), newService(t, good(body)).client(), "accounts")
			require.NoError(t, err)
			assert.Empty(t, sink.values)
			assert.Empty(t, page.Next)
			assert.Empty(t, page.Delta)
			assert.Empty(t, page.Context)
			assert.Nil(t, page.Columns())
		})
	}
}

func TestContextNamesTheColumns(t *testing.T) {
	for context, columns := range map[string][]string{
		"https://x/api/data/v9.2/$metadata#accounts(name,telephone1,fax)/$delta": {"name", "telephone1", "fax"},
		"https://x/api/data/v9.2/$metadata#accounts(name)":                       {"name"},
		"https://x/api/data/v9.2/$metadata#accounts":                             nil,
		"https://x/a(b)/$metadata#accounts":                                      nil,
		"":                                                                       nil,
	} {
		assert.Equal(t, columns, dataverse.Page{Context: context}.Columns(), context)
	}
}

func TestMissingDateIsReplacedByOurClock(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":[]}`)
	})
	before := time.Now()
	page, _, err := read(t.Context(), s.client(), "accounts")
	require.NoError(t, err)
	assert.False(t, page.At.Before(before))
	assert.Equal(t, time.UTC, page.At.Location())
}

func TestPageIsUnpacked(t *testing.T) {
	body := `{"value":[{"name":"` + strings.Repeat("a", 100_000) + `"}]}`
	for name, response := range map[string]http.HandlerFunc{
		"gzip":     zipped(gzipOf(t, body)),
		"identity": good(body),
		"identity, named": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "identity")
			good(body)(w, r)
		},
		"gzip, in capitals":   func(w http.ResponseWriter, r *http.Request) { zippedAs("GZIP", gzipOf(t, body))(w, r) },
		"gzip in two members": zipped(append(gzipOf(t, body[:500]), gzipOf(t, body[500:])...)),
	} {
		t.Run(name, func(t *testing.T) {
			c := newService(t, response).client()
			for range 3 { // unpackers are used again
				_, sink, err := read(t.Context(), c, "accounts")
				require.NoError(t, err)
				require.Len(t, sink.values, 1)
				assert.Len(t, sink.values[0], len(body)-len(`{"value":[]}`))
			}
		})
	}
}

func zippedAs(coding string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(body)
	}
}

// spoilt returns responses that arrive with status 200 and are no whole page.
func spoilt(t *testing.T) map[string]http.HandlerFunc {
	t.Helper()
	const body = `{"@odata.context":"c","value":[{"name":"a"},{"name":"b"}]}`
	packed := gzipOf(t, body)
	checksum := append([]byte(nil), packed...)
	checksum[len(checksum)-8] ^= 0xff
	html := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html>Sign in to your account</html>")
	}
	return map[string]http.HandlerFunc{
		"a connection cut in the rows": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, body[:40])
		},
		"a connection cut after the end of the JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, body)
		},
		"JSON that ends early":            good(body[:len(body)-2]),
		"JSON that continues":             good(body + "{}"),
		"JSON that is none":               good(`{"value":[{"name":}]}`),
		"a wrong checksum":                zipped(checksum),
		"gzip that ends early":            zipped(packed[:len(packed)-9]),
		"gzip without its checksum":       zipped(packed[:len(packed)-8]),
		"gzip with something behind it":   zipped(append(append([]byte(nil), packed...), "more"...)),
		"no gzip at all":                  zipped([]byte(body)),
		"an empty body":                   good(""),
		"an empty body as gzip":           zipped(nil),
		"a coding that was not asked for": zippedAs("br", packed),
		"a page of HTML":                  html,
		"no value":                        good(`{"@odata.context":"c"}`),
		"a value of null":                 good(`{"value":null}`),
		"a value that is no list":         good(`{"value":{}}`),
		"a list":                          good(`[]`),
		"a link that is no string":        good(`{"value":[],"@odata.nextLink":1}`),
		"garbage":                         good("\x00\xff\x1f garbage"),
	}
}

func TestBrokenPageIsRequestedAgain(t *testing.T) {
	for name, response := range spoilt(t) {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response, good("{"+valueMember+"}"))
			_, sink, err := read(t.Context(), s.client(), "accounts")
			require.NoError(t, err)
			assert.Len(t, s.requests(), 2)
			assert.Equal(t, []string{`{"name":"a"}`, `{"name":"b"}`}, sink.values, "rows of the first attempt are void")
		})
	}
}

func TestPageCutOverHTTP2IsRequestedAgain(t *testing.T) {
	s := startService(t, true, func(w http.ResponseWriter, r *http.Request) {
		good(`{"value":[{"name":"old"},`)(w, r)
		_ = http.NewResponseController(w).Flush()
		cut(w, r)
	}, cut, good("{"+valueMember+"}"))
	_, sink, err := read(t.Context(), s.client(), "accounts")
	require.NoError(t, err)
	assert.Equal(t, []string{`{"name":"a"}`, `{"name":"b"}`}, sink.values)
	assert.Len(t, s.requests(), 3)
}

func TestPageThatStaysBrokenIsAnError(t *testing.T) {
	for name, response := range spoilt(t) {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			page, _, err := read(t.Context(), s.client(), "accounts")
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
			assert.Contains(t, err.Error(), "read a page of account: gave up after 3 attempts: the response is broken: it")
			assert.NotEmpty(t, broken.Reason)
			assert.Empty(t, page)
			assert.Len(t, s.requests(), 3)
		})
	}
}

func TestEachAttemptRestartsThePage(t *testing.T) {
	s := newService(t, good(`{"value":[{"name":"old"},`), good(`{"value":[{"name":"old"}],"@odata.nextLink":7}`), good("{"+valueMember+"}"))
	_, sink, err := read(t.Context(), s.client(), "accounts")
	require.NoError(t, err)
	assert.Len(t, sink.attempts, 3)
	assert.Equal(t, []string{`{"name":"a"}`, `{"name":"b"}`}, sink.values)
}

func TestSinkErrorEndsTheRequest(t *testing.T) {
	s := newService(t, good("{"+valueMember+"}"))
	cause := errors.New("no room")
	_, err := s.client().Page(t.Context(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: 1},
		&rows{fail: fmt.Errorf("%w: %w", dataverse.ErrSink, cause)})
	require.ErrorIs(t, err, cause)
	assert.Len(t, s.requests(), 1)
}

func TestWaitingSinkHoldsNoSlotAndNoConnection(t *testing.T) {
	s := newService(t, zipped(gzipOf(t, "{"+valueMember+"}")), good(emptyPage))
	c := s.client(func(o *dataverse.Options) { o.MaxConcurrent, o.AttemptTimeout = 1, 200*time.Millisecond })
	begun, room := make(chan struct{}), make(chan struct{})
	sink := &rows{begin: func() {
		close(begun)
		<-room
	}}
	first := make(chan error, 1)
	go func() {
		_, err := c.Page(t.Context(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000}, sink)
		first <- err
	}()
	<-begun
	_, _, err := read(t.Context(), c, "contacts")
	require.NoError(t, err, "another request has the only slot meanwhile")
	time.Sleep(300 * time.Millisecond) // longer than an attempt may take
	close(room)
	require.NoError(t, <-first)
	assert.Len(t, sink.values, 2)
	assert.Len(t, s.requests(), 2)
}

func TestManyPagesAreReadConcurrently(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/")
		zipped(gzipOf(t, `{"value":[`+strings.Repeat(`{"name":"`+name+`"},`, 500)+`{}]}`))(w, r)
	})
	c := s.client()
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for range 5 {
				_, sink, err := read(t.Context(), c, dataverse.Link(fmt.Sprintf("set%d", i)))
				assert.NoError(t, err)
				assert.Len(t, sink.values, 501)
				assert.Equal(t, fmt.Sprintf(`{"name":"set%d"}`, i), sink.values[499])
			}
		})
	}
	group.Wait()
}
