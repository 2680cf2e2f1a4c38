//go:build !race

package record_test

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/record"
)

// The race detector allocates on its own account, so the test is not built with it.

func TestAWarmEncoderAllocatesNothingPerRow(t *testing.T) { allocatesNothing(t, wideEncoder(t)) }

func TestLabelsAllocateNothingPerRow(t *testing.T) {
	allocatesNothing(t, choiceEncoder(t, wideChoices, catalog.Options{ChoiceLabels: true}))
}

func allocatesNothing(t *testing.T, e *record.Encoder) {
	t.Helper()
	body := bytes.NewReader(nil)
	d := jsontext.NewDecoder(body)
	for name, encode := range map[string]func(page []byte, rows int){
		"fast": func(page []byte, rows int) {
			require.Equal(t, rows, fastPage(e, page))
		},
		"decoded": func(page []byte, _ int) {
			body.Reset(page)
			d.Reset(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
			require.NoError(t, encodePage(e, d))
		},
	} {
		t.Run(name, func(t *testing.T) {
			perPage := func(rows int) float64 {
				page := widePage(rows)
				encode(page, rows) // buffers grow
				return testing.AllocsPerRun(5, func() { encode(page, rows) })
			}
			many := perPage(1000)
			assert.InDelta(t, perPage(1), many, 10, "a thousand rows cost what one does")
		})
	}
}
