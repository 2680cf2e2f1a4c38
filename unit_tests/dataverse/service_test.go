package dataverse_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"source-microsoft-dataverse/source/dataverse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a Web API that sends one prepared response after another over TLS, and the last one from then on.
type service struct {
	*httptest.Server
	transport *http.Transport // that trusts the service, as the connector makes it

	mu        sync.Mutex
	seen      []seen
	responses []http.HandlerFunc
}

// seen is a request as it came over the wire.
type seen struct {
	uri    string // byte for byte
	header http.Header
}

func newService(t testing.TB, responses ...http.HandlerFunc) *service {
	t.Helper()
	return startService(t, false, responses...)
}

func startService(t testing.TB, http2 bool, responses ...http.HandlerFunc) *service {
	t.Helper()
	s := &service{responses: responses}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	s.transport = &http.Transport{
		DisableCompression: true, // the client itself asks for gzip
		ForceAttemptHTTP2:  http2,
		TLSClientConfig:    &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(s.transport.CloseIdleConnections)
	return s
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	response := s.responses[min(len(s.seen), len(s.responses)-1)]
	s.seen = append(s.seen, seen{r.RequestURI, r.Header.Clone()})
	s.mu.Unlock()
	response(w, r)
}

func (s *service) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.seen...)
}

// client is one with waits too short to notice.
func (s *service) client(change ...func(*dataverse.Options)) *dataverse.Client {
	return s.clientOf(&tokens{}, change...)
}

func (s *service) clientOf(tokens dataverse.Tokens, change ...func(*dataverse.Options)) *dataverse.Client {
	return dataverse.New(s.URL, tokens, s.transport, options(change...))
}

func options(change ...func(*dataverse.Options)) dataverse.Options {
	o := dataverse.Options{Agent: "tester/1.0", Attempts: 3, WaitMin: time.Microsecond, WaitMax: time.Millisecond, Budget: 2 * time.Second}
	for _, c := range change {
		c(&o)
	}
	return o
}

// tokens returns "secret-token-1", and another one after each renewal.
type tokens struct {
	mu      sync.Mutex
	renewed int
	claims  []string
	asked   int
	err     error // of Token
	refuse  error // of Renew
}

func (k *tokens) Token(context.Context) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	return fmt.Sprintf("secret-token-%d", k.renewed+1), k.err
}

func (k *tokens) Renew(_ context.Context, refused, claims string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refuse != nil {
		return k.refuse
	}
	if refused == fmt.Sprintf("secret-token-%d", k.renewed+1) {
		k.renewed++
	}
	k.claims = append(k.claims, claims)
	return nil
}

// rows is a sink that keeps the rows of the last attempt.
type rows struct {
	attempts []time.Time
	values   []string
	fail     error
	each     func()
	begin    func()
}

func (r *rows) Begin(_ context.Context, at time.Time) error {
	if r.begin != nil {
		r.begin()
	}
	r.attempts = append(r.attempts, at)
	r.values = nil
	return nil
}

func (r *rows) Discard() { r.values = nil }

// FastRow leaves everything to Row.
func (r *rows) FastRow([]byte) int { return 0 }

func (r *rows) Row(d *jsontext.Decoder) error {
	if r.fail != nil {
		return r.fail
	}
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	r.values = append(r.values, string(value))
	if r.each != nil {
		r.each()
	}
	return nil
}

const date = "Fri, 21 Nov 2025 10:11:12 GMT"

// good responds with a body of JSON. HOST in it is replaced by the service's own origin, PLAIN by its host and port.
func good(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date)
		w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
		_, _ = strings.NewReplacer("HOST", "https://"+r.Host, "PLAIN", r.Host).WriteString(w, body)
	}
}

// zipped responds with bytes that claim to be gzip.
func zipped(body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	}
}

func gzipOf(t testing.TB, body string) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return packed.Bytes()
}

// refuse responds with a status and a body of JSON, and headers in pairs.
func refuse(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; odata.metadata=full")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const emptyPage = `{"@odata.context":"HOST/api/data/v9.2/$metadata#accounts(name)","value":[]}`

// read reads one page of accounts.
func read(ctx context.Context, c *dataverse.Client, link dataverse.Link) (dataverse.Page, *rows, error) {
	sink := &rows{}
	page, err := c.Page(ctx, dataverse.PageRequest{Table: "account", Link: link, Size: 5000}, sink)
	return page, sink, err
}

// logTo makes a client write its log, whole, to a buffer.
func logTo(buffer *bytes.Buffer) func(*dataverse.Options) {
	return func(o *dataverse.Options) {
		o.Log = slog.New(slog.NewTextHandler(buffer, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

// lines passes on the lines of a client's log as they are written.
type lines struct{ written chan string }

func (l *lines) Write(line []byte) (int, error) {
	select {
	case l.written <- string(line):
	default:
	}
	return len(line), nil
}

func (l *lines) option(o *dataverse.Options) { o.Log = slog.New(slog.NewTextHandler(l, nil)) }
