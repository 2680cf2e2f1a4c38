package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
)

// failure is a sign-in without an error response of Entra. It hides the text of its cause and keeps the cause for
// errors.Is and errors.As.
type failure struct{ cause error }

func (f failure) Unwrap() error { return f.cause }

func (f failure) Error() string {
	var transport *url.Error
	switch {
	case errors.Is(f.cause, context.Canceled):
		return "the sign-in was canceled"
	case errors.Is(f.cause, errLargeBody):
		return "the sign-in host sent a response of more than 1 MB, which is not one of Microsoft Entra"
	case !errors.As(f.cause, &transport):
		return "the response of the sign-in host is not one of Microsoft Entra"
	case transport.Timeout():
		return "the sign-in host did not respond in time"
	default:
		return "the sign-in host sent no response: " + transport.Err.Error()
	}
}

// Temporary reports whether the same sign-in may succeed later: the network may recover, but a name that does not exist,
// a certificate that is not trusted, or a host that is not an authority remains so.
func (f failure) Temporary() bool {
	var certificate *tls.CertificateVerificationError
	var host *net.DNSError
	var transport *url.Error
	switch {
	case errors.As(f.cause, &certificate):
		return false
	case errors.As(f.cause, &host):
		return !host.IsNotFound
	default:
		return errors.As(f.cause, &transport)
	}
}

// NotFromEntra reports whether a response came that no authority sends, but a proxy or a portal: the next one may be right.
func (f failure) NotFromEntra() bool {
	var transport *url.Error
	return !errors.As(f.cause, &transport) && !errors.Is(f.cause, context.Canceled)
}
