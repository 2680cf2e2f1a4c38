package integration_tests_test

import (
	"net/http"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/source"
)

// trouble is a row of the matrix: what goes wrong, and what comes of it in each phase.
type trouble struct {
	name   string
	want   [6]string // by phase
	faults []simulator.Fault
	limit  string        // that the log has to name, with a pause that the streams have to tell
	built  bool          // by the built connector, as a process
	large  bool          // on pages of 60 rows, from which smaller ones can be asked for
	limits source.Limits // beside the usual ones
}

// everywhere and its like are outcomes by phase.
func everywhere(o string) [6]string  { return [6]string{o, o, o, o, o, o} }
func ofService(o string) [6]string   { return [6]string{never, o, o, o, o, o} }
func ofSignIn(o string) [6]string    { return [6]string{o, never, never, never, never, never} }
func ofPages(o string) [6]string     { return [6]string{never, never, o, o, o, o} }
func atSignIn(s, o string) [6]string { return [6]string{s, o, o, o, o, o} }

// each makes a fault strike every request once.
func each(f simulator.Fault) []simulator.Fault {
	f.Each = true
	return []simulator.Fault{f}
}

// once makes it strike one request, for those that take their time.
func once(f simulator.Fault) []simulator.Fault { return []simulator.Fault{f} }

// always makes it strike every request, every time.
func always(f simulator.Fault) []simulator.Fault {
	f.Count = -1
	return []simulator.Fault{f}
}

// The faults cut and stop an answer where even the shortest has begun and not ended.
const early = 20

// faults are the rows of the matrix. What they end in was written down before any was tried.
func faults() []trouble {
	return append(append(limitFaults(), outages()...), append(refusals(), linkFaults()...)...)
}

func limitFaults() []trouble {
	return []trouble{
		{name: "429, number of requests", want: ofService(exact), faults: once(simulator.ThrottledBy(simulator.LimitOfRequests, "1")), limit: "number of requests", built: true},
		{name: "429, execution time", want: ofService(exact), faults: once(simulator.ThrottledBy(simulator.LimitOfExecution, "1")), limit: "combined execution time"},
		{name: "429, concurrent requests", want: ofService(exact), faults: once(simulator.ThrottledBy(simulator.LimitOfConcurrency, "1")), limit: "concurrent requests"},
		{name: "429 without end", want: ofService("throttled"), faults: always(simulator.Throttling("1")), limits: source.Limits{Budget: 2500 * time.Millisecond}},
		{name: "429 with a pause of two hours", want: ofService("long pause"), faults: always(simulator.Throttling("7200"))},
		{name: "`x-ms-dop-hint` falls to 1", want: ofService(exact), faults: always(simulator.Fault{DOPHint: 1})},
	}
}

func outages() []trouble {
	stalling := source.Limits{Attempt: time.Second}
	strange := simulator.Fault{Body: []byte(`{"status":"ok"}`), ContentType: "application/json"}
	return []trouble{
		{name: "502", want: everywhere(exact), faults: each(simulator.GatewayError(http.StatusBadGateway))},
		{name: "503", want: everywhere(exact), faults: each(simulator.GatewayError(http.StatusServiceUnavailable)), built: true},
		{name: "504", want: everywhere(exact), faults: each(simulator.GatewayError(http.StatusGatewayTimeout))},
		{name: "503 without end", want: atSignIn("no sign-in", "outage"), faults: always(simulator.GatewayError(http.StatusServiceUnavailable))},
		{name: "no answer, the connection breaks", want: everywhere(exact), faults: each(simulator.Dropped())},
		{name: "no answer at all, every connection breaks", want: atSignIn("no sign-in", "broken off"), faults: always(simulator.Dropped())},
		{name: "an answer that breaks off", want: everywhere(exact), faults: each(simulator.Cut(early)), built: true},
		{name: "all answers break off", want: atSignIn("no sign-in", "broken off"), faults: always(simulator.Cut(early))},
		{name: "an answer that stops in its middle", want: everywhere(exact), faults: once(simulator.Stalled(early)), limits: stalling},
		{name: "all answers stop in their middle", want: atSignIn("no sign-in", "broken off"), faults: always(simulator.Stalled(early)), limits: stalling},
		{name: "an answer whose bytes come slowly", want: everywhere(exact), faults: each(simulator.Fault{BytesPerSecond: 50_000})},
		{name: "an answer whose JSON ends early", want: everywhere(exact), faults: each(simulator.Garbage())},
		{name: "nothing but answers whose JSON ends early", want: atSignIn("no authority", "broken off"), faults: always(simulator.Garbage())},
		{name: "an answer of another kind", want: everywhere(exact), faults: each(strange)},
		{name: "nothing but answers of another kind", want: atSignIn("no authority", "unreadable"), faults: always(strange)},
		{name: "a page of HTML", want: everywhere(exact), faults: each(simulator.LoginPage())},
		{name: "nothing but pages of HTML", want: atSignIn("no authority", "unreadable"), faults: always(simulator.LoginPage())},
		{name: "an answer that cannot be unpacked", want: ofService(exact), faults: each(simulator.Garbled())},
	}
}

func refusals() []trouble {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1-demanded"}}}`
	internal := func(code string) simulator.Fault {
		return simulator.Fault{Status: http.StatusInternalServerError, Code: code}
	}
	afterwards := simulator.SignInOutage()
	afterwards.Nth, afterwards.Count = 3, 3 // the first sign-in has two requests
	return []trouble{
		{name: "0x80044150, SQL error", want: ofService(exact), faults: each(internal("0x80044150"))},
		{name: "0x80072323, SQL resource limit", want: ofService(exact), faults: each(internal("0x80072323"))},
		{name: "0x80040216, unexpected error", want: ofService(exact), faults: each(internal("0x80040216"))},
		{name: "0x8004418D, no sandbox", want: ofService(exact), faults: each(internal("0x8004418D"))},
		{name: "0x80044151, SQL timeout", want: ofService(exact), faults: each(simulator.SQLTimeout())},
		{name: "0x80044151 on pages of more than 50 rows", want: ofPages(exact), faults: once(simulator.HeavierThan(50)), large: true},
		{name: "0x80044151 without end, on pages of any size", want: ofService("outage"), faults: always(simulator.SQLTimeout())},
		{name: "0x80048544, too heavy, on pages of more than 50 rows", want: ofPages(exact), faults: heavy(simulator.TooHeavy()), large: true},
		{name: "0x80048544 on pages of any size", want: ofPages("outage"), faults: always(simulator.TooHeavy())},
		{name: "an attempt that times out, on pages of more than 50 rows", want: ofPages(exact), faults: heavy(simulator.Slow(time.Minute)), large: true, limits: source.Limits{Attempt: time.Second}},
		{name: "0x80040216 that repeats the whole request", want: atSignIn("no sign-in", "outage"), faults: always(simulator.Echoed(http.StatusInternalServerError, "0x80040216"))},
		{name: "403 that repeats the whole request", want: ofService("forbidden"), faults: always(simulator.Echoed(http.StatusForbidden, "0x80040220"))},
		{name: "401, a token taken back", want: ofService(exact), faults: each(simulator.LostToken()), built: true},
		{name: "401 while Microsoft Entra is out for a moment", want: ofService(exact), faults: append(once(simulator.LostToken()), afterwards)},
		{name: "401 without end", want: ofService("no token"), faults: always(simulator.LostToken())},
		{name: "401 with a claims challenge", want: ofService(exact), faults: always(simulator.DemandedClaims(claims))},
		{name: "Microsoft Entra is out for a moment", want: ofSignIn(exact), faults: each(simulator.SignInOutage())},
		{name: "429 of Microsoft Entra", want: ofSignIn(exact), faults: once(simulator.Fault{Status: http.StatusTooManyRequests, Code: "AADSTS90055", RetryAfter: "1"})},
	}
}

// heavy makes a fault strike large pages, every time.
func heavy(f simulator.Fault) []simulator.Fault {
	f.LargerThan = 50
	return always(f)
}

func linkFaults() []trouble {
	return []trouble{
		{name: "links to another host", want: ofPages("foreign link"), faults: always(simulator.Fault{Links: simulator.ForeignLinks})},
		{name: "a next link in circles", want: [6]string{never, never, "circle", "circle", never, "circle"}, faults: always(simulator.Fault{Links: simulator.RepeatedLinks})},
		{name: "no delta link", want: [6]string{never, never, never, never, "no delta link", "no delta link"}, faults: always(simulator.Fault{Links: simulator.MissingDeltaLink})},
	}
}
