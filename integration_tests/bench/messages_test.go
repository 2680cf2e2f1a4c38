package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMessagesAreCountedInChunksOfAnySize(t *testing.T) {
	output := strings.Join([]string{
		`{"type":"LOG","log":{"level":"INFO","message":"begin"}}`,
		`{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a"},"status":"STARTED"}}}`,
		`{"type":"RECORD","record":{"stream":"a","data":{"x":"{\"type\":\"STATE\"}"}}}`,
		`{"record":{"stream":"a","data":{}},"type":"RECORD"}`,
		`{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"at":1}},"sourceStats":{"recordCount":1.0}}}`,
		`{"type":"RECORD","record":{"stream":"a","data":{}}}`,
		`{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"at":2}},"sourceStats":{"recordCount":2.0}}}`,
		`{"type":"TRACE","trace":{"type":"ERROR","error":{"message":"no","internal_message":"why"}}}`,
		`{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a"},"status":"COMPLETE"}}}`,
	}, "\n") + "\n"
	for size := 1; size <= len(output); size++ {
		m := &messages{}
		for rest := output; rest != ""; {
			n, err := m.Write([]byte(rest[:min(size, len(rest))]))
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.EqualValues(t, 3, m.Records, "pieces of %d bytes", size)
		require.EqualValues(t, len(output), m.Bytes)
		require.InDelta(t, 3, m.Covered, 0)
		require.JSONEq(t, `{"type":"STREAM","stream":{"stream_descriptor":{"name":"a"},"stream_state":{"at":2}},"sourceStats":{"recordCount":2.0}}`, string(m.States["a"]))
		require.Equal(t, map[string]bool{"a": true}, m.Complete)
		require.Equal(t, []string{"no (why)"}, m.Errors)
	}
}

func TestALineThatIsNotAMessageIsAnError(t *testing.T) {
	m := &messages{}
	_, err := m.Write([]byte("panic: all is lost\n"))
	require.ErrorContains(t, err, "all is lost")
}

func TestTheMedianIsTheValueInTheMiddle(t *testing.T) {
	itself := func(f float64) float64 { return f }
	assert.InDelta(t, 2, median([]float64{3, 1, 2}, itself), 0)
	assert.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}, itself), 0)
}

func TestNumbersAreGroupedByThousands(t *testing.T) {
	assert.Equal(t, "999", grouped(999))
	assert.Equal(t, "1,000", grouped(1000))
	assert.Equal(t, "10,000,000", grouped(10_000_000))
}

func TestAnOutputWithoutACatalogIsAnError(t *testing.T) {
	err := eachStream(strings.NewReader(`{"type":"LOG","log":{"level":"INFO","message":"streams"}}`), func(int) error { return nil })
	require.Error(t, err)
}
