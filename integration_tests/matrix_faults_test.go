package integration_tests_test

import (
	"net/http"
	"slices"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/source"
)

// matrixRow is a row of the matrix: faults, and the expected outcome in each phase.
type matrixRow struct {
	name   string
	want   [6]string // by phase
	faults []faults.Fault
	limit  string        // that the log must name, with a pause that the statuses of streams must show
	built  bool          // the built connector runs as a process
	large  bool          // pages have 60 rows, so that smaller ones can be requested
	limits source.Limits // in place of the usual ones
}

// everywhere and the functions below return an outcome for each phase.
func everywhere(o string) [6]string  { return [6]string{o, o, o, o, o, o} }
func ofService(o string) [6]string   { return [6]string{never, o, o, o, o, o} }
func ofSignIn(o string) [6]string    { return [6]string{o, never, never, never, never, never} }
func ofPages(o string) [6]string     { return [6]string{never, never, o, o, o, o} }
func atSignIn(s, o string) [6]string { return [6]string{s, o, o, o, o, o} }

// each makes a fault strike every request once.
func each(f faults.Fault) []faults.Fault {
	f.When.Each = true
	return []faults.Fault{f}
}

// once makes it strike one request, for faults that take long.
func once(f faults.Fault) []faults.Fault { return []faults.Fault{f} }

// always makes it strike every request, every time.
func always(f faults.Fault) []faults.Fault {
	return []faults.Fault{f.Always()}
}

// early is the byte after which faults cut or stop a response: even the shortest response is longer.
const early = 20

// matrixRows returns the rows of the matrix.
func matrixRows() []matrixRow {
	return slices.Concat(limitFaults(), outages(), refusals(), prooflessFaults(), linkFaults())
}

func limitFaults() []matrixRow {
	return []matrixRow{
		{name: "429, number of requests", want: ofService(exact), faults: once(faults.ThrottledBy(faults.LimitOfRequests, "1")), limit: "number of requests", built: true},
		{name: "429, execution time", want: ofService(exact), faults: once(faults.ThrottledBy(faults.LimitOfExecution, "1")), limit: "combined execution time"},
		{name: "429, concurrent requests", want: ofService(exact), faults: once(faults.ThrottledBy(faults.LimitOfConcurrency, "1")), limit: "concurrent requests"},
		{name: "429 without end", want: ofService("throttled"), faults: always(faults.Throttling("1")), limits: source.Limits{Budget: 2500 * time.Millisecond}},
		{name: "429 with a pause of two hours", want: ofService("long pause"), faults: always(faults.Throttling("7200"))},
		{name: "`x-ms-dop-hint` falls to 1", want: ofService(exact), faults: always(faults.Fault{Then: faults.DOPHint(1)})},
	}
}

func outages() []matrixRow {
	stalling := source.Limits{Attempt: time.Second}
	unexpected := faults.Fault{Then: faults.Response{ContentType: "application/json", Body: []byte(`{"status":"ok"}`)}}
	return []matrixRow{
		{name: "502", want: everywhere(exact), faults: each(faults.GatewayError(http.StatusBadGateway))},
		{name: "503", want: everywhere(exact), faults: each(faults.GatewayError(http.StatusServiceUnavailable)), built: true},
		{name: "504", want: everywhere(exact), faults: each(faults.GatewayError(http.StatusGatewayTimeout))},
		{name: "503 without end", want: atSignIn("sign-in failed", "outage"), faults: always(faults.GatewayError(http.StatusServiceUnavailable))},
		{name: "no response, the connection breaks", want: everywhere(exact), faults: each(faults.Dropped())},
		{name: "no response at all, every connection breaks", want: atSignIn("sign-in failed", "connection lost"), faults: always(faults.Dropped())},
		{name: "a response that breaks off", want: everywhere(exact), faults: each(faults.Cut(early)), built: true},
		{name: "all responses break off", want: atSignIn("sign-in failed", "connection lost"), faults: always(faults.Cut(early))},
		{name: "a response that stops halfway", want: everywhere(exact), faults: once(faults.Stalled(early)), limits: stalling},
		{name: "all responses stop halfway", want: atSignIn("sign-in failed", "connection lost"), faults: always(faults.Stalled(early)), limits: stalling},
		{name: "a response whose bytes come slowly", want: everywhere(exact), faults: each(faults.Fault{Then: faults.Transfer{BytesPerSecond: 50_000}})},
		{name: "a response whose JSON ends early", want: everywhere(exact), faults: each(faults.BrokenJSON())},
		{name: "only responses whose JSON ends early", want: atSignIn("sign-in refused", "connection lost"), faults: always(faults.BrokenJSON())},
		{name: "a response that is not from the Web API", want: everywhere(exact), faults: each(unexpected)},
		{name: "only responses that are not from the Web API", want: atSignIn("sign-in refused", "unreadable"), faults: always(unexpected)},
		{name: "an HTML page", want: everywhere(exact), faults: each(faults.LoginPage())},
		{name: "only HTML pages", want: atSignIn("sign-in refused", "unreadable"), faults: always(faults.LoginPage())},
		{name: "a response that cannot be decompressed", want: ofService(exact), faults: each(faults.BrokenGzip())},
	}
}

func refusals() []matrixRow {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1-demanded"}}}`
	internal := func(code string) faults.Fault {
		return faults.Fault{Then: faults.Error{Status: http.StatusInternalServerError, Code: code}}
	}
	afterwards := faults.SignInOutage()
	afterwards.When = faults.Timing{Nth: 3, Count: 3} // the first sign-in has two requests
	return []matrixRow{
		{name: "0x80044150, SQL error", want: ofService(exact), faults: each(internal("0x80044150"))},
		{name: "0x80072323, SQL resource limit", want: ofService(exact), faults: each(internal("0x80072323"))},
		{name: "0x80040216, unexpected error", want: ofService(exact), faults: each(internal("0x80040216"))},
		{name: "0x8004418D, no sandbox", want: ofService(exact), faults: each(internal("0x8004418D"))},
		{name: "0x80044151, SQL timeout", want: ofService(exact), faults: each(faults.SQLTimeout())},
		{name: "0x80044151 on pages of more than 50 rows", want: ofPages(exact), faults: once(faults.SQLTimeoutAbove(50)), large: true},
		{name: "0x80044151 without end, on pages of any size", want: ofService("outage"), faults: always(faults.SQLTimeout())},
		{name: "0x80048544, query too expensive, on pages of more than 50 rows", want: ofPages(exact), faults: onLargePages(faults.TooExpensive()), large: true},
		{name: "0x80048544 on pages of any size", want: ofPages("outage"), faults: always(faults.TooExpensive())},
		{name: "an attempt that times out, on pages of more than 50 rows", want: ofPages(exact), faults: onLargePages(faults.Slow(time.Minute)), large: true, limits: source.Limits{Attempt: time.Second}},
		{name: "0x80040216 with a message that quotes the whole request", want: atSignIn("sign-in failed", "outage"), faults: always(faults.Echoed(http.StatusInternalServerError, "0x80040216"))},
		{name: "403 with a message that quotes the whole request", want: ofService("forbidden"), faults: always(faults.Echoed(http.StatusForbidden, "0x80040220"))},
		{name: "401, a revoked token", want: ofService(exact), faults: each(faults.RevokedToken()), built: true},
		{name: "401 during a short outage of Microsoft Entra", want: ofService(exact), faults: append(once(faults.RevokedToken()), afterwards)},
		{name: "401 without end", want: ofService("token refused"), faults: always(faults.RevokedToken())},
		{name: "401 with a claims challenge", want: ofService(exact), faults: always(faults.DemandedClaims(claims))},
		{name: "a short outage of Microsoft Entra", want: ofSignIn(exact), faults: each(faults.SignInOutage())},
		{name: "429 from Microsoft Entra", want: ofSignIn(exact), faults: once(faults.Fault{Then: faults.Chain{faults.Header{Name: "Retry-After", Value: "1"}, faults.Error{Status: http.StatusTooManyRequests, Code: "AADSTS90055"}}})},
	}
}

// onLargePages makes a fault strike large pages, every time.
func onLargePages(f faults.Fault) []faults.Fault {
	return always(f.On(faults.LargerThan(50)))
}

func linkFaults() []matrixRow {
	return []matrixRow{
		{name: "links to another host", want: ofPages("outside link"), faults: always(faults.Fault{Then: faults.OtherHostLinks})},
		{name: "a next link that repeats", want: [6]string{never, never, "repeated link", "repeated link", never, "repeated link"}, faults: always(faults.Fault{Then: faults.RepeatedLinks})},
		{name: "no delta link", want: [6]string{never, never, never, never, "no delta link", "no delta link"}, faults: always(faults.Fault{Then: faults.MissingDeltaLink})},
	}
}
