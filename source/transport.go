package source

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// newTransport makes the one transport of a run, without cookies and with the system's proxies. caFile names a PEM
// file of certificate authorities to trust beside the system's, for companies that inspect TLS; it may be empty.
// Go's own SSL_CERT_FILE replaces the system's and works on Linux alone.
func newTransport(caFile string) (*http.Transport, error) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 30 * time.Second,
		DisableCompression:  true, // the client asks for gzip itself and unpacks it faster
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		// A connection that a firewall has dropped in silence answers no ping. Without pings all streams would wait on it.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
	if caFile == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(caFile) //nolint:gosec // the user names the file
	if err != nil {
		return nil, &caFileError{fmt.Errorf("read the certificate authorities that DATAVERSE_CA_FILE names: %w", err)}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &caFileError{fmt.Errorf("the file %s that DATAVERSE_CA_FILE names holds no PEM certificate", caFile)}
	}
	transport.TLSClientConfig.RootCAs = pool
	return transport, nil
}

// caFileError is a mistake of the user's in DATAVERSE_CA_FILE.
type caFileError struct{ error }

// signInClient is the client that MSAL uses. A sign-in is a small answer: it has seconds, not minutes. It follows no
// redirect, which could carry the client secret to another host.
func signInClient(transport http.RoundTripper, attempt time.Duration) *http.Client {
	const patience = 30 * time.Second
	return &http.Client{
		Transport:     transport,
		Timeout:       min(cmp.Or(attempt, patience), patience),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
