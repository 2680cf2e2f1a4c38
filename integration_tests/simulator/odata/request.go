package odata

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// ReadBody takes the request's body, which must be JSON where there is one.
func ReadBody(r *http.Request) ([]byte, *Error) {
	if r.Body == nil {
		return nil, nil
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		return nil, BadPayload("", "The request body could not be read.")
	}
	media := strings.TrimSpace(strings.Split(r.Header.Get("Content-Type"), ";")[0])
	if b.Len() > 0 && !strings.EqualFold(media, "application/json") {
		return nil, Refuse(http.StatusUnsupportedMediaType, "0x80060888",
			"A supported MIME type could not be found that matches the content type of the request. None of the supported type(s) matches the content type '%s'.", media)
	}
	return b.Bytes(), nil
}

// OnePrefer keeps the first of several Prefer headers. The service does not combine them: with track-changes and
// annotations in two headers the delta link is missing (MicrosoftDocs/powerapps-docs issue 439).
func OnePrefer(r *http.Request) {
	if values := r.Header.Values("Prefer"); len(values) > 1 {
		r.Header.Set("Prefer", values[0])
	}
}

// Bearer returns the token of the request, empty without one.
func Bearer(r *http.Request) string {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Origin returns the scheme and host that the client called.
func Origin(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + strings.ToLower(r.Host)
	}
	return "https://" + strings.ToLower(r.Host)
}

// Pause waits, unless the client goes away before.
func Pause(r *http.Request, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// APIPrefix begins the paths of the Web API, and of nothing else.
const APIPrefix = "/api/data/"

// DOPHintHeader names the header of the recommended degree of parallelism.
const DOPHintHeader = "x-ms-dop-hint"
