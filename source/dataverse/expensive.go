package dataverse

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
)

// cost is how a failure relates to the size of the request.
type cost int

const (
	unrelated    cost = iota // the size of the request has nothing to do with it
	maybeTooMuch             // a smaller request may succeed, but the service may also be failing
	tooMuch                  // the request asked for too much at once
)

// TooExpensive reports whether a request failed, or may have failed, because it asked for too much at once: it took too
// long, its response was too large, or it failed without a more specific cause, as large pages of some tables do every
// time (AWS Glue, "Microsoft Dynamics 365 CRM connector limitations"). Smaller pages with the same rows may succeed.
func TooExpensive(err error) bool { return costOf(err) != unrelated }

func costOf(err error) cost {
	var refused *APIError
	var large *ResponseTooLargeError
	var network *net.OpError
	var signIn *SignInError
	switch {
	case errors.As(err, &signIn):
		return unrelated
	case errors.As(err, &refused):
		return refused.cost()
	case errors.As(err, &large):
		return tooMuch
	case errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect"):
		return unrelated
	case errors.Is(err, context.DeadlineExceeded): // any other timeout than that of the attempt is one of the network
		return tooMuch
	default:
		return unrelated
	}
}

func (e *APIError) cost() cost {
	switch {
	case e.Code == codeSQLTimeout, e.queryThrottled():
		return tooMuch
	case e.Code == "" && (e.Status == http.StatusGatewayTimeout || e.Status == http.StatusRequestEntityTooLarge):
		return tooMuch
	case e.Status != http.StatusInternalServerError && e.Status != http.StatusBadGateway:
		return unrelated
	case e.Code == codeUnexpected:
		return maybeTooMuch
	case slices.Contains(temporaryCodes(), e.Code), slices.Contains(conclusiveCodes(), e.Code):
		return unrelated
	default:
		return maybeTooMuch
	}
}
