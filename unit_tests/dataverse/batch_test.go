package dataverse_test

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// behindAProxy refuses urls of more than 2,048 bytes, in its own way, and passes on all others and what batches hold.
func behindAProxy(t *testing.T, refusal, api http.HandlerFunc) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/data/v9.2/$batch":
			serveBatch(t, w, r, api)
		case len(r.RequestURI) > 2048:
			refusal(w, r)
		default:
			api(w, r)
		}
	}
}

// serveBatch executes the one GET of a batch.
func serveBatch(t *testing.T, w http.ResponseWriter, r *http.Request, api http.HandlerFunc) {
	t.Helper()
	assert.Equal(t, http.MethodPost, r.Method)
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	assert.NoError(t, err)
	part, err := multipart.NewReader(r.Body, parameters["boundary"]).NextRawPart()
	if !assert.NoError(t, err) {
		return
	}
	assert.Equal(t, "application/http", part.Header.Get("Content-Type"))
	inner, err := http.ReadRequest(bufio.NewReader(part))
	if !assert.NoError(t, err) {
		return
	}
	inner.Host = r.Host
	recorder := httptest.NewRecorder()
	api(recorder, inner)
	response := recorder.Result()
	response.ContentLength = -1
	var body bytes.Buffer
	body.WriteString("--batchresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n")
	body.WriteString("HTTP/1.1 " + response.Status + "\r\n")
	_ = response.Header.Write(&body)
	body.WriteString("\r\n" + recorder.Body.String() + "\r\n--batchresponse_1--\r\n")
	w.Header().Set("Date", date)
	w.Header().Set("Content-Type", "multipart/mixed; boundary=batchresponse_1")
	_, _ = w.Write(body.Bytes())
}

// longLink has a url of some 4,000 bytes.
func longLink() dataverse.Link {
	return dataverse.Link("accounts?$select=" + strings.Repeat("contoso_column,", 260) + "name&$deltatoken=9%21")
}

// refusals returns how proxies and web servers refuse a url that is too long.
func refusals() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"URI Too Long":                    refuse(http.StatusRequestURITooLong, "<html>", "Content-Type", "text/html"),
		"Request Header Fields Too Large": refuse(http.StatusRequestHeaderFieldsTooLarge, ""),
		"IIS's 404.15":                    refuse(http.StatusNotFound, "<h2>404.15 - Not Found</h2>", "Content-Type", "text/html"),
		"http.sys's 400":                  refuse(http.StatusBadRequest, "<h2>Bad Request - Invalid URL</h2>", "Content-Type", "text/html"),
	}
}

func TestURLThatIsTooLongIsSentInABatch(t *testing.T) {
	for name, refusal := range refusals() {
		t.Run(name, func(t *testing.T) {
			var inner []*http.Request
			s := newService(t, behindAProxy(t, refusal, func(w http.ResponseWriter, r *http.Request) {
				inner = append(inner, r)
				good("{"+valueMember+","+nextMember+"}")(w, r)
			}))
			c := s.client()
			for range 2 {
				page, err := c.Page(t.Context(), dataverse.PageRequest{Table: "account", Link: longLink(), Size: 500, TrackChanges: true}, &rows{})
				require.NoError(t, err)
				assert.Equal(t, dataverse.Link("accounts?$skiptoken=x"), page.Next)
				assert.Equal(t, 2025, page.At.Year())
			}
			require.Len(t, inner, 2)
			assert.Equal(t, "/api/data/v9.2/"+string(longLink()), inner[0].RequestURI)
			assert.Equal(t, "odata.track-changes,odata.maxpagesize=500", inner[0].Header.Get("Prefer"))
			assert.Empty(t, inner[0].Header.Get("Authorization"), "the batch is signed, and not what it holds")

			before := len(s.requests())
			_, _, err := read(t.Context(), c, longLink())
			require.NoError(t, err)
			assert.Len(t, s.requests(), before+1, "the url is not tried again")
			_, _, err = read(t.Context(), c, "accounts?$select=name")
			require.NoError(t, err)
			all := s.requests()
			assert.Equal(t, "/api/data/v9.2/accounts?$select=name", all[len(all)-1].uri, "a short url is sent as it is")
		})
	}
}

func TestRefusalInsideABatchIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		api      http.HandlerFunc
		code     string
		attempts int
	}{
		"for good":           {refuse(http.StatusBadRequest, `{"error":{"code":"0x80044352","message":"expired: 9%21 9!"}}`), dataverse.CodeTokenExpired, 1},
		"for the time being": {refuse(http.StatusInternalServerError, `{"error":{"code":"0x80044150","message":"no"}}`), "0x80044150", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, behindAProxy(t, refuse(http.StatusRequestURITooLong, ""), c.api))
			_, _, err := read(t.Context(), s.client(), longLink())
			assert.True(t, dataverse.HasCode(err, c.code), err)
			assert.Len(t, s.requests(), 1+c.attempts)
		})
	}
}

func TestURLThatIsTooLongStaysAnErrorWithoutBatches(t *testing.T) {
	for name, refusal := range refusals() {
		t.Run(name, func(t *testing.T) {
			s := newService(t, refusal)
			_, _, err := read(t.Context(), s.client(), longLink())
			var refused *dataverse.APIError
			require.ErrorAs(t, err, &refused)
			assert.Empty(t, refused.Code)
			assert.Equal(t, name == "URI Too Long" || name == "Request Header Fields Too Large", dataverse.URLTooLong(err))
		})
	}
}

func TestShortURLIsNeverSentInABatch(t *testing.T) {
	s := newService(t, refuse(http.StatusBadRequest, "<html>", "Content-Type", "text/html"))
	_, _, err := read(t.Context(), s.client(), "accounts")
	require.Error(t, err)
	for _, request := range s.requests() {
		assert.NotContains(t, request.uri, "$batch")
	}
}

func TestTokenRefusedForABatchIsReplaced(t *testing.T) {
	calls := 0
	s := newService(t, behindAProxy(t, refuse(http.StatusRequestURITooLong, ""), good("{"+valueMember+"}")))
	inner := s.responses[0]
	s.responses[0] = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "$batch") {
			if calls++; calls == 1 {
				_, _ = io.Copy(io.Discard, r.Body)
				refuse(http.StatusUnauthorized, "")(w, r)
				return
			}
		}
		inner(w, r)
	}
	_, sink, err := read(t.Context(), s.client(), longLink())
	require.NoError(t, err)
	assert.Len(t, sink.values, 2)
}

func TestBrokenBatchIsRequestedAgain(t *testing.T) {
	const whole = "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{" + valueMember + "}\r\n--b--\r\n"
	for name, body := range map[string]string{
		"cut in the rows":        whole[:len(whole)-20],
		"cut before its end":     whole[:len(whole)-9],
		"no part":                "--b--\r\n",
		"no response in it":      "--b\r\n\r\nhello\r\n--b--\r\n",
		"another part behind it": whole[:len(whole)-4] + "\r\n\r\nx\r\n--b--\r\n",
		"nothing":                "",
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			s := newService(t, func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "$batch") {
					refuse(http.StatusRequestURITooLong, "")(w, r)
					return
				}
				w.Header().Set("Content-Type", "multipart/mixed; boundary=b")
				if calls++; calls == 1 {
					_, _ = io.WriteString(w, body)
					return
				}
				_, _ = io.WriteString(w, whole)
			})
			_, sink, err := read(t.Context(), s.client(), longLink())
			require.NoError(t, err)
			assert.Equal(t, 2, calls)
			assert.Len(t, sink.values, 2)
		})
	}
}

func TestBatchThatProvesNothingIsNotRemembered(t *testing.T) {
	page := refuse(http.StatusForbidden, "<html>Access denied</html>", "Content-Type", "text/html")
	for name, batch := range map[string]http.HandlerFunc{
		"a sign-in page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>Sign in</html>")
		},
		"the same refusal inside": func(w http.ResponseWriter, r *http.Request) { serveBatch(t, w, r, page) },
	} {
		t.Run(name, func(t *testing.T) {
			refused := true
			s := newService(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case !refused:
					good("{"+valueMember+"}")(w, r)
				case strings.HasSuffix(r.URL.Path, "$batch"):
					batch(w, r)
				default:
					page(w, r)
				}
			})
			c := s.client(many)
			_, _, err := read(t.Context(), c, longLink())
			var api *dataverse.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, http.StatusForbidden, api.Status)

			refused = false
			_, sink, err := read(t.Context(), c, longLink())
			require.NoError(t, err)
			assert.Len(t, sink.values, 2)
			all := s.requests()
			assert.NotContains(t, all[len(all)-1].uri, "$batch")
		})
	}
}
