package faults

import (
	"net/http"
	"time"
)

// The codes of the three limits that a user can reach (Microsoft, "Service protection API
// limits").
const (
	LimitOfExecution   = "0x80072321" // combined execution time
	LimitOfRequests    = "0x80072322" // number of requests
	LimitOfConcurrency = "0x80072326" // requests at one moment
)

// jsonType is the content type of the service's responses.
const jsonType = "application/json; odata.metadata=minimal"

// The bodies of broken responses.
const (
	loginPage  = "<!DOCTYPE html><html><head><title>Sign in to your account</title></head><body></body></html>"
	brokenJSON = `{"value":[{"name":"unfinished`
	brokenGzip = "\x1f\x8b\x08\x00 not what it was"
)

// Throttling refuses a request for too many of them, with the Retry-After header given: seconds, a date, or nonsense.
func Throttling(retryAfter string) Fault { return ThrottledBy(LimitOfRequests, retryAfter) }

// ThrottledBy refuses a request for one of the three limits, with the Retry-After header given.
func ThrottledBy(limit, retryAfter string) Fault {
	return Fault{Then: Chain{Header{"Retry-After", retryAfter}, Error{Status: http.StatusTooManyRequests, Code: limit}}}
}

// GatewayError returns a response that does not come from Dataverse itself: 502, 503 or 504 with a page of HTML.
func GatewayError(status int) Fault {
	return Fault{Then: Response{Status: status, Body: []byte(gatewayPage(status))}}
}

func gatewayPage(status int) string {
	title := http.StatusText(status)
	return "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>"
}

// HTMLError returns an error page of HTML with any status, as a proxy or a firewall sends: 400, 404, 410.
func HTMLError(status int) Fault { return GatewayError(status) }

// PluginError returns the refusal of a plug-in, which can fail reads too, with any status (Microsoft, "Web service error
// codes": 0x80040265, IsvAborted).
func PluginError(status int) Fault {
	return Fault{Then: Error{Status: status, Code: "0x80040265", Message: "The plug-in has aborted the operation."}}
}

// MessageObject returns an error in the form of older OData: its message is an object with a language, and its code a number.
func MessageObject(status int) Fault {
	const body = `{"error":{"code":-2147220970,"message":{"lang":"en-US","value":"An unexpected error occurred."}}}`
	return Fault{Then: Response{Status: status, ContentType: "Application/JSON; charset=UTF-8", Body: []byte(body)}}
}

// MissingDefinition leaves the definition of a table out of every response that would hold it.
func MissingDefinition(table string) Fault {
	return Fault{Match: PhaseMetadata, When: Timing{Count: Forever}, Then: Definition{Table: table}}
}

// BrokenDefinition returns an internal error in place of every response that would hold the definition of a table.
func BrokenDefinition(table string) Fault {
	return Fault{Match: PhaseMetadata, When: Timing{Count: Forever}, Then: Definition{Table: table, Then: Error{Code: "0x80040216"}}}
}

// MisshapenDefinition returns JSON that is not a definition in place of the definition of a table, in every response.
func MisshapenDefinition(table string) Fault {
	return Fault{Match: PhaseMetadata, When: Timing{Count: Forever}, Then: Misshapen(table)}
}

// LoginPage returns a page of HTML with status 200 in place of JSON, as a proxy or an expired session sends.
func LoginPage() Fault {
	return Fault{Then: Response{Status: http.StatusOK, Body: []byte(loginPage)}}
}

// BrokenJSON returns a response whose JSON ends in its middle.
func BrokenJSON() Fault {
	return Fault{Then: Response{Status: http.StatusOK, Body: []byte(brokenJSON), ContentType: jsonType}}
}

// BrokenGzip returns a response that claims to be compressed and is not.
func BrokenGzip() Fault {
	return Fault{Then: Response{Status: http.StatusOK, Body: []byte(brokenGzip), ContentType: jsonType, ContentEncoding: "gzip"}}
}

// Cut breaks the connection after so many bytes of the body.
func Cut(after int) Fault { return Fault{Then: Transfer{CutAfter: after}} }

// Stalled sends so many bytes of the body, and then nothing until the client goes away.
func Stalled(after int) Fault { return Fault{Then: Transfer{StallAfter: after}} }

// Dropped breaks the connection without a response.
func Dropped() Fault { return Fault{Then: Drop{}} }

// Slow delays the response.
func Slow(delay time.Duration) Fault { return Fault{Then: Delay(delay)} }

// Internal returns an error 500 of the service with that code.
func Internal(code string) Fault {
	return Fault{Then: Error{Status: http.StatusInternalServerError, Code: code}}
}

// SQLTimeout returns the error of a query that takes the database too long.
func SQLTimeout() Fault { return Internal("0x80044151") }

// SQLTimeoutAbove returns an SQL timeout of each page of more than so many rows, however often it is asked for.
func SQLTimeoutAbove(rows int) Fault { return SQLTimeout().On(LargerThan(rows)).Always() }

// TooExpensive returns the refusal of a query that would take too much of the database. Waiting does not help; asking for
// less does.
func TooExpensive() Fault { return Internal("0x80048544") }

// RevokedToken refuses the token, as when it was revoked before it expired.
func RevokedToken() Fault { return Fault{Match: WebAPI, Then: Unauthorized{}} }

// DemandedClaims refuses every token that was not asked for with these claims, JSON, as conditional access does.
func DemandedClaims(claims string) Fault {
	return Fault{Match: All{WebAPI, LacksClaims(claims)}, When: Timing{Count: Forever}, Then: Unauthorized{Claims: claims}}
}

// Echoed returns an error whose message repeats the whole request, with its token.
func Echoed(status int, code string) Fault { return Fault{Then: Echo{status, code}} }

// SignInOutage returns a response of Microsoft Entra while it is out of service (Microsoft, "Microsoft Entra authentication
// and authorization error codes", AADSTS90033).
func SignInOutage() Fault {
	return Fault{Match: PhaseSignIn, Then: Error{Status: http.StatusServiceUnavailable, Code: "AADSTS90033"}}
}

// usualMessage returns the service's message for a code (Microsoft, "Web service error codes").
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
