package faults

import (
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Matcher chooses requests.
type Matcher interface {
	Matches(r *Request) bool
}

// All matches requests that each of its matchers matches.
type All []Matcher

// Matches implements Matcher.
func (a All) Matches(r *Request) bool {
	for _, m := range a {
		if !m.Matches(r) {
			return false
		}
	}
	return true
}

// Func matches by any condition of the HTTP request.
type Func func(*http.Request) bool

// Matches implements Matcher.
func (f Func) Matches(r *Request) bool { return f(r.HTTP) }

// Table matches requests for rows of the table with that logical name.
type Table string

// Matches implements Matcher.
func (t Table) Matches(r *Request) bool { return r.Table == string(t) }

// Page matches the page of that number in its scan, from 1.
type Page int

// Matches implements Matcher.
func (p Page) Matches(r *Request) bool { return r.Page == int(p) }

// LargerThan matches pages that are asked for with more rows than that.
type LargerThan int

// Matches implements Matcher.
func (n LargerThan) Matches(r *Request) bool { return r.Size > int(n) }

// Method matches requests with that HTTP method.
type Method string

// Matches implements Matcher.
func (m Method) Matches(r *Request) bool { return r.HTTP.Method == string(m) }

// PathPrefix matches requests whose decoded path begins so.
type PathPrefix string

// Matches implements Matcher.
func (p PathPrefix) Matches(r *Request) bool { return strings.HasPrefix(r.HTTP.URL.Path, string(p)) }

// WebAPI matches every request of the Web API, and none of the sign-in host.
const WebAPI PathPrefix = odata.APIPrefix

// Contains matches requests whose path with its query, as sent, has that part, such as "$skiptoken".
type Contains string

// Matches implements Matcher.
func (c Contains) Matches(r *Request) bool {
	return strings.Contains(r.HTTP.URL.RequestURI(), string(c))
}

// LacksClaims matches requests whose token was not asked for with these claims, JSON.
type LacksClaims string

// Matches implements Matcher.
func (c LacksClaims) Matches(r *Request) bool { return !r.satisfies(string(c)) }
