package integration_tests_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACheckNamesTheCauseInTheNetwork(t *testing.T) {
	n := newNetwork(t)
	later := time.Now().Add(time.Hour)
	environment := n.serve(later, http.NotFound)
	expired := n.serve(time.Now().Add(-time.Hour), http.NotFound)
	refusing := httptest.NewUnstartedServer(http.NotFoundHandler())
	refusing.Config.ErrorLog = environment.Config.ErrorLog
	refusing.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errors.New("not this host") }, MinVersion: tls.VersionTLS12}
	refusing.StartTLS()
	t.Cleanup(refusing.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	none, text := closed, filepath.Join(t.TempDir(), "text.pem")
	require.NoError(t, os.WriteFile(text, []byte("no certificate"), 0o600))
	hostOf := func(s *httptest.Server) string { return s.Listener.Addr().String() }

	const dns = "check the DNS settings of the machine or container that runs the connector."
	const direct = " If connections leave the network through a proxy, set HTTPS_PROXY to its address."
	const malformed = " does not hold the address of a proxy. Set it to an address such as proxy.example.com:3128, or unset it."
	asks := n.proxy(http.StatusProxyAuthRequired, "Proxy-Authenticate", `Basic realm="proxy"`)
	kerberos := n.proxy(http.StatusProxyAuthRequired, "Proxy-Authenticate", "Negotiate")
	blocks := n.proxy(http.StatusForbidden, "Server", "proxy")
	portal := n.proxy(http.StatusFound, "Location", "https://portal.example.com/")
	offline := n.proxy(http.StatusBadGateway, "Server", "proxy")
	closing := closesConnections(t)
	half := n.tunnel("contoso.example.com:443")

	for name, example := range map[string]struct {
		environment string
		signIn      string // "" for that of the network
		variables   []string
		want        diagnosis
	}{
		"the environment's name is unknown": {environment: "https://contoso.invalid", want: userError(
			"The host contoso.invalid in url cannot be found, although the sign-in host can. Check url. If it is correct, the name server (DNS) does " +
				"not know this host: " + dns + direct)},
		"the sign-in host's name is unknown": {signIn: "https://login.invalid", want: userError(
			"The sign-in host login.invalid in authority_host cannot be found. Check authority_host. If it is correct, the name server (DNS) does not " +
				"know this host: " + dns + direct)},
		"a proxy for http alone": {signIn: "https://login.invalid", variables: []string{"HTTP_PROXY=proxy.example.com:3128"}, want: userError(
			"The sign-in host login.invalid in authority_host cannot be found. Check authority_host. If it is correct, the name server (DNS) does not " +
				"know this host: " + dns + " The connector does not use the proxy in HTTP_PROXY: if it needs one, set HTTPS_PROXY.")},
		"a host without the proxy": {signIn: "https://login.invalid", variables: []string{"HTTPS_PROXY=proxy.example.com:3128", "NO_PROXY=.invalid"}, want: userError(
			"The sign-in host login.invalid in authority_host cannot be found. Check authority_host. If it is correct, the name server (DNS) does not " +
				"know this host: " + dns + " The proxy in HTTPS_PROXY is not used for this host, because NO_PROXY exempts it, or because it is on this machine.")},
		"the proxy's name is unknown": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=proxy.invalid:3128"}, want: userError(
			"The proxy proxy.invalid cannot be found. Correct the address in HTTPS_PROXY, or unset HTTPS_PROXY if connections need no proxy.")},
		"the proxy's name is unknown, in small letters": {signIn: "https://login.example.com", variables: []string{"https_proxy=proxy.invalid:3128"}, want: userError(
			"The proxy proxy.invalid cannot be found. Correct the address in https_proxy, or unset https_proxy if connections need no proxy.")},
		"nothing listens at the proxy's address": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=" + none}, want: outage(
			"The proxy could not be reached: dial tcp %[1]s: connect: connection refused. Check that the proxy %[1]s is running, and that its address "+
				"and port in HTTPS_PROXY are correct.", none)},
		"the proxy's address is malformed": {variables: []string{"HTTPS_PROXY=http:/user:p4ssw0rd@proxy.example.com"}, want: userError(
			"The environment variable HTTPS_PROXY%s", malformed)},
		"the proxy's port is malformed": {variables: []string{"https_proxy=proxy.example.com:p4ssw0rd"}, want: userError(
			"The environment variable https_proxy%s", malformed)},
		"the proxy does not use TLS": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=https://" + hostOf(plain)}, want: userError(
			"The proxy %s does not use TLS, although the address in HTTPS_PROXY begins with https. Let it begin with http.", hostOf(plain))},
		"the proxy's certificate": {signIn: "https://login.example.com", variables: []string{"DATAVERSE_CA_FILE=", "HTTPS_PROXY=https://" + hostOf(environment)}, want: userError(
			"The certificate of the host is not trusted: the proxy %s presents a certificate of the authority \"Contoso Web Gateway CA\". If your "+
				"company inspects TLS, set DATAVERSE_CA_FILE to a PEM file that holds its certificate authority.", hostOf(environment))},
		"the proxy asks for a sign-in": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=" + asks}, want: userError(
			"The proxy requires a user name and a password (407 Proxy Authentication Required). Set HTTPS_PROXY to an address that has them, such as "+
				"user:password@%s.", asks)},
		"the proxy rejects the password": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=http://user:p4ssw0rd@" + asks}, want: userError(
			"The proxy %s rejected the user name and the password in HTTPS_PROXY (407 Proxy Authentication Required). Correct them. Write special "+
				"characters percent-encoded, for example %%40 for @.", asks)},
		"the proxy asks for Kerberos": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=" + kerberos}, want: userError(
			"The proxy %s requires a sign-in by Negotiate (407 Proxy Authentication Required), and the connector supports Basic alone. Have the proxy "+
				"allow Basic, or connections to the environment and the sign-in host without a sign-in.", kerberos)},
		"the proxy blocks the host": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=" + blocks}, want: userError(
			"The proxy does not allow connections to login.example.com (403 Forbidden). Allow them at the proxy %s, which HTTPS_PROXY names, "+
				"or name the host in NO_PROXY if it can be reached without a proxy.", blocks)},
		"the proxy is a captive portal": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=" + portal}, want: userError(
			"The proxy %s of HTTPS_PROXY does not connect to login.example.com but redirects to a web page (302 Found), where it probably asks for a "+
				"sign-in. Have it allow connections to login.example.com without one.", portal)},
		"the proxy has no network": {signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=" + offline}, want: outage(
			"The proxy %s of HTTPS_PROXY could not connect to login.example.com (502 Bad Gateway). Try again. If the problem persists, check the "+
				"network connection of the proxy.", offline)},
		"the proxy cannot find the environment": {environment: "https://contoso.example.com", signIn: "https://login.example.com", variables: []string{"HTTPS_PROXY=" + half}, want: outage(
			"The proxy %s of HTTPS_PROXY could not connect to contoso.example.com (502 Bad Gateway), although it connected to the sign-in host. Try "+
				"again. If the problem persists, check url, and the network connection of the proxy.", half)},
		"nothing listens at the environment": {environment: "https://" + none, want: outage(
			"The environment could not be reached: dial tcp %[1]s: connect: connection refused. If the problem persists, check the proxies and "+
				"firewalls between the connector and %[1]s."+direct, none)},
		"nothing listens at the sign-in host": {signIn: "https://" + none, want: outage(
			"The connector could not sign in: the sign-in host sent no response: dial tcp %[1]s: connect: connection refused. Try again. If the "+
				"problem persists, check the proxies and firewalls between the connector and %[1]s."+direct, none)},
		"an authority that is unknown": {variables: []string{"DATAVERSE_CA_FILE="}, want: userError(
			"The certificate of the host is not trusted: %s presents a certificate of the authority \"Contoso Web Gateway CA\". If your company "+
				"inspects TLS, set DATAVERSE_CA_FILE to a PEM file that holds its certificate authority.", hostOf(n.signIn))},
		"a file of authorities that cannot be read": {variables: []string{"DATAVERSE_CA_FILE=", "SSL_CERT_FILE=/absent.pem"}, want: userError(
			"The certificate of the host is not trusted: %s presents a certificate of the authority \"Contoso Web Gateway CA\". If your company "+
				"inspects TLS, set DATAVERSE_CA_FILE to a PEM file that holds its certificate authority. SSL_CERT_FILE names a file that cannot be read, so "+
				"the authorities in it are not used.", hostOf(n.signIn))},
		"other authorities than those of the machine": {variables: []string{"DATAVERSE_CA_FILE=", "SSL_CERT_FILE=" + otherAuthority(t)}, want: userError(
			"The certificate of the host is not trusted: %s presents a certificate of the authority \"Contoso Web Gateway CA\". If your company "+
				"inspects TLS, set DATAVERSE_CA_FILE to a PEM file that holds its certificate authority. SSL_CERT_FILE replaces the authorities of the "+
				"machine by those of a file, which lacks this one.", hostOf(n.signIn))},
		"a file without the authority": {variables: []string{"DATAVERSE_CA_FILE=" + otherAuthority(t)}, want: userError(
			"The certificate of the host is not trusted: %s presents a certificate of the authority \"Contoso Web Gateway CA\". If your company "+
				"inspects TLS, set DATAVERSE_CA_FILE to a PEM file that holds its certificate authority. The file that it names at present lacks this "+
				"authority.", hostOf(n.signIn))},
		"a file that does not exist": {variables: []string{"DATAVERSE_CA_FILE=/absent.pem"}, want: userError(
			"The environment variable DATAVERSE_CA_FILE names a file that cannot be read (open /absent.pem: no such file or directory). Set it to the " +
				"path of a PEM file of certificate authorities.")},
		"a file that holds no certificate": {variables: []string{"DATAVERSE_CA_FILE=" + text}, want: userError(
			"The environment variable DATAVERSE_CA_FILE names the file %s, which holds no PEM certificate. Set it to the path of a PEM file of "+
				"certificate authorities.", text)},
		"the certificate of another host": {signIn: "https://localhost:" + portIn(n.signIn), want: userError(
			"The certificate of the host is not trusted, because it is for another host: x509: certificate is valid for *.example.com, not "+
				"localhost. A proxy, a firewall or a captive portal responded in place of localhost:%s, or the address is wrong.", portIn(n.signIn))},
		"TLS is refused": {environment: refusing.URL, want: outage(
			"The TLS connection to %[1]s was refused: tls: internal error. A firewall or proxy that inspects TLS refuses connections in this way. Have it allow "+
				"TLS 1.2 or 1.3 to this host, and check the proxies and firewalls between the connector and %[1]s.", hostOf(refusing))},
		"a connection that is closed": {environment: "https://" + closing, want: outage(
			"The environment could not be reached: EOF. The connection was closed without a response, as firewalls do with hosts that they block. If the "+
				"problem persists, check the proxies and firewalls between the connector and %s."+direct, closing)},
		"a response without TLS": {environment: "https://" + hostOf(plain), want: outage(
			"The response of %[1]s does not use TLS. A proxy, a firewall or a captive portal responded in its place, or the port is wrong. Check the "+
				"proxies and firewalls between the connector and %[1]s.", hostOf(plain))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := n.config(environment.URL)
			if example.environment != "" {
				config["url"] = example.environment
			}
			if example.signIn != "" {
				config["authority_host"] = example.signIn
			}
			assert.Equal(t, example.want, diagnose(t, config, append([]string{n.trusted()}, example.variables...)...))
		})
	}
	t.Run("an expired certificate", func(t *testing.T) {
		t.Parallel()
		found := diagnose(t, n.config(expired.URL), n.trusted())
		assert.Equal(t, "config_error", found.typ)
		assert.Regexp(t, `^The certificate of the host is not trusted, because it is not valid at present: current time \S+ is after \S+\. `+
			`Check the clock of the machine that runs the connector\. If it is right, a proxy or firewall in front of `+hostOf(expired)+
			` presents an expired certificate\.$`, found.message)
	})
}

// otherAuthority is a file with the authority of another network.
func otherAuthority(t *testing.T) string {
	t.Helper()
	return newNetwork(t).caFile
}

// portIn is the port of a server.
func portIn(s *httptest.Server) string { return s.Listener.Addr().String()[len("127.0.0.1:"):] }
