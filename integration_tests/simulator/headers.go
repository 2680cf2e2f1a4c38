package simulator

import (
	"net/http"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// usualDOPHint is the degree of parallelism that the service recommends to clients of an ordinary environment.
const usualDOPHint = 4

// setDOPHint changes the recommendation; 0 is the usual one.
func (h *host) setDOPHint(n int) {
	if n <= 0 {
		n = usualDOPHint
	}
	h.dopHint.Store(int64(n))
}

// withHeaders sets the headers of every response of the service, as a published trace of WhoAmI shows them
// (Microsoft, "Use PowerShell and Visual Studio Code with the Dataverse Web API").
func (h *host) withHeaders(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		now := h.environment.Now()
		header.Set("Date", now.Format(http.TimeFormat))
		header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		if !strings.HasPrefix(r.URL.Path, odata.APIPrefix) {
			inner.ServeHTTP(w, r)
			return
		}
		request := guid.New()
		organization := h.environment.Organization()
		cookieEnd := now.AddDate(50, 0, 0).Format(http.TimeFormat)
		header.Set("Cache-Control", "no-cache")
		header.Set("Expires", "-1")
		header.Set("Allow", "OPTIONS,GET,HEAD,POST")
		header.Set("Public", "OPTIONS,GET,HEAD,POST")
		header.Set("Vary", "Accept-Encoding")
		header.Set("x-ms-service-request-id", request)
		header.Add("x-ms-service-request-id", guid.New())
		header["REQ_ID"] = []string{request}
		header.Set("AuthActivityId", guid.New())
		header["CRM.ServiceId"] = []string{"framework"}
		header.Set(odata.DOPHintHeader, strconv.FormatInt(h.dopHint.Load(), 10))
		odata.SetODataVersion(header)
		header.Set("X-Source", "1102122184388741472227281771242034204771681828610123991219190145112")
		r = h.withServer(r)
		header.Add("Set-Cookie", affinityCookie+"="+serverOf(r)+"; path=/; secure; HttpOnly")
		header.Add("Set-Cookie", "ReqClientId="+request+"; expires="+cookieEnd+"; path=/; secure; HttpOnly")
		header.Add("Set-Cookie", "orgId="+organization+"; expires="+cookieEnd+"; path=/; secure; HttpOnly")
		inner.ServeHTTP(w, r)
	})
}
