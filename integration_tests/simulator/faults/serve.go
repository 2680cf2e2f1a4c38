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

// WithFaults lets faults strike before the inner handler answers.
func (f *Set) WithFaults(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, struck := f.strike(r)
		if !struck {
			inner.ServeHTTP(w, r)
			return
		}
		if fault.Delay > 0 && !odata.Pause(r, fault.Delay) {
			return
		}
		if fault.Drop {
			breakConnection(w, r)
			return
		}
		if !fault.mangles() {
			f.fail(w, r, fault, inner)
			return
		}
		whole := odata.NewCapture(w.Header())
		f.fail(whole, r, fault, inner)
		if fault.Links != "" {
			whole.Edit(func(body []byte) []byte { return fault.Links.bend(r, body) })
		}
		fault.send(w, r, whole)
	})
}

// mangles says whether the fault does something to an answer, for which the answer has to be there whole.
func (f *Fault) mangles() bool {
	return f.Links != "" || f.CutAfter > 0 || f.StallAfter > 0 || f.BytesPerSecond > 0
}

// fail writes the fault's own answer, or the true one if the fault has none.
func (f *Set) fail(w http.ResponseWriter, r *http.Request, fault Fault, inner http.Handler) {
	if fault.DOPHint > 0 && w.Header().Get(odata.DOPHintHeader) != "" {
		w.Header().Set(odata.DOPHintHeader, strconv.Itoa(fault.DOPHint))
	}
	if fault.Status == 0 && fault.Body == nil && fault.Code == "" {
		if fault.Links != "" {
			r = r.Clone(r.Context())
			r.Header.Del("Accept-Encoding") // links are bent in the plain text
		}
		inner.ServeHTTP(w, r)
		return
	}
	if fault.Echo {
		fault.Message = echo(r)
		fault.Body = []byte(fault.Message)
	}
	if fault.RetryAfter != "" {
		w.Header().Set("Retry-After", fault.RetryAfter)
	}
	switch {
	case fault.Challenge:
		f.Entra.Challenge(w, r, fault.Claims)
	case strings.HasPrefix(fault.Code, entraPrefix):
		f.Entra.Refuse(w, fault.entra())
	case fault.Code != "":
		odata.Refuse(cmp.Or(fault.Status, http.StatusInternalServerError), fault.Code, "%s", cmp.Or(fault.Message, usualMessage(fault.Code))).Write(w, r)
	default:
		fault.writeBody(w)
	}
}

// echo tells of a request everything that it holds: its address as sent and decoded, its headers, its body.
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

// entraPrefix begins the codes of Microsoft Entra.
const entraPrefix = "AADSTS"

// entra is the fault as a refusal of the token endpoint.
func (f *Fault) entra() entra.Error {
	number, err := strconv.Atoi(strings.TrimPrefix(f.Code, entraPrefix))
	if err != nil {
		number = 0
	}
	status := cmp.Or(f.Status, http.StatusServiceUnavailable)
	kind := "invalid_request"
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		kind = "temporarily_unavailable"
	}
	return entra.Error{Status: status, Kind: kind, Code: number, Text: cmp.Or(f.Message, usualMessage(f.Code))}
}

func (f *Fault) writeBody(w http.ResponseWriter) {
	w.Header().Set("Content-Type", cmp.Or(f.ContentType, "text/html; charset=utf-8"))
	if f.ContentEncoding != "" {
		w.Header().Set("Content-Encoding", f.ContentEncoding)
	}
	w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
	_, _ = w.Write(f.Body)
}
