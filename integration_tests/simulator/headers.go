package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// dopHintHeader names the header of the recommended degree of parallelism.
const dopHintHeader = "x-ms-dop-hint"

// usualDOPHint is the degree of parallelism that the service recommends to clients of an ordinary environment.
const usualDOPHint = 4

// setDOPHint changes the recommendation; 0 is the usual one.
func (h *host) setDOPHint(n int) {
	if n <= 0 {
		n = usualDOPHint
	}
	h.dopHint.Store(int64(n))
}

// setODataVersion says which version of OData an answer is of. The service's spelling is not Go's canonical one.
func setODataVersion(header http.Header) { header["OData-Version"] = []string{"4.0"} }

// withHeaders sets the headers of every answer of the service, as a published trace of WhoAmI shows them
// (Microsoft, "Use PowerShell and Visual Studio Code with the Dataverse Web API").
func (h *host) withHeaders(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		now := h.environment.now()
		header.Set("Date", now.Format(http.TimeFormat))
		header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		if !strings.HasPrefix(r.URL.Path, apiPrefix) {
			inner.ServeHTTP(w, r)
			return
		}
		request := newRequestID()
		organization := h.environment.organization()
		cookieEnd := now.AddDate(50, 0, 0).Format(http.TimeFormat)
		header.Set("Cache-Control", "no-cache")
		header.Set("Expires", "-1")
		header.Set("Allow", "OPTIONS,GET,HEAD,POST")
		header.Set("Public", "OPTIONS,GET,HEAD,POST")
		header.Set("Vary", "Accept-Encoding")
		header.Set("x-ms-service-request-id", request)
		header.Add("x-ms-service-request-id", newRequestID())
		header["REQ_ID"] = []string{request}
		header.Set("AuthActivityId", newRequestID())
		header["CRM.ServiceId"] = []string{"framework"}
		header.Set(dopHintHeader, strconv.FormatInt(h.dopHint.Load(), 10))
		setODataVersion(header)
		header.Set("X-Source", "1102122184388741472227281771242034204771681828610123991219190145112")
		header.Add("Set-Cookie", "ARRAffinity="+h.affinity+"; path=/; secure; HttpOnly")
		header.Add("Set-Cookie", "ReqClientId="+request+"; expires="+cookieEnd+"; path=/; secure; HttpOnly")
		header.Add("Set-Cookie", "orgId="+organization+"; expires="+cookieEnd+"; path=/; secure; HttpOnly")
		inner.ServeHTTP(w, r)
	})
}
