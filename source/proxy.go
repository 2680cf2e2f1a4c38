package source

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// checkProxies returns an error for a proxy variable that does not hold the address of a proxy. Package net/http ignores such
// a value and connects directly, which a firewall then blocks or, worse, allows. The error does not quote the value: it may
// hold a password. HTTP_PROXY does not matter, because all requests use HTTPS.
func checkProxies(getenv func(string) string) error {
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
		if value := getenv(variable); value != "" && !isProxyAddress(value) {
			return &variableError{variable, "does not hold the address of a proxy. Set it to an address such as proxy.example.com:3128, or unset it."}
		}
	}
	return nil
}

// isProxyAddress reports whether net/http can use a value as a proxy: it takes a host without a scheme for an HTTP proxy.
func isProxyAddress(value string) bool {
	address, err := url.Parse(value)
	if err != nil || address.Scheme == "" || address.Host == "" {
		if address, err = url.Parse("//" + value); err == nil {
			address.Scheme = "http"
		}
	}
	if err != nil {
		return false
	}
	schemes := []string{"http", "https", "socks5", "socks5h"}
	host := address.Hostname()
	mistypedScheme := slices.Contains(schemes, host) // as in http:/proxy or http//proxy
	return host != "" && !mistypedScheme && !strings.ContainsAny(host, " \t") && slices.Contains(schemes, address.Scheme)
}

// proxyStatusError is a proxy's refusal to open a connection to a host.
type proxyStatusError struct {
	Status   string // such as "407 Proxy Authentication Required"
	Code     int
	Proxy    string   // host and port of the proxy
	Target   string   // host and port that it was to connect to
	SignedIn bool     // the proxy received a user name
	Schemes  []string // by which it demands a sign-in, such as Negotiate
}

func (e *proxyStatusError) Error() string { return "the proxy refused the connection: " + e.Status }

// checkProxyResponse returns a typed error where net/http would return only the text of the status.
func checkProxyResponse(_ context.Context, proxy *url.URL, connect *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	refused := &proxyStatusError{
		Status: response.Status, Code: response.StatusCode,
		Proxy: proxy.Host, Target: connect.Host, SignedIn: proxy.User != nil,
	}
	for _, challenge := range response.Header.Values("Proxy-Authenticate") {
		scheme, _, _ := strings.Cut(challenge, " ")
		refused.Schemes = append(refused.Schemes, strings.TrimSuffix(scheme, ","))
	}
	return refused
}

// isProxyUnreachable reports whether the connection to the proxy itself failed.
func isProxyUnreachable(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "proxyconnect"
}
