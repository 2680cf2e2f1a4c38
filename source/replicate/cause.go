package replicate

import (
	"errors"
	"net/http"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// Cause is what an error says about the request for a page.
type Cause int

// The causes. All except Other rest on evidence: a code of Dataverse, a documented message next to a code, or a
// response that is not what was requested. An error of a proxy, a firewall or a plug-in is Other, whatever its status.
const (
	Other            Cause = iota
	ColumnMissing          // the table no longer has a column that the link selects
	TableUnknown           // the environment has no entity set of the link's name
	TokenRefused           // the delta token no longer returns changes
	LinkRefused            // the service does not understand the link or its paging cookie
	SelectionIgnored       // the changes do not come with the columns of the link
	PageTooExpensive       // the scan has to restart with smaller pages
	DeltaLinkLost          // changes end without a delta link if the types of lookups are requested with them
	causes
)

// Classify returns the cause of an error. Codes are those of Microsoft, "Web service error codes".
func Classify(err error) Cause {
	var refused *dataverse.APIError
	coded := errors.As(err, &refused) && refused.Code != ""
	var smaller *smallerPagesError
	var ofLookup *lookupError
	switch {
	case coded && refused.MissingProperty() != "":
		return ColumnMissing
	case coded && unknownSegment(refused):
		return TableUnknown
	case errors.As(err, &ofLookup):
		return Other
	case errors.As(err, &smaller):
		return PageTooExpensive
	case errors.Is(err, errDeltaLinkLost):
		return DeltaLinkLost
	case errors.Is(err, ErrSelectIgnored):
		return SelectionIgnored
	case errors.Is(err, ErrNoChanges), errors.Is(err, ErrRestored), errors.Is(err, ErrOtherHistory), errors.Is(err, errOldLink):
		return TokenRefused
	case !coded:
		return Other
	case dataverse.HasCode(err, dataverse.CodeTokenExpired, dataverse.CodeTokenMalformed), strings.Contains(strings.ToLower(refused.Message), expiredMessage):
		return TokenRefused
	case dataverse.HasCode(err, dataverse.CodePageNumber, dataverse.CodePageOrder), refused.Code == dataverse.CodeURINotParsed && refused.Status == http.StatusBadRequest:
		return LinkRefused
	default:
		return Other
	}
}

// expiredMessage is the service's message about an expired delta token, in lower case, whatever its code (Microsoft,
// "Web service error codes", 0x80044352).
const expiredMessage = "version stamp associated with the client has expired"

// unknownSegment reports whether the service does not know the table's rows. Some routes respond to that with status
// 400.
func unknownSegment(refused *dataverse.APIError) bool {
	return refused.Code == dataverse.CodeURINotParsed &&
		(refused.Status == http.StatusNotFound || strings.Contains(refused.Message, "Resource not found for the segment"))
}
