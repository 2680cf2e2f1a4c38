package faults

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/entra"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Response is a response of any kind in place of the ordinary one.
type Response struct {
	Status          int    // 0: 200
	ContentType     string // empty: text/html
	ContentEncoding string // that Body claims to have
	Body            []byte
}

func (a Response) apply(x exchange, _ func(exchange)) {
	x.w.Header().Set("Content-Type", cmp.Or(a.ContentType, "text/html; charset=utf-8"))
	if a.ContentEncoding != "" {
		x.w.Header().Set("Content-Encoding", a.ContentEncoding)
	}
	x.w.WriteHeader(cmp.Or(a.Status, http.StatusOK))
	_, _ = x.w.Write(a.Body)
}

// Error is an error in the service's form in place of the ordinary response.
type Error struct {
	Status  int    // 0: 500, or 503 of Microsoft Entra
	Code    string // Dataverse's, such as 0x80044151, or Microsoft Entra's, such as AADSTS90033
	Message string // empty: the service's own for the code
}

// entraPrefix begins the codes of Microsoft Entra.
const entraPrefix = "AADSTS"

func (e Error) apply(x exchange, _ func(exchange)) {
	message := cmp.Or(e.Message, usualMessage(e.Code))
	if !strings.HasPrefix(e.Code, entraPrefix) {
		odata.Refuse(cmp.Or(e.Status, http.StatusInternalServerError), e.Code, "%s", message).Write(x.w, x.r)
		return
	}
	number, err := strconv.Atoi(strings.TrimPrefix(e.Code, entraPrefix))
	if err != nil {
		number = 0
	}
	status := cmp.Or(e.Status, http.StatusServiceUnavailable)
	kind := "invalid_request"
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		kind = "temporarily_unavailable"
	}
	x.entra.Refuse(x.w, entra.Error{Status: status, Kind: kind, Code: number, Text: message})
}

// Unauthorized refuses the token: 401 with a WWW-Authenticate header, and with a claims challenge if Claims is set
// (Microsoft, "Claims challenges, claims requests and client capabilities").
type Unauthorized struct {
	Claims string // JSON; empty: no challenge
}

func (u Unauthorized) apply(x exchange, _ func(exchange)) { x.entra.Challenge(x.w, x.r, u.Claims) }

// Echo is an error whose message repeats the whole request, with its token, as services and proxies do that help to
// debug.
type Echo struct {
	Status int
	Code   string // empty: a body of plain text
}

func (e Echo) apply(x exchange, next func(exchange)) {
	message := echo(x.r)
	if e.Code == "" {
		Response{Status: e.Status, Body: []byte(message)}.apply(x, next)
		return
	}
	Error{e.Status, e.Code, message}.apply(x, next)
}

// echo returns everything that a request holds: its address as sent and decoded, its headers, its body.
func echo(r *http.Request) string {
	var b strings.Builder
	b.WriteString("The request failed: " + r.Method + " " + r.URL.RequestURI() + " (" + r.URL.Path + " " + r.URL.RawQuery)
	for query := r.URL.RawQuery; ; {
		decoded, err := url.QueryUnescape(query)
		if err != nil || decoded == query {
			break
		}
		query = decoded
		b.WriteString(" " + query)
	}
	b.WriteString(")")
	for name, values := range r.Header {
		b.WriteString(" " + name + ": " + strings.Join(values, ", "))
	}
	// What cannot be read is not repeated.
	body, _ := io.ReadAll(http.MaxBytesReader(nil, r.Body, 1<<20))
	b.WriteString(" " + string(body))
	return b.String()
}
