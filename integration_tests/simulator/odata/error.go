// Package odata holds what every endpoint of the Web API has in common, whatever it is about: errors in the service's
// shape and words, query options, Prefer headers, function parameters, the syntax of $filter, version stamps, and the
// way responses are written.
package odata

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Error is a refusal of the Web API: an HTTP status, a Dataverse code and a message.
type Error struct {
	Status  int
	Code    string
	Message string
}

// Error implements error.
func (e *Error) Error() string { return e.Code + " " + e.Message }

// Refuse returns an error with a message by fmt.Sprintf.
func Refuse(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: strings.ToValidUTF8(fmt.Sprintf(format, args...), "\ufffd")}
}

// The details of an error that are annotations (Microsoft, "Compose HTTP requests and handle errors").
const (
	errorDetails = "Microsoft.PowerApps.CDS.ErrorDetails."
	helpLink     = "Microsoft.PowerApps.CDS.HelpLink"
	innerMessage = "Microsoft.PowerApps.CDS.InnerError.Message"
)

// Write sends the error in the shape {"error":{"code","message"}}, with the details that the client asks for by
// odata.include-annotations.
func (e *Error) Write(w http.ResponseWriter, r *http.Request) {
	body := AppendQuoted([]byte(`{"error":{"code":`), e.Code)
	body = AppendQuoted(append(body, `,"message":`...), e.Message)
	prefer := ReadPreferences(r)
	detail := func(annotation, text string) {
		if text != "" && prefer.Wants(annotation) {
			body = append(AppendQuoted(append(body, ','), "@"+annotation), ':')
			body = AppendQuoted(body, text)
		}
	}
	category := "ClientError"
	if e.Status >= http.StatusInternalServerError {
		category = "SystemFailure"
	}
	detail(errorDetails+"ApiExceptionCategory", category)
	detail(errorDetails+"ApiExceptionMessageName", errorName(e.Code))
	detail(errorDetails+"ApiExceptionHttpStatusCode", strconv.Itoa(e.Status))
	detail(helpLink, "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a"+
		strings.ToLower(strings.TrimPrefix(e.Code, "0x"))+"&client=platform")
	detail(innerMessage, e.Message)
	jsonHeaders(w.Header())
	w.WriteHeader(e.Status)
	_, _ = w.Write(append(body, '}', '}'))
}

// errorName returns the name of a code (Microsoft, "Web service error codes"); empty for codes that are not in the list.
func errorName(code string) string {
	return map[string]string{
		"0x80040217": "ObjectDoesNotExist", "0x80040220": "PrivilegeDenied", "0x80040225": "unManagedidsusernotenabled",
		"0x80040237": "DuplicateRecord", "0x80040239": "InvalidDateTime", "0x80040800": "SdkEntityDoesNotSupportMessage",
		"0x80041102": "QueryBuilderNoEntity", "0x80041103": "QueryBuilderNoAttribute", "0x80041129": "QueryBuilderPagingOrderBy",
		"0x8004112A": "QueryBuilderInvalidPagingCookie", "0x80040216": "UnExpected", "0x80042F09": "UserNotAssignedRoles", "0x80044150": "unManagedidssqlerror", "0x80044151": "unManagedidssqltimeouterror",
		"0x80044183": "InvalidQuery", "0x8004418D": "SandboxWorkerNotAvailable", "0x8004431A": "PicklistValueOutOfRange", "0x8004432F": "IntegerValueOutOfRange",
		"0x80044330": "DecimalValueOutOfRange", "0x80044331": "StringLengthTooLong", "0x80044352": "ExpiredVersionStamp",
		"0x80048408": "InvalidStateCodeStatusCode", "0x80048544": "DataEngineQueryThrottling", "0x80048644": "DataEngineLeadingWildcardQueryThrottling",
		"0x80048744": "DataEngineComputedColumnQueryThrottling", "0x80048745": "DataEnginePerformanceValidationIssuesQueryThrottling", "0x80050224": "AttributeTypeNotSupportedForGroupByOrderByQuery",
		"0x80060882": "ConcurrencyVersionMismatch", "0x8006088A": "CrmHttpError", "0x80060891": "RecordNotFoundByEntityKey",
		"0x80072321": "ThrottlingTimeExceededError", "0x80072322": "ThrottlingBurstRequestLimitExceededError",
		"0x80072323": "AzureSqlDatabaseResourceLimitExceededError", "0x80072326": "ThrottlingConcurrencyLimitExceededError", "0x80072491": "ChangeTrackingNotEnabledForEntity",
		"0x80072492": "ChangeTrackingNotEnabledForRelatedEntities", "0x80072560": "UserNotMemberOfOrg",
	}[code]
}
