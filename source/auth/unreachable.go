package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
)

// unreachable hides the text of an error that did not come from Entra and keeps it for errors.Is and errors.As.
type unreachable struct{ cause error }

func (u unreachable) Unwrap() error { return u.cause }

func (u unreachable) Error() string {
	var transport *url.Error
	switch {
	case errors.Is(u.cause, context.Canceled):
		return "stopped"
	case !errors.As(u.cause, &transport):
		return "the sign-in host did not give the answer of a Microsoft Entra authority"
	case transport.Timeout():
		return "the sign-in host did not answer in time"
	default:
		return "no answer came from the sign-in host: " + transport.Err.Error()
	}
}

// Temporary says whether the same sign-in may succeed later: the network may mend itself, but a name that does not
// exist, a certificate that is not trusted or a host that is no authority stays so.
func (u unreachable) Temporary() bool {
	var certificate *tls.CertificateVerificationError
	var host *net.DNSError
	var transport *url.Error
	switch {
	case errors.As(u.cause, &certificate):
		return false
	case errors.As(u.cause, &host):
		return !host.IsNotFound
	default:
		return errors.As(u.cause, &transport)
	}
}

// Foreign says whether an answer came that no authority gives, as that of a proxy or a portal: the next one may be.
func (u unreachable) Foreign() bool {
	var transport *url.Error
	return !errors.As(u.cause, &transport) && !errors.Is(u.cause, context.Canceled)
}
