package dataverse_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func contract() dataverse.ContentRequest {
	return dataverse.ContentRequest{Table: "account", EntitySet: "accounts", Key: "a1", Column: "contract", Most: 6 << 20}
}

// part responds with some bytes of a file and the size of the whole.
func part(data []byte, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("x-ms-file-size", fmt.Sprint(size))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(data)
	}
}

// file responds with a whole file.
func file(media string, data []byte, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		_, _ = w.Write(data)
	}
}

func TestAContentIsReadInParts(t *testing.T) {
	const chunk = 4 << 20
	long := bytes.Repeat([]byte("0123456789abcdef"), 5<<20/16)
	for name, c := range map[string]struct {
		responses []http.HandlerFunc
		want      []byte
		ranges    []string
	}{
		"a short one": {[]http.HandlerFunc{part([]byte("abc"), 3)}, []byte("abc"), []string{"bytes=0-4194303"}},
		"a long one": {
			[]http.HandlerFunc{part(long[:chunk], len(long)), part(long[chunk:], len(long))}, long,
			[]string{"bytes=0-4194303", "bytes=4194304-8388607"},
		},
		"by a service that sends no parts": {[]http.HandlerFunc{file("image/png", long)}, long, []string{"bytes=0-4194303"}},
		"as a whole if it has no parts": {
			[]http.HandlerFunc{refuse(http.StatusBadRequest, `{"error":{"code":"0x80090017","message":"no"}}`), file("application/octet-stream", long)}, long,
			[]string{"bytes=0-4194303", ""},
		},
		"an empty one":          {[]http.HandlerFunc{refuse(http.StatusRequestedRangeNotSatisfiable, `{"error":{"code":"0x80048d19","message":"no"}}`)}, []byte{}, []string{"bytes=0-4194303"}},
		"none":                  {[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }}, nil, []string{"bytes=0-4194303"}},
		"one that is a page":    {[]http.HandlerFunc{file("text/html", []byte("<html>"), "x-ms-file-name", "a.html")}, []byte("<html>"), []string{"bytes=0-4194303"}},
		"again if it was short": {[]http.HandlerFunc{file("application/pdf", []byte("ab"), "x-ms-file-size", "3"), part([]byte("abc"), 3)}, []byte("abc"), []string{"bytes=0-4194303", "bytes=0-4194303"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, c.responses...)
			got, err := s.client().Content(t.Context(), contract())
			require.NoError(t, err)
			assert.True(t, bytes.Equal(c.want, got), "%d bytes", len(got))
			assert.Equal(t, c.want == nil, got == nil)
			var ranges []string
			for _, r := range s.requests() {
				ranges = append(ranges, r.header.Get("Range"))
				assert.Equal(t, "/api/data/v9.2/accounts(a1)/contract/$value", r.uri)
				assert.Equal(t, "identity", r.header.Get("Accept-Encoding"), "ranges are of the bytes that are sent")
			}
			assert.Equal(t, c.ranges, ranges)
		})
	}
}

func TestAnImageIsReadAtFullSize(t *testing.T) {
	s := newService(t, part([]byte("abc"), 3))
	q := contract()
	q.FullSize = true
	_, err := s.client().Content(t.Context(), q)
	require.NoError(t, err)
	assert.Equal(t, "/api/data/v9.2/accounts(a1)/contract/$value?size=full", s.requests()[0].uri)
}

func TestAContentThatIsTooLargeIsNotDownloaded(t *testing.T) {
	for name, response := range map[string]http.HandlerFunc{
		"if its first part has its size": part(make([]byte, 4<<20), 7<<20),
		"if it comes as a whole":         file("application/pdf", make([]byte, 7<<20)),
		"if it has no end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, response)
			_, err := s.client().Content(t.Context(), contract())
			var large *dataverse.ResponseTooLargeError
			require.ErrorAs(t, err, &large)
			assert.Len(t, s.requests(), 1)
		})
	}
}

func TestNoWebPageIsTakenForAContent(t *testing.T) {
	s := newService(t, file("text/html; charset=utf-8", []byte("<html><title>Sign in</title></html>")))
	_, err := s.client().Content(t.Context(), contract())
	var broken *dataverse.BrokenResponseError
	require.ErrorAs(t, err, &broken)
	assert.Contains(t, err.Error(), "read contract of a row of account")
}

func TestAFileThatIsReplacedBetweenItsPartsIsNotMixed(t *testing.T) {
	s := newService(t, part(make([]byte, 4<<20), 5<<20), part(make([]byte, 1<<20), 6<<20))
	_, err := s.client().Content(t.Context(), contract())
	require.Error(t, err)
}

func TestSizesOfFilesAreFoundByTheirIDs(t *testing.T) {
	s := newService(t, good(`{"value":[{"fileattachmentid":"F1","filesizeinbytes":7},{"fileattachmentid":"f2","filesizeinbytes":null}]}`), good(`{"value":[]}`))
	ids := []string{"f1", "f2"}
	for i := range 100 {
		ids = append(ids, fmt.Sprintf("x%d", i))
	}
	got, err := s.client().FileSizes(t.Context(), ids)
	require.NoError(t, err)
	assert.Equal(t, map[string]int64{"f1": 7}, got)
	require.Len(t, s.requests(), 2)
	assert.Contains(t, s.requests()[0].uri, "&$filter=fileattachmentid%20eq%20f1%20or%20fileattachmentid%20eq%20f2%20or%20")
}
