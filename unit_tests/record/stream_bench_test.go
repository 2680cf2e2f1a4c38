package record_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// BenchmarkStream measures a page's way through the connector: its body in memory, unpacked, scanned, encoded and
// written to nowhere. BenchmarkGunzip is what the same bytes cost Go's own unpacker alone.
func BenchmarkStream(b *testing.B) {
	body := responseOf(widePage(benchmarkRows))
	client := dataverse.New("https://contoso.example", noTokens{}, serving(packed(b, body)), dataverse.Options{})
	e := wideEncoder(b)
	tracker := protocol.NewWriter(io.Discard).Tracker()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := client.Page(context.Background(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: benchmarkRows}, e)
		require.NoError(b, err)
		err = e.Records().Write(func(records protocol.Records) error { return tracker.Record(records, "account", "") })
		require.NoError(b, err)
	}
}

// BenchmarkPage measures a page's way to its rows, which are passed over.
func BenchmarkPage(b *testing.B) {
	body := responseOf(widePage(benchmarkRows))
	client := dataverse.New("https://contoso.example", noTokens{}, serving(packed(b, body)), dataverse.Options{})
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := client.Page(context.Background(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: benchmarkRows}, passedOver{})
		require.NoError(b, err)
	}
}

// BenchmarkGunzip measures compress/gzip on the page of BenchmarkStream.
func BenchmarkGunzip(b *testing.B) {
	body := responseOf(widePage(benchmarkRows))
	zipped := packed(b, body)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		r, err := gzip.NewReader(bytes.NewReader(zipped))
		require.NoError(b, err)
		n, err := io.Copy(io.Discard, r)
		require.NoError(b, err)
		require.EqualValues(b, len(body), n)
	}
}

// responseOf is the response that holds an array of rows.
func responseOf(rows []byte) []byte {
	return append(append([]byte(`{"@odata.context":"https://contoso.example/api/data/v9.2/$metadata#accounts","value":`), rows...), '}')
}

func packed(tb testing.TB, body []byte) []byte {
	tb.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write(body)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return zipped.Bytes()
}

// serving is a service with one response in memory, packed.
type serving []byte

// RoundTrip returns the response.
func (s serving) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json; odata.metadata=minimal"}, "Content-Encoding": {"gzip"}}
	return &http.Response{
		StatusCode: http.StatusOK, Header: header, Request: r,
		Body: io.NopCloser(bytes.NewReader(s)), ContentLength: int64(len(s)),
	}, nil
}

// noTokens is a sign-in that always returns the same token.
type noTokens struct{}

func (noTokens) Token(context.Context) (string, error)       { return "token", nil }
func (noTokens) Renew(context.Context, string, string) error { return nil }

// passedOver is a sink that looks at no row.
type passedOver struct{}

func (passedOver) Begin(context.Context, time.Time) error { return nil }
func (passedOver) Discard()                               {}
func (passedOver) FastRow(text []byte) int                { return bytes.IndexByte(text, '}') + 1 } // rows of widePage have no other
func (passedOver) Row(d *jsontext.Decoder) error          { return d.SkipValue() }
