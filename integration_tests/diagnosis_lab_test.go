package integration_tests_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

// diagnosis is how a check ended: the type of its failure and what it says. A problem that the user can fix is a
// FAILED with exit code 0, anything else an error of the run with exit code 1.
type diagnosis struct{ typ, message string }

func userError(format string, args ...any) diagnosis {
	return diagnosis{"config_error", fmt.Sprintf(format, args...)}
}

func outage(format string, args ...any) diagnosis {
	return diagnosis{"transient_error", fmt.Sprintf(format, args...)}
}

// diagnose runs a check that has to fail, without the proxies of the machine that runs the tests.
func diagnose(t *testing.T, config map[string]any, variables ...string) diagnosis {
	t.Helper()
	require.NoError(t, buildErr)
	raw, err := json.Marshal(config)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	direct := []string{"HTTPS_PROXY=", "https_proxy=", "HTTP_PROXY=", "http_proxy=", "ALL_PROXY=", "all_proxy=", "NO_PROXY=", "no_proxy=", "SSL_CERT_FILE="}
	result, err := connector.Run(ctx, []string{"check", "--config", file}, append(direct, variables...))
	require.NoError(t, err)
	require.NoError(t, ctx.Err(), "the connector hangs")
	for _, line := range result.Lines {
		for _, name := range []string{"tenant_id", "client_id", "client_secret_value"} {
			assert.NotContains(t, string(line), config[name])
		}
		for _, word := range []string{"p4ssw0rd", "checkpoint", "change tracking", "next sync"} {
			assert.NotContains(t, string(line), word)
		}
	}
	if result.ExitCode == 0 {
		status := statusOf(t, result)
		require.Equal(t, "FAILED", status.Status)
		return diagnosis{"config_error", status.Message}
	}
	require.Equal(t, 1, result.ExitCode)
	failed := requireOneError(t, result)
	require.NotEqual(t, "config_error", failed.FailureType, "the user can fix it: %s", failed.Message)
	return diagnosis{failed.FailureType, failed.Message}
}

// network is a sign-in host that issues a token for any environment, and the certificate authority of all its servers.
type network struct {
	t         *testing.T
	authority *x509.Certificate
	key       *ecdsa.PrivateKey
	caFile    string
	signIn    *httptest.Server
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{t: t, caFile: filepath.Join(t.TempDir(), "ca.pem")}
	var err error
	n.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := certificateOf("Contoso Web Gateway CA", time.Now().Add(time.Hour))
	template.IsCA, template.BasicConstraintsValid = true, true
	der, err := x509.CreateCertificate(rand.Reader, template, template, &n.key.PublicKey, n.key)
	require.NoError(t, err)
	n.authority, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(n.caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	n.signIn = n.serve(time.Now().Add(time.Hour), issueTokens)
	return n
}

func certificateOf(name string, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: until.Add(-2 * time.Hour), NotAfter: until,
	}
}

// serve starts a server for any host below example.com, whose certificate is valid until a time.
func (n *network) serve(until time.Time, handler http.HandlerFunc) *httptest.Server {
	n.t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(n.t, err)
	template := certificateOf("server", until)
	template.DNSNames, template.IPAddresses = []string{"*.example.com"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	der, err := x509.CreateCertificate(rand.Reader, template, n.authority, &key.PublicKey, n.key)
	require.NoError(n.t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	n.t.Cleanup(server.Close)
	return server
}

// issueTokens is a sign-in host of every tenant.
func issueTokens(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/token") {
		_, _ = io.WriteString(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"a-token"}`)
		return
	}
	root := "https://" + r.Host + strings.TrimSuffix(r.URL.Path, "/v2.0/.well-known/openid-configuration")
	_, _ = fmt.Fprintf(w, `{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, root)
}

// config is a configuration of an environment that signs in at this network.
func (n *network) config(environment string) map[string]any {
	application := simulator.DefaultApplication()
	return map[string]any{
		"url": environment, "authority_host": n.signIn.URL,
		"tenant_id": application.TenantID, "client_id": application.ClientID, "client_secret_value": application.Secret,
	}
}

// trusted lets the connector trust the network's authority.
func (n *network) trusted() string { return "DATAVERSE_CA_FILE=" + n.caFile }

// proxy starts a proxy that opens no connections but responds with a status and a header.
func (n *network) proxy(status int, header, value string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add(header, value)
		w.WriteHeader(status)
	}))
	n.t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// tunnel starts a proxy that connects everything to the sign-in host, except one host.
func (n *network) tunnel(except string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == except {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", n.signIn.Listener.Addr().String())
		if err != nil {
			return
		}
		defer to.Close()
		from, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		_, _ = io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(to, buffered) }()
		_, _ = io.Copy(from, to)
	}))
	n.t.Cleanup(server.CloseClientConnections)
	n.t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// closesConnections starts a server that closes each connection once it has received something, as a firewall does that
// blocks hosts by their names.
func closesConnections(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, listener.Close()) })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 64<<10))
			_ = connection.Close()
		}
	}()
	return listener.Addr().String()
}

// closed is an address at which nothing listens. A port that the system had chosen might be given to another test.
const closed = "127.0.0.1:1"
