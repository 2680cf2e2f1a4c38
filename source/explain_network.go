package source

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"source-microsoft-dataverse/source/dataverse"
)

// explainNetwork explains why no response came from the environment or the sign-in host. A proxy comes first, because the
// errors of its connection look like those of the host behind it.
func explainNetwork(err error) explanation {
	if e := explainProxy(err); e.message != "" {
		return e
	}
	var unknownHost *net.DNSError
	var certificate *tls.CertificateVerificationError
	var connection *dataverse.ConnectionError
	var signIn *dataverse.SignInError
	switch {
	case errors.As(err, &unknownHost) && unknownHost.IsNotFound:
		return configError("The host %s cannot be found. Check url, authority_host if it is set, and the name server (DNS) that the connector uses.", unknownHost.Name)
	case errors.As(err, &certificate):
		return configError("The certificate of the host is not trusted: %s. If your company inspects TLS, set DATAVERSE_CA_FILE to a "+
			"PEM file that holds its certificate authority.", clause(certificate.Err))
	case errors.As(err, &signIn) && signIn.Temporary():
		return transientError("The connector could not sign in: %s. Try again. If the problem persists, check the network connection to "+
			"the sign-in host.", clause(signIn))
	case errors.As(err, &signIn):
		return configError("The connector could not sign in: %s. Check url, and authority_host if it is set.", clause(signIn))
	case errors.As(err, &connection):
		return transientError("The environment could not be reached: %s. If the problem persists, check url and the network connection "+
			"to it.", clause(connection.Unwrap()))
	default:
		return explanation{}
	}
}

// explainProxy explains a proxy that cannot be reached, or that does not let the connector through.
func explainProxy(err error) explanation {
	var operation *net.OpError
	var unknownHost *net.DNSError
	var refused *proxyStatusError
	switch {
	case errors.As(err, &refused) && refused.Code == http.StatusProxyAuthRequired:
		return configError("The proxy requires a user name and a password (%s). Set HTTPS_PROXY to an address that has them, such as "+
			"user:password@proxy.example.com:3128.", refused.Status)
	case errors.As(err, &refused) && refused.Code < http.StatusInternalServerError:
		return configError("The proxy does not allow connections to the environment or the sign-in host (%s). Have them allowed at the "+
			"proxy, or name them in NO_PROXY.", refused.Status)
	case errors.As(err, &refused):
		return transientError("The proxy could not connect to the environment or the sign-in host (%s). Try again. If the problem "+
			"persists, check the network connection of the proxy.", refused.Status)
	case isProxyUnreachable(err) && errors.As(err, &unknownHost) && unknownHost.IsNotFound:
		return configError("The proxy %s cannot be found. Check the address in HTTPS_PROXY.", unknownHost.Name)
	case isProxyUnreachable(err) && errors.As(err, &operation):
		return transientError("The proxy could not be reached: %s. Check the address in HTTPS_PROXY.", clause(operation.Err))
	default:
		return explanation{}
	}
}
