package source

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
)

// explainProxy explains a proxy that cannot be reached, or that does not let the connector through.
func (s situation) explainProxy(err error) explanation {
	var refused *proxyStatusError
	var operation *net.OpError
	switch {
	case errors.As(err, &refused):
		return s.explainProxyStatus(refused)
	case isProxyUnreachable(err):
		return s.explainUnreachableProxy(err)
	case errors.As(err, &operation) && strings.HasPrefix(operation.Op, "socks"):
		return transientError("The proxy of %s did not open a connection: %s.%s Check the address, the user name and the password in %[1]s, and "+
			"whether the proxy allows connections to the environment and the sign-in host.", s.proxyVariable(), clause(operation.Err), s.resumes())
	default:
		return explanation{}
	}
}

// explainProxyStatus explains a proxy's refusal to connect to a host.
func (s situation) explainProxyStatus(refused *proxyStatusError) explanation {
	variable := s.proxyVariable()
	to := strings.TrimSuffix(refused.Target, ":443")
	switch {
	case refused.Code == http.StatusProxyAuthRequired:
		return explainProxySignIn(refused, variable)
	case refused.Code < http.StatusBadRequest:
		return configError("The proxy %s of %s does not connect to %s but redirects to a web page (%s), where it probably asks for a sign-in. Have "+
			"it allow connections to %[3]s without one.", refused.Proxy, variable, to, refused.Status)
	case refused.Code < http.StatusInternalServerError:
		return configError("The proxy does not allow connections to %s (%s). Allow them at the proxy %s, which %s names, or name the host "+
			"in NO_PROXY if it can be reached without a proxy.", to, refused.Status, refused.Proxy, variable)
	case to == s.environment().name && to != s.signInHost().name: // the sign-in came first, and succeeded
		return transientError("The proxy %s of %s could not connect to %s (%s), although it connected to the sign-in host.%s %s. If the "+
			"problem persists, check url, and the network connection of the proxy.", refused.Proxy, variable, to, refused.Status, s.resumes(), s.again())
	default:
		return transientError("The proxy %s of %s could not connect to %s (%s).%s %s. If the problem persists, check the network "+
			"connection of the proxy.", refused.Proxy, variable, to, refused.Status, s.resumes(), s.again())
	}
}

// explainProxySignIn explains a proxy that requires a sign-in. Package net/http signs in by the scheme Basic alone.
func explainProxySignIn(refused *proxyStatusError, variable string) explanation {
	switch {
	case len(refused.Schemes) > 0 && !slices.ContainsFunc(refused.Schemes, func(scheme string) bool { return strings.EqualFold(scheme, "Basic") }):
		return configError("The proxy %s requires a sign-in by %s (%s), and the connector supports Basic alone. Have the proxy allow Basic, or "+
			"connections to the environment and the sign-in host without a sign-in.", refused.Proxy, strings.Join(refused.Schemes, " or "), refused.Status)
	case refused.SignedIn:
		return configError("The proxy %s rejected the user name and the password in %s (%s). Correct them. Write special characters "+
			"percent-encoded, for example %%40 for @.", refused.Proxy, variable, refused.Status)
	default:
		return configError("The proxy requires a user name and a password (%s). Set %s to an address that has them, such as "+
			"user:password@%s.", refused.Status, variable, refused.Proxy)
	}
}

// explainUnreachableProxy explains why there is no connection to the proxy itself.
func (s situation) explainUnreachableProxy(err error) explanation {
	variable := s.proxyVariable()
	p, found := s.proxyTo(s.environment())
	if !found { // NO_PROXY names the environment, but not the sign-in host
		p, _ = s.proxyTo(s.signInHost())
	}
	var unknown *net.DNSError
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var operation *net.OpError
	switch {
	case errors.As(err, &unknown) && unknown.IsNotFound && !s.reached():
		return configError("The proxy %s cannot be found. Correct the address in %s, or unset %[2]s if connections need no proxy.", unknown.Name, variable)
	case errors.As(err, &unknown):
		return transientError("The name server (DNS) did not resolve the proxy %s of %s: %s. %s. If the problem persists, check the address in "+
			"%[2]s, and the DNS settings of the machine or container that runs the connector.",
			unknown.Name, variable, strings.TrimRight(unknown.Err, ". "), s.again())
	case errors.As(err, &certificate):
		return s.explainCertificate(certificate, "the proxy "+p.address)
	case errors.As(err, &plain):
		return configError("The proxy %s does not use TLS, although the address in %s begins with https. Let it begin with http.", p.address, variable)
	case errors.As(err, &operation):
		return transientError("The proxy could not be reached: %s. Check that the proxy %s is running, and that its address and port in %s are "+
			"correct.%s", clause(operation.Err), p.address, variable, s.resumes())
	default:
		return explanation{}
	}
}

// explainSignInAtProxy explains a proxy that requires a sign-in only after it has opened the connection, as one that
// inspects TLS may.
func (s situation) explainSignInAtProxy(to host) explanation {
	return configError("The proxy in front of %s requires a user name and a password (407). Set %s to an address that has them, such as "+
		"user:password@proxy.example.com:3128.", to.name, s.proxyVariable())
}

// wayTo names what is between the connector and a host, for sentences such as "check the proxies and firewalls".
func (s situation) wayTo(to host) string {
	if p, found := s.proxyTo(to); found {
		return "the proxy " + p.address + ", which " + p.variable + " names, and the firewalls between the connector and " + to.name
	}
	return "the proxies and firewalls between the connector and " + to.name
}

// proxyHint is the sentence on a proxy that a direct connection may lack, after a space; "" for a connection through one.
func (s situation) proxyHint(to host) string {
	if _, found := s.proxyTo(to); found {
		return ""
	}
	if s.variable(s.proxyVariable()) != "" {
		return " The proxy in " + s.proxyVariable() + " is not used for this host, because NO_PROXY exempts it, or because it is on this machine."
	}
	for _, other := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		if s.variable(other) != "" {
			return " The connector does not use the proxy in " + other + ": if it needs one, set HTTPS_PROXY."
		}
	}
	return " If connections leave the network through a proxy, set HTTPS_PROXY to its address."
}
