package source

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"source-microsoft-dataverse/source/dataverse"
)

// explainNetwork explains why no response came from the environment or the sign-in host. A proxy comes first, because the
// errors of its connection look like those of the host behind it.
func (s situation) explainNetwork(err error) explanation {
	if e := s.explainProxy(err); e.message != "" {
		return e
	}
	var signIn *dataverse.SignInError
	var connection *dataverse.ConnectionError
	to := s.environment()
	if errors.As(err, &signIn) {
		to = s.signInHost()
	}
	if e := s.explainTLS(err, to); e.message != "" {
		return e
	}
	var unknown *net.DNSError
	switch {
	case errors.As(err, &unknown):
		return s.explainName(unknown, to)
	case errors.As(err, &signIn) && signIn.Temporary():
		return transientError("The connector could not sign in: %s.%s %s. If the problem persists, check %s.%s",
			clause(signIn), s.closed(err), s.again(), s.wayTo(to), s.proxyHint(to))
	case errors.As(err, &signIn):
		return s.explainUselessSignIn(signIn, to)
	case errors.As(err, &connection):
		return transientError("The environment could not be reached: %s.%s%s If the problem persists, check %s.%s",
			clause(connection.Unwrap()), s.closed(err), s.resumes(), s.wayTo(to), s.proxyHint(to))
	default:
		return explanation{}
	}
}

// closed is the sentence on a connection that was closed without a response, after a space; "" for any other error, and
// for an environment that has responded before.
func (s situation) closed(err error) string {
	if s.reached() || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		return ""
	}
	return " The connection was closed without a response, as firewalls do with hosts that they block."
}

// explainUselessSignIn explains a response of the sign-in host that is neither a token nor a refusal of Entra.
func (s situation) explainUselessSignIn(signIn *dataverse.SignInError, to host) explanation {
	if to.setting == "" {
		return configError("The connector could not sign in: %s. Check %s.", clause(signIn), s.wayTo(to))
	}
	return configError("The connector could not sign in: %s. Check %s, and %s.", clause(signIn), to.setting, s.wayTo(to))
}

// explainName explains a host whose name the name server did not resolve. The sign-in comes first, so that the
// environment's name is the only one that is unknown, and url may be wrong. The name of a sign-in host that no setting
// holds is right: the name server is the cause.
func (s situation) explainName(unknown *net.DNSError, to host) explanation {
	const remedy = "the DNS settings of the machine or container that runs the connector"
	switch {
	case !unknown.IsNotFound, s.reached():
		return transientError("The name server (DNS) did not resolve %s: %s.%s %s. If the problem persists, check %s.%s",
			unknown.Name, strings.TrimRight(unknown.Err, ". "), s.resumes(), s.again(), remedy, s.proxyHint(to))
	case to.setting == "url":
		return configError("The host %s in url cannot be found, although the sign-in host can. Check url. If it is correct, the name server "+
			"(DNS) does not know this host: check %s.%s", unknown.Name, remedy, s.proxyHint(to))
	case to.setting != "":
		return configError("The sign-in host %s in %s cannot be found. Check %[2]s. If it is correct, the name server (DNS) does not know this "+
			"host: check %s.%s", unknown.Name, to.setting, remedy, s.proxyHint(to))
	default:
		return configError("The sign-in host %s cannot be found, because the name server (DNS) does not resolve public names. Check %s.%s",
			unknown.Name, remedy, s.proxyHint(to))
	}
}

// explainTLS explains a TLS connection that could not be established, and whose peer is not the host itself.
func (s situation) explainTLS(err error, to host) explanation {
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var operation *net.OpError
	switch {
	case errors.As(err, &certificate):
		return s.explainCertificate(certificate, to.name)
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return transientError("The response of %s does not use TLS. A proxy, a firewall or a captive portal responded in its place, or the port "+
			"is wrong.%s Check %s.", to.name, s.resumes(), s.wayTo(to))
	case errors.As(err, &operation) && operation.Op == "remote error": // an alert (RFC 8446, 6)
		return transientError("The TLS connection to %s was refused: %s. A firewall or proxy that inspects TLS refuses connections in this way.%s Have it "+
			"allow TLS 1.2 or 1.3 to this host, and check %s.", to.name, clause(operation.Err), s.resumes(), s.wayTo(to))
	default:
		return explanation{}
	}
}
