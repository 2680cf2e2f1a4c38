package source

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests are in the package because its exported functions take minutes to reach these limits. Here synctest
// advances the clock.

func TestASilentConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		listener := &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
		require.NoError(t, server.Listener.Close())
		server.Listener = listener
		server.EnableHTTP2 = true
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()

		transport, err := newTransport(variables(map[string]string{caFileVariable: authorityOf(t, server)}))
		require.NoError(t, err)
		transport.ResponseHeaderTimeout = 0
		defer transport.CloseIdleConnections()
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			client, remote := net.Pipe()
			listener.connections <- remote
			return &droppingConn{Conn: client, from: time.Now().Add(10 * time.Second)}, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", nil)
		require.NoError(t, err)
		start := time.Now()
		response, err := transport.RoundTrip(req)
		if err == nil {
			_ = response.Body.Close()
		}
		require.Error(t, err)
		assert.Less(t, time.Since(start), time.Minute)
	})
}

func TestADialHasATimeoutOfItsOwn(t *testing.T) {
	transport, err := newTransport(variables(nil))
	require.NoError(t, err)
	assert.NotNil(t, transport.DialContext, "without a dialer the operating system's timeout of minutes counts")
}

func variables(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func authorityOf(t *testing.T, server *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, certificate, 0o600))
	return file
}

// droppingConn is a connection that drops all that is written after a time.
type droppingConn struct {
	net.Conn
	from time.Time
}

func (d *droppingConn) Write(p []byte) (int, error) {
	if time.Now().Before(d.from) {
		return d.Conn.Write(p)
	}
	return len(p), nil
}

// pipeListener accepts the remote ends of pipes.
type pipeListener struct {
	connections chan net.Conn
	closed      chan struct{}
	closing     sync.Once
}

func (p *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipeListener) Close() error {
	p.closing.Do(func() { close(p.closed) })
	return nil
}

func (p *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }
