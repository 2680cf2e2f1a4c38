package dataverse_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func oneRow(longest int) dataverse.PageRequest {
	return dataverse.PageRequest{Table: "annotation", Link: "annotations", Size: 1, LongestText: longest}
}

func TestLongTextsOfAPageOfOneRowAreCut(t *testing.T) {
	const longest = 20
	for name, c := range map[string]struct{ sent, read string }{
		"a short text":                   {`"abc"`, `"abc"`},
		"the longest one":                {`"` + strings.Repeat("x", longest) + `"`, `"` + strings.Repeat("x", longest) + `"`},
		"a longer one":                   {`"` + strings.Repeat("x", 500) + `"`, `"` + strings.Repeat("x", longest+1) + `"`},
		"an escape is not cut in two":    {`"` + strings.Repeat("x", longest) + `\u0041zzz"`, `"` + strings.Repeat("x", longest) + `\u0041"`},
		"nor a short one":                {`"` + strings.Repeat("x", longest) + `\"zzz"`, `"` + strings.Repeat("x", longest) + `\""`},
		"an escape behind the cut":       {`"` + strings.Repeat("x", 30) + `\"\u0022\\"`, `"` + strings.Repeat("x", longest+1) + `"`},
		"texts in an object":             {`{"a":"` + strings.Repeat("x", 30) + `","b":[1,"y"]}`, `{"a":"` + strings.Repeat("x", longest+1) + `","b":[1,"y"]}`},
		"numbers are not cut":            {strings.Repeat("1", 30), strings.Repeat("1", 30)},
		"nor is a text after a long one": {`["` + strings.Repeat("x", 30) + `","` + strings.Repeat("y", 19) + `\\"]`, `["` + strings.Repeat("x", longest+1) + `","` + strings.Repeat("y", 19) + `\\"]`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, good(fmt.Sprintf(`{"value":[{"id":"n1","body":%s,"after":true}]}`, c.sent)))
			sink := &rows{}
			_, err := s.client().Page(t.Context(), oneRow(longest), sink)
			require.NoError(t, err)
			assert.Equal(t, []string{`{"id":"n1","body":` + c.read + `,"after":true}`}, sink.values)
		})
	}
	t.Run("but not those of a page of several rows", func(t *testing.T) {
		s, sink := newService(t, good(`{"value":[{"body":"`+strings.Repeat("x", 30)+`"}]}`)), &rows{}
		q := oneRow(longest)
		q.Size = 2
		_, err := s.client().Page(t.Context(), q, sink)
		require.NoError(t, err)
		assert.Equal(t, []string{`{"body":"` + strings.Repeat("x", 30) + `"}`}, sink.values)
	})
}

func TestARowOfAnySizeNeedsLittleMemory(t *testing.T) {
	const megabytes, longest = 192, 1 << 20
	for name, response := range map[string]http.HandlerFunc{
		"that compresses well": bomb(http.StatusOK, megabytes, `{"value":[{"id":"n1","body":"`, `","after":true}]}`),
		"that does not": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			stored, _ := gzip.NewWriterLevel(w, gzip.NoCompression)
			_, _ = io.WriteString(stored, `{"value":[{"id":"n1","body":"`)
			for range megabytes {
				_, _ = stored.Write([]byte(strings.Repeat("a", 1<<20)))
			}
			_, _ = io.WriteString(stored, `","after":true}]}`)
			_ = stored.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, sink := newService(t, response), &rows{}
			c := s.client(func(o *dataverse.Options) { o.MaxPageBytes, o.MaxResponseBytes = 8<<20, 16<<20 })
			highest := heapWhile(func() {
				_, err := c.Page(t.Context(), oneRow(longest), sink)
				require.NoError(t, err)
			})
			require.Len(t, sink.values, 1)
			assert.Len(t, sink.values[0], len(`{"id":"n1","body":"","after":true}`)+longest+1)
			assert.Less(t, highest, uint64(128<<20))
		})
	}
}

// heapWhile returns by how much the memory that Go has from the system grows while f runs.
func heapWhile(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Sys - before.Sys
}

func TestALongRowThatIsCutOffIsRequestedAgain(t *testing.T) {
	whole := `{"value":[{"id":"n1","body":"` + strings.Repeat("abcdefgh", 1<<20) + `"}]}`
	short := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
		_, _ = io.WriteString(w, whole[:6<<20])
	}
	s, sink := newService(t, short, good(whole)), &rows{}
	_, err := s.client().Page(t.Context(), oneRow(1<<10), sink)
	require.NoError(t, err)
	assert.Len(t, sink.values, 1, "the rows of the first attempt are dropped")
	assert.Len(t, s.requests(), 2)
}
