package dataverse

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"

	"source-microsoft-dataverse/source/webpage"
)

// Codes on which the client or its callers decide (Microsoft, "Web service error codes").
const (
	CodeThrottledTime        = "0x80072321" // combined execution time within five minutes
	CodeThrottledRequests    = "0x80072322" // number of requests within five minutes
	CodeThrottledConcurrency = "0x80072326" // concurrent requests
	CodeNotFound             = "0x80040217" // no row with that key
	CodePrivilegeMissing     = "0x80040220" // the user lacks a privilege, or its depth
	CodeNotMember            = "0x80072560" // the token is valid, but its user is not one of this environment
	CodeNoRoles              = "0x80042f09" // the user has no security role
	CodeUserDisabled         = "0x80040225" // the user is disabled, or in no business unit
	CodeTicketOfDisabled     = "0x8004a112" // the user was disabled after the token was issued
	CodeNoLicense            = "0x8004d24b" // the user has no license
	CodeTenantForbidden      = "0x80044507" // the user has no access to the tenant
	CodeOrganizationDisabled = "0x8004a104" // the environment is disabled, or in administration mode
	CodeIPBlocked            = "0x80095ffe" // the IP firewall of the environment (Microsoft, "IP firewall in Power Platform environments")
	CodeNotTracked           = "0x80072491" // change tracking is off for the table
	CodeRelatedNotTracked    = "0x80072492" // an intersect table whose parents are not tracked
	CodeTokenExpired         = "0x80044352" // the delta token is too old, or the table has changed since
	CodeTokenMalformed       = "0x80044183" // the delta token is malformed
	CodeNoRetrieve           = "0x80040800" // a table whose rows cannot be read as a set
	CodePageNumber           = "0x8004112a" // the service does not accept the paging cookie
	CodePageOrder            = "0x80041129" // the paging cookie is of another order
	CodeURINotParsed         = "0x80060888" // OData could not parse the request
	CodeConditionOperator    = "0x80041120" // a condition is not supported, such as a comparison of the column's type
	CodeNotLinked            = "0x80048d0b" // no finance & operations environment belongs to this one

	codeThrottled        = "0x8005f103" // too many requests, by a limit without a name
	codeSQLError         = "0x80044150" // generic SQL error, mostly a deadlock
	codeSQLTimeout       = "0x80044151"
	codeSQLResourceLimit = "0x80072323" // Azure SQL resource limit
	codeNoSandbox        = "0x8004418d" // plug-in sandbox not available
	codeUnexpected       = "0x80040216"
	codeNotInParts       = "0x80090017" // a file that is sent only as a whole (Microsoft, "Use file column data")
)

// queryThrottlingCodes are those with which the service refuses a query that loads its database too much, at once or after it has
// run out of time (Microsoft, "Query throttling" and "Query anti-patterns"). Fewer such queries at once, or smaller pages, may
// succeed.
func queryThrottlingCodes() []string {
	return []string{"0x80048544", "0x80048644", "0x80048744", "0x80048745", "0x80048573", "0x80048574", "0x80048575"}
}

// temporaryCodes are those of failures that pass, whatever their status.
func temporaryCodes() []string {
	return []string{
		CodeThrottledTime, CodeThrottledRequests, CodeThrottledConcurrency, codeThrottled, codeSQLError, codeSQLTimeout, codeSQLResourceLimit,
		"0x80060916", "0x80060917", // asynchronous work postponed
		codeUnexpected, codeNoSandbox,
	}
}

// conclusiveCodes are those of refusals that are about the request: its user, table, query, delta token or paging
// cookie. Sending it again does not help, whatever their status.
func conclusiveCodes() []string {
	return []string{
		CodeNotFound, codeNotInParts, CodePrivilegeMissing, CodeNotMember, CodeNoRoles, CodeUserDisabled, CodeTicketOfDisabled, CodeNoLicense,
		CodeTenantForbidden, CodeIPBlocked, CodeNotTracked, CodeRelatedNotTracked,
		CodeTokenExpired, CodeTokenMalformed, CodePageNumber, CodePageOrder, CodeNoRetrieve, CodeURINotParsed, CodeConditionOperator,
		CodeNotLinked,
		"0x80060429",               // too many calculated columns
		"0x8004e023",               // more than 50,000 rows in an aggregate
		"0x8004430a",               // simple paging beyond 50,000 rows
		"0x8006088a",               // what the Web API itself does not support
		"0x80060890", "0x80060891", // no such alternate key, no row with it
		"0x80041101", "0x80041102", "0x80041103", "0x80041106", "0x80041108", // table, column or condition of a query
		"0x80048306", // no access to the row
	}
}

// APIError is a refusal: a response with another status than 200.
type APIError struct {
	Status    int
	Page      webpage.Page // that came in place of a response of Dataverse
	Code      string       // "0x" and hexadecimal digits in lower case, mostly eight; empty if the response has no Dataverse code
	Message   string       // without the tokens of the request, which the service may repeat
	RequestID string       // x-ms-service-request-id, under which Microsoft's support finds the request
}

func (e *APIError) Error() string {
	text := fmt.Sprintf("Dataverse responded with %d", e.Status)
	if e.Page != (webpage.Page{}) {
		text = fmt.Sprintf("the response has status %d", e.Status)
	}
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request id " + e.RequestID + ")"
	}
	return text
}

// Throttled reports whether the service limits the requests of this user (Microsoft, "Service protection API limits").
func (e *APIError) Throttled() bool {
	switch e.Code {
	case CodeThrottledTime, CodeThrottledRequests, CodeThrottledConcurrency, codeThrottled:
		return true
	case codeSQLTimeout, CodeNotFound, CodePrivilegeMissing:
		return false
	}
	return e.Status == http.StatusTooManyRequests && !e.queryThrottled()
}

// queryThrottled reports whether the service refuses the query because it loads the database too much.
func (e *APIError) queryThrottled() bool { return slices.Contains(queryThrottlingCodes(), e.Code) }

// Temporary reports whether the same request may succeed later. Codes count before statuses. An inconclusive refusal
// is temporary.
func (e *APIError) Temporary() bool {
	switch {
	case slices.Contains(temporaryCodes(), e.Code):
		return true
	case slices.Contains(conclusiveCodes(), e.Code):
		return false
	}
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return e.Inconclusive()
	}
}

// Inconclusive reports whether a refusal says nothing about the request although its status usually means a permanent
// error. Either the response has none of Dataverse's codes, such as the page of a proxy or a firewall, or its code is
// not about the user, the table, the query, the delta token or the paging cookie: a plug-in on Retrieve or
// RetrieveMultiple, for instance, fails a read with 0x80040265. Such a refusal often passes, so the client repeats it a
// few times. It is no evidence against a delta token, a checkpoint or a selection.
func (e *APIError) Inconclusive() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
	case http.StatusForbidden:
		if e.Code != "" { // every refusal with this status and a code is about the user
			return false
		}
	default:
		return false
	}
	if slices.Contains(temporaryCodes(), e.Code) || e.queryThrottled() || slices.Contains(conclusiveCodes(), e.Code) {
		return false
	}
	return !speaksOfRequest().MatchString(e.Message)
}

// speaksOfRequest matches the messages of Dataverse that are about the request, for responses whose code is not known:
// an expired delta token (Microsoft, "Web service error codes", 0x80044352), an entity set or a column that does not
// exist, a privilege.
var speaksOfRequest = onFirstUse(`(?i)version stamp associated with the client has expired|resource not found for the segment|` +
	`could not find a property named|is missing prv\w+ privilege`)

var (
	missingProperty  = onFirstUse(`Could not find a property named '([^']*)' on type '[^']*'`)
	missingPrivilege = onFirstUse(`is missing (prv\w+) privilege`)
)

// onFirstUse compiles an expression when it is used first, so that processes that do not need it start faster.
func onFirstUse(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// MissingProperty returns the property of a refused $select that the table does not have, or "".
func (e *APIError) MissingProperty() string {
	found := missingProperty().FindStringSubmatch(e.Message)
	if e.Code != CodeURINotParsed || found == nil {
		return ""
	}
	return found[1]
}

// MissingPrivilege returns the name of the privilege that the user lacks, such as prvReadAccount, or "".
func (e *APIError) MissingPrivilege() string {
	found := missingPrivilege().FindStringSubmatch(e.Message)
	if found == nil {
		return ""
	}
	return found[1]
}

// HasCode reports whether err wraps an APIError with one of these codes.
func HasCode(err error, codes ...string) bool {
	var api *APIError
	return errors.As(err, &api) && slices.Contains(codes, api.Code)
}

// limitOf names the limit that refused a request (Microsoft, "Service protection API limits"). Neither codeThrottled nor
// a status 429 without a code names it.
func limitOf(err error) string {
	switch {
	case HasCode(err, CodeThrottledRequests):
		return "number of requests"
	case HasCode(err, CodeThrottledTime):
		return "combined execution time"
	case HasCode(err, CodeThrottledConcurrency):
		return "concurrent requests"
	default:
		return "a limit that it does not name"
	}
}
