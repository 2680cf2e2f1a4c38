//go:build !race

package record_test

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The race detector allocates on its own account, so the test is not built with it.

func TestAWarmEncoderAllocatesNothingPerRow(t *testing.T) {
	e := wideEncoder(t)
	perPage := func(page []byte) float64 {
		body := bytes.NewReader(page)
		d := jsontext.NewDecoder(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		encode := func() {
			body.Reset(page)
			d.Reset(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
			require.NoError(t, encodePage(e, d))
		}
		encode() // buffers grow
		return testing.AllocsPerRun(5, encode)
	}
	many := perPage(widePage(1000))
	assert.InDelta(t, perPage(widePage(1)), many, 10, "a thousand rows cost what one does")
}
