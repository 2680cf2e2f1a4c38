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
	e, body := wideEncoder(t), bytes.NewReader(nil)
	d := jsontext.NewDecoder(body)
	for name, encode := range map[string]func(page []byte){
		"skimmed": func(page []byte) {
			require.Positive(t, skimPage(e, page))
		},
		"decoded": func(page []byte) {
			body.Reset(page)
			d.Reset(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
			require.NoError(t, encodePage(e, d))
		},
	} {
		t.Run(name, func(t *testing.T) {
			perPage := func(page []byte) float64 {
				encode(page) // buffers grow
				return testing.AllocsPerRun(5, func() { encode(page) })
			}
			many := perPage(widePage(1000))
			assert.InDelta(t, perPage(widePage(1)), many, 10, "a thousand rows cost what one does")
		})
	}
}
