package dataverse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// codes of requests that ask for more than the service can do in its time (Microsoft, "Web service error codes").
const (
	codeSQLTimeout   = "0x80044151"
	codeQueryTooMuch = "0x80048544" // DataEngineQueryThrottling
)

// ResponseTooLargeError says that an answer holds more than the connector takes into its memory.
type ResponseTooLargeError struct{ Bytes int64 }

func (e *ResponseTooLargeError) Error() string {
	return fmt.Sprintf("the answer holds more than %d MB", e.Bytes>>20)
}

// TooExpensive says whether a request failed because it asked for too much at once: it took the service or an attempt too
// long, or its answer was too large. The same rows may come on smaller pages.
func TooExpensive(err error) bool {
	var refused *APIError
	var large *ResponseTooLargeError
	var network *net.OpError
	var signIn *SignInError
	switch {
	case errors.As(err, &signIn):
		return false
	case errors.As(err, &refused):
		return refused.Code == codeSQLTimeout || refused.Code == codeQueryTooMuch ||
			refused.Code == "" && (refused.Status == http.StatusGatewayTimeout || refused.Status == http.StatusRequestEntityTooLarge)
	case errors.As(err, &large):
		return true
	case errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect"):
		return false
	default: // other times than that of an attempt are those of the network
		return errors.Is(err, context.DeadlineExceeded)
	}
}

// limitedReader fails with a *LargeAnswerError where more than most bytes come.
type limitedReader struct {
	from io.Reader
	left int64
	most int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, &ResponseTooLargeError{l.most}
	}
	n, err := l.from.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}
