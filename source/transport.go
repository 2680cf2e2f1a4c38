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

// signInTimeout bounds one attempt of a sign-in, whose response is small.
const signInTimeout = 30 * time.Second

// newTransport returns the one transport of a run, without cookies and with the proxies of the environment variables.
// DATAVERSE_CA_FILE names a PEM file of certificate authorities to trust in addition to the system's, for companies that
// inspect TLS: Go's own SSL_CERT_FILE replaces the system's and works on Linux alone.
func newTransport(getenv func(string) string) (*http.Transport, error) {
	if err := checkProxies(getenv); err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 30 * time.Second,
		DisableCompression:  true, // package dataverse asks for gzip itself and unpacks it faster

		OnProxyConnectResponse: checkProxyResponse,

		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		// Pings detect a connection that a firewall dropped silently, on which all streams would wait.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
	caFile := getenv(caFileVariable)
	if caFile == "" {
		return transport, nil
	}
	pool, err := withAuthorities(caFile)
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig.RootCAs = pool
	return transport, nil
}

// caFileVariable names the file of additional certificate authorities.
const caFileVariable = "DATAVERSE_CA_FILE"

// withAuthorities returns the system's certificate authorities and those of a PEM file.
func withAuthorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file) //nolint:gosec // the user names the file
	if err != nil {
		return nil, &variableError{caFileVariable, fmt.Sprintf("names a file that cannot be read (%v). "+
			"Set it to the path of a PEM file of certificate authorities.", err)}
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &variableError{caFileVariable, fmt.Sprintf("names the file %s, which holds no PEM certificate. "+
			"Set it to the path of a PEM file of certificate authorities.", file)}
	}
	return pool, nil
}

// variableError is a mistake in an environment variable.
type variableError struct{ variable, problem string }

func (e *variableError) Error() string {
	return "The environment variable " + e.variable + " " + e.problem
}

// noRedirect makes a client return a redirect instead of following it, which could send a secret to another host.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// signInClient returns the client that MSAL uses. attempt narrows signInTimeout where it is set.
func signInClient(transport http.RoundTripper, attempt time.Duration) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       min(cmp.Or(attempt, signInTimeout), signInTimeout),
		CheckRedirect: noRedirect,
	}
}

// identityHTTPClient returns the client for the endpoint of managed identities on this machine. A proxy must not see its tokens, and
// could not reach the address of the metadata service.
func identityHTTPClient(transport *http.Transport) *http.Client {
	direct := transport.Clone()
	direct.Proxy, direct.OnProxyConnectResponse = nil, nil
	return &http.Client{Transport: direct, CheckRedirect: noRedirect}
}
