package faults

// Kind is a fault with a name, for the text form.
type Kind struct {
	Name        string
	Description string
	Fields      string // the equivalent fields of the text form
}

// usualClaims are demanded where no others are named: of the authentication context c1.
const usualClaims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`

// Kinds returns all faults that have a name.
func Kinds() []Kind {
	const unauthorized = "path=/api/data/ challenge=true"
	throttled := func(limit string) string { return "status=429 retry-after=1 code=" + limit }
	gateway := func(status string, page string) string { return "status=" + status + " body='" + page + "'" }
	return []Kind{
		{"throttled-requests", "429: number of requests", throttled(LimitOfRequests)},
		{"throttled-execution", "429: combined execution time", throttled(LimitOfExecution)},
		{"throttled-concurrency", "429: concurrent requests", throttled(LimitOfConcurrency)},
		{"bad-gateway", "502 with HTML", gateway("502", gatewayPage(502))},
		{"unavailable", "503 with HTML", gateway("503", gatewayPage(503))},
		{"gateway-timeout", "504 with HTML", gateway("504", gatewayPage(504))},
		{"html-error", "400 with HTML, as a proxy or a firewall sends", gateway("400", gatewayPage(400))},
		{"plugin-error", "400 0x80040265, refused by a plug-in", "status=400 code=0x80040265 message='The plug-in has aborted the operation.'"},
		{"login-page", "200 with HTML", gateway("200", loginPage)},
		{"broken-json", "200 with JSON that ends halfway", "status=200 content-type='" + jsonType + "' body='" + brokenJSON + "'"},
		{"broken-gzip", "200 with a body that is not gzip as it claims", "status=200 content-type='" + jsonType + "' content-encoding=gzip body='" + brokenGzip + "'"},
		{"cut", "the connection breaks within the body", "cut-after=64"},
		{"stalled", "the body stops halfway and the connection stays open", "stall-after=64"},
		{"slow-bytes", "the body comes at 2,000 bytes a second", "bytes-per-second=2000"},
		{"dropped", "the connection breaks without a response", "drop=true"},
		{"sql-error", "500 0x80044150, usually a deadlock", "status=500 code=0x80044150"},
		{"sql-timeout", "500 0x80044151; with `larger-than=250` only for pages of more than 250 rows", "status=500 code=0x80044151"},
		{"sql-limit", "500 0x80072323, the database is at its limit", "status=500 code=0x80072323"},
		{"too-expensive", "500 0x80048544, the query is refused", "status=500 code=0x80048544"},
		{"unexpected", "500 0x80040216", "status=500 code=0x80040216"},
		{"sandbox", "500 0x8004418D, no plug-in sandbox", "status=500 code=0x8004418D"},
		{"echo", "500 0x80040216, with a message that repeats the whole request", "status=500 code=0x80040216 echo=true"},
		{"revoked-token", "401", unauthorized},
		{"demanded-claims", "401 with a claims challenge, to every token without the claims", unauthorized + " count=all claims=" + usualClaims},
		{"sign-in-outage", "503 AADSTS90033 of the sign-in host", "phase=sign-in status=503 code=AADSTS90033"},
		{"other-host-links", "the links of a page lead to another host", "links=other-host"},
		{"repeated-links", "the next link leads to its own page", "links=repeated"},
		{"missing-links", "pages have no link at all", "links=missing"},
		{"more-without-link", "pages announce more records and have no link", "links=more-records"},
		{"endless-links", "each page has a next link, to its own rows", "links=endless"},
		{"error-beside-value", "200 with an error beside the rows", "bend=error-beside-value"},
		{"inflating", "a small body that decompresses to 1 GB", "inflate=1073741824"},
		{"missing-delta-link", "the last page lacks its delta link", "links=missing-delta"},
	}
}
