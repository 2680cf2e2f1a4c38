package record_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/record"
)

const benchmarkRows = 5000

// BenchmarkRow measures the way from a decoded body to RECORD lines on one core: scanning, checking and encoding.
func BenchmarkRow(b *testing.B) {
	page := widePage(benchmarkRows)
	e := wideEncoder(b)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		d := jsontext.NewDecoder(bytes.NewReader(page), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		if err := encodePage(e, d); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFastRow measures the same for rows as the service writes them, which need no decoder.
func BenchmarkFastRow(b *testing.B) {
	page := widePage(benchmarkRows)
	e := wideEncoder(b)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if fastPage(e, page) != benchmarkRows {
			b.Fatal("a row was left")
		}
	}
}

// BenchmarkLabels measures what labels add to rows with forty choice columns.
func BenchmarkLabels(b *testing.B) {
	for name, options := range map[string]catalog.Options{"without": {}, "with": {ChoiceLabels: true}} {
		b.Run(name, func(b *testing.B) {
			page := choicePage(benchmarkRows, 40)
			e := choiceEncoder(b, 40, options)
			b.SetBytes(int64(len(page)))
			b.ReportAllocs()
			for b.Loop() {
				if fastPage(e, page) != benchmarkRows {
					b.Fatal("a row was left")
				}
			}
		})
	}
}

// fastPage reads an array of rows by the fast path as one page and returns how many it has.
func fastPage(e *record.Encoder, page []byte) int {
	if e.Begin(context.Background(), pageTime()) != nil {
		return 0
	}
	for at := 0; at < len(page) && page[at] != ']'; {
		length := e.FastRow(page[at+1:])
		if length == 0 {
			break
		}
		at += 1 + length
	}
	records := e.Records()
	records.Release()
	return records.Count
}

// encodePage reads an array of rows as one page.
func encodePage(e *record.Encoder, d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if err := e.Begin(context.Background(), pageTime()); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if err := e.Row(d); err != nil {
			return err
		}
	}
	e.Records().Release()
	return nil
}
