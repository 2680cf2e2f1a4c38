package dataverse_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// bomb responds with a small body that unpacks to many megabytes of one JSON text.
func bomb(status, megabytes int, before, after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, before)
		text := bytes.Repeat([]byte{'a'}, 1<<20)
		for range megabytes {
			_, _ = packed.Write(text)
		}
		_, _ = io.WriteString(packed, after)
		_ = packed.Close()
	}
}

func TestEveryResponseIsBoundedWhereItIsUnpacked(t *testing.T) {
	for name, fact := range facts() {
		t.Run(name, func(t *testing.T) {
			s := newService(t, bomb(http.StatusOK, 48, `{"x":"`, `"}`))
			c := s.client(func(o *dataverse.Options) { o.MaxPageBytes, o.MaxResponseBytes = 32<<20, 32<<20 })
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := fact.ask(t.Context(), c)
			runtime.ReadMemStats(&after)
			require.Error(t, err)
			assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/uint64(len(s.requests())), uint64(200<<20), "bytes allocated for a response")
		})
	}
}

func TestFactsHaveASmallBoundOfTheirOwn(t *testing.T) {
	s := newService(t, bomb(http.StatusOK, 17, `{"x":"`, `"}`))
	_, err := s.client().WhoAmI(t.Context())
	var large *dataverse.ResponseTooLargeError
	require.ErrorAs(t, err, &large)
	assert.Equal(t, int64(16<<20), large.Bytes)
	assert.Len(t, s.requests(), 1, "the next response would be as large")
}

func TestRefusalIsBoundedWhereItIsUnpacked(t *testing.T) {
	var before, after runtime.MemStats
	s := newService(t, bomb(http.StatusBadRequest, 512, `{"error":{"message":"`, `"}}`))
	runtime.ReadMemStats(&before)
	_, err := s.client().WhoAmI(t.Context())
	runtime.ReadMemStats(&after)
	var refused *dataverse.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "Bad Request", refused.Message)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
}

func TestPageOfExactlyTheBoundIsRead(t *testing.T) {
	const size = 100_000
	s := newService(t, zipped(gzipOf(t, longPage(size))))
	for bound, fits := range map[int64]bool{size: true, size - 1: false} {
		_, err := s.client(func(o *dataverse.Options) { o.MaxPageBytes = bound }).Page(t.Context(), largePage(5000), &rows{})
		assert.Equal(t, fits, err == nil, bound)
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"as it is": good("\ufeff{" + valueMember + "}"), "compressed": zipped(gzipOf(t, "\ufeff{"+valueMember+"}")),
	} {
		t.Run(name, func(t *testing.T) {
			_, sink, err := read(t.Context(), newService(t, response).client(), "accounts")
			require.NoError(t, err)
			assert.Len(t, sink.values, 2)
		})
	}
	who, err := newService(t, good("\ufeff"+`{"UserId":"u","OrganizationId":"o"}`)).client().WhoAmI(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "u", who.UserID)
}

func TestMediaTypeOfAResponse(t *testing.T) {
	for media, isJSON := range map[string]bool{
		"application/json": true, "Application/JSON; odata.metadata=minimal": true, "application/json;odata.metadata=minimal;;": true, "text/json": true,
		"text/html": false, "application/jsonp": false, "": false, "application/xml; x=application/json": false,
	} {
		t.Run(media, func(t *testing.T) {
			s := newService(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{media}
				_, _ = io.WriteString(w, "{"+valueMember+"}")
			})
			_, _, err := read(t.Context(), s.client(), "accounts")
			assert.Equal(t, isJSON, err == nil, err)
		})
	}
}

func TestContentCodingOfAResponse(t *testing.T) {
	for _, coding := range []string{"gzip", "GZIP", " gzip", "x-gzip"} {
		t.Run(coding, func(t *testing.T) {
			_, sink, err := read(t.Context(), newService(t, zippedAs(coding, gzipOf(t, "{"+valueMember+"}"))).client(), "accounts")
			require.NoError(t, err)
			assert.Len(t, sink.values, 2)
		})
	}
}
