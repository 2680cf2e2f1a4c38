package faults

import (
	"net/http"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// The codes by which the service says which of its three limits a user has reached (Microsoft, "Service protection API
// limits").
const (
	LimitOfExecution   = "0x80072321" // combined execution time
	LimitOfRequests    = "0x80072322" // number of requests
	LimitOfConcurrency = "0x80072326" // requests at one moment
)

// jsonType is the content type of the service's answers.
const jsonType = "application/json; odata.metadata=minimal"

// Throttling is a refusal for too many requests, with the Retry-After header given.
func Throttling(retryAfter string) Fault { return ThrottledBy(LimitOfRequests, retryAfter) }

// ThrottledBy is a refusal for one of the three limits, with the Retry-After header given.
func ThrottledBy(limit, retryAfter string) Fault {
	return Fault{Status: http.StatusTooManyRequests, Code: limit, RetryAfter: retryAfter}
}

// GatewayError is an answer that does not come from Dataverse itself: 502, 503 or 504 with a page of HTML.
func GatewayError(status int) Fault {
	return Fault{Status: status, Body: []byte("<html><head><title>" + http.StatusText(status) + "</title></head><body><h1>" + http.StatusText(status) + "</h1></body></html>")}
}

// LoginPage is a page of HTML with status 200 in place of JSON, as a proxy or an expired session gives.
func LoginPage() Fault {
	return Fault{Status: http.StatusOK, Body: []byte("<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body></body></html>")}
}

// Garbage is an answer that says it is JSON and is not.
func Garbage() Fault {
	return Fault{Status: http.StatusOK, Body: []byte(`{"value":[{"name":"unfinished`), ContentType: jsonType}
}

// Garbled is an answer that says it is compressed and is not.
func Garbled() Fault {
	return Fault{Status: http.StatusOK, Body: []byte("\x1f\x8b\x08\x00 not what it was"), ContentType: jsonType, ContentEncoding: "gzip"}
}

// Cut breaks the connection after so many bytes of the body.
func Cut(after int) Fault { return Fault{CutAfter: after} }

// Stalled sends so many bytes of the body, and then nothing until the client goes away.
func Stalled(after int) Fault { return Fault{StallAfter: after} }

// Dropped breaks the connection without an answer.
func Dropped() Fault { return Fault{Drop: true} }

// Slow delays the answer.
func Slow(delay time.Duration) Fault { return Fault{Delay: delay} }

// SQLTimeout is the answer to a query that takes the database too long.
func SQLTimeout() Fault { return Fault{Status: http.StatusInternalServerError, Code: "0x80044151"} }

// HeavierThan is an SQL timeout of each page of more than so many rows, however often it is asked for.
func HeavierThan(rows int) Fault {
	f := SQLTimeout()
	f.LargerThan, f.Count = rows, -1
	return f
}

// TooHeavy is the refusal of a query that the database would not bear. To wait does not help, to ask for less does.
func TooHeavy() Fault { return Fault{Status: http.StatusInternalServerError, Code: "0x80048544"} }

// LostToken refuses the token, as when it was revoked before its time.
func LostToken() Fault {
	return Fault{Path: odata.APIPrefix, Status: http.StatusUnauthorized, Challenge: true}
}

// DemandedClaims refuses every token that was not asked for with these claims, JSON, as conditional access does
// (Microsoft, "Claims challenges, claims requests and client capabilities").
func DemandedClaims(claims string) Fault {
	return Fault{Path: odata.APIPrefix, Status: http.StatusUnauthorized, Challenge: true, Claims: claims, Count: -1}
}

// Echoed is an error whose message repeats the whole request, with its token.
func Echoed(status int, code string) Fault { return Fault{Status: status, Code: code, Echo: true} }

// SignInOutage is an answer of Microsoft Entra while it cannot serve (Microsoft, "Microsoft Entra authentication and
// authorization error codes", AADSTS90033).
func SignInOutage() Fault {
	return Fault{Phase: PhaseSignIn, Status: http.StatusServiceUnavailable, Code: "AADSTS90033"}
}

// usualClaims are demanded where no others are named: of the authentication context c1.
const usualClaims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`

// FaultKind is a fault with a name, for the command line.
type FaultKind struct {
	Name, Tell string
	Fault      Fault
}

// FaultKinds are all faults that have a name.
func FaultKinds() []FaultKind {
	const refused = http.StatusInternalServerError
	return []FaultKind{
		{"throttled-requests", "429: number of requests", ThrottledBy(LimitOfRequests, "1")},
		{"throttled-execution", "429: combined execution time", ThrottledBy(LimitOfExecution, "1")},
		{"throttled-concurrency", "429: concurrent requests", ThrottledBy(LimitOfConcurrency, "1")},
		{"bad-gateway", "502 with HTML", GatewayError(http.StatusBadGateway)},
		{"unavailable", "503 with HTML", GatewayError(http.StatusServiceUnavailable)},
		{"gateway-timeout", "504 with HTML", GatewayError(http.StatusGatewayTimeout)},
		{"login-page", "200 with HTML", LoginPage()},
		{"garbage", "200 with JSON that ends in its middle", Garbage()},
		{"garbled", "200 with a body that is not gzip as it says", Garbled()},
		{"cut", "the connection breaks within the body", Cut(64)},
		{"stalled", "the body stops in its middle and the connection stays", Stalled(64)},
		{"slow-bytes", "the body comes at 2,000 bytes a second", Fault{BytesPerSecond: 2000}},
		{"dropped", "the connection breaks without an answer", Dropped()},
		{"sql-error", "500 0x80044150, mostly a deadlock", Fault{Status: refused, Code: "0x80044150"}},
		{"sql-timeout", "500 0x80044151; with larger-than=250 for pages of more rows alone", SQLTimeout()},
		{"sql-limit", "500 0x80072323, the database is at its limit", Fault{Status: refused, Code: "0x80072323"}},
		{"too-heavy", "500 0x80048544, the query is refused", TooHeavy()},
		{"unexpected", "500 0x80040216", Fault{Status: refused, Code: "0x80040216"}},
		{"sandbox", "500 0x8004418D, no plug-in sandbox", Fault{Status: refused, Code: "0x8004418D"}},
		{"echo", "500 0x80040216, with a message that repeats the whole request", Echoed(refused, "0x80040216")},
		{"lost-token", "401", LostToken()},
		{"demanded-claims", "401 with a claims challenge, to every token without the claims", DemandedClaims(usualClaims)},
		{"sign-in-outage", "503 AADSTS90033 of the sign-in host", SignInOutage()},
		{"foreign-links", "the links of a page lead to another host", Fault{Links: ForeignLinks}},
		{"repeated-links", "the next link leads to its own page", Fault{Links: RepeatedLinks}},
		{"missing-delta-link", "the last page has no delta link", Fault{Links: MissingDeltaLink}},
	}
}

// usualMessage is what the service says beside a code (Microsoft, "Web service error codes").
func usualMessage(code string) string {
	return map[string]string{
		LimitOfExecution: "Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds over time window of 300 seconds. " +
			"Decrease number of concurrent requests or reduce the duration of requests and try again later.",
		LimitOfRequests:    "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
		LimitOfConcurrency: "Number of concurrent requests exceeded the limit of 52.",
		"0x80040216":       "An unexpected error occurred.",
		"0x80044150":       "Generic SQL error.",
		"0x80044151":       "SQL timeout expired.",
		"0x8004418D":       "The plug-in execution failed because no Sandbox Worker processes are currently available. Please try again.",
		"0x80048544":       "This query cannot be executed because it conflicts with throttling optimization.",
		"0x80072323":       "The limit of resource for the database has been reached. Please check the exception for more details.",
		"AADSTS90055":      "There are too many incoming requests. This exception is thrown for blocked tenants.",
		"AADSTS90033":      "A transient error has occurred. Please try again.",
	}[code]
}
