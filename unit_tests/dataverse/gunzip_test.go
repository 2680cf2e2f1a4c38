package dataverse_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// longPage is a page of exactly so many bytes, in rows that all differ.
func longPage(size int) string {
	var page strings.Builder
	page.WriteString(`{"value":[{"name":"first"}`)
	for i := 0; page.Len() < size-1000; i++ {
		fmt.Fprintf(&page, `,{"name":"%d %s"}`, i, strings.Repeat("x", i%500))
	}
	page.WriteString(`,{"name":"`)
	page.WriteString(strings.Repeat("y", size-page.Len()-len(`"}]}`)) + `"}]}`)
	return page.String()
}

func TestLongResponseIsUnpackedByteForByte(t *testing.T) {
	const block = 128 << 10
	for _, size := range []int{2000, block - 1, block, block + 1, 2 * block, 3*block - 7, 4 * block, 20*block + 5} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			body := longPage(size)
			require.Len(t, body, size)
			c := newService(t, zipped(gzipOf(t, body))).client()
			for range 2 { // unpackers are used again
				_, sink, err := read(t.Context(), c, "accounts")
				require.NoError(t, err)
				assert.True(t, body == `{"value":[`+strings.Join(sink.values, ",")+`]}`, "every byte is there")
			}
		})
	}
}

func TestDamageInsideLongResponseIsFound(t *testing.T) {
	packed := gzipOf(t, longPage(2<<20))
	checksum := bytes.Clone(packed)
	checksum[len(checksum)-8] ^= 0xff
	for name, spoilt := range map[string][]byte{
		"a wrong checksum":         checksum,
		"an end in the middle":     packed[:len(packed)/2],
		"no checksum":              packed[:len(packed)-8],
		"an end before the length": packed[:len(packed)-3],
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, zipped(spoilt), good(`{"value":[{"name":"a"}]}`))
			sink := &fastSink{}
			c := s.client(func(o *dataverse.Options) { o.Budget = time.Minute })
			_, err := c.Page(t.Context(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000}, sink)
			require.NoError(t, err)
			assert.Len(t, s.requests(), 2)
			assert.Equal(t, []string{`{"name":"a"}`}, sink.values)
			assert.Positive(t, sink.fast, "of the spoilt page")
		})
	}
}

// The goroutine that decompresses must end with its reader: goleak checks that at the end of all tests.
func TestLongResponseMayBeClosedBeforeItsEnd(t *testing.T) {
	s := newService(t, zipped(gzipOf(t, longPage(2<<20))))
	c := s.client()
	full := fmt.Errorf("%w: the disk is full", dataverse.ErrSink)
	for _, after := range []int{0, 1, 700, 3000} {
		sink := &rows{}
		sink.each = func() {
			if len(sink.values) > after {
				sink.fail = full
			}
		}
		_, err := c.Page(t.Context(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000}, sink)
		require.True(t, errors.Is(err, full), "%v", err)
	}
	_, sink, err := read(t.Context(), c, "accounts")
	require.NoError(t, err, "the next response starts from its own beginning")
	assert.Equal(t, `{"name":"first"}`, sink.values[0])
}

func TestLongResponsesAreUnpackedConcurrently(t *testing.T) {
	body := longPage(1 << 20)
	c := newService(t, zipped(gzipOf(t, body))).client()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 3 {
				_, sink, err := read(t.Context(), c, "accounts")
				assert.NoError(t, err)
				assert.True(t, body == `{"value":[`+strings.Join(sink.values, ",")+`]}`)
			}
		})
	}
	wg.Wait()
}
