package odata

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Stamp is a moment in the history of a table's rows, or in that of the schema: the version that was current, and when
// the stamp was issued. It is what delta tokens and the version stamps of metadata are made of.
type Stamp struct {
	Version int64
	Issued  time.Time
}

// StampTime is the form of the time in a stamp, and of times in some messages.
const StampTime = "01/02/2006 15:04:05"

// String returns the stamp's form, as 919042!08/22/2017 08:10:44 (Microsoft, "Use change tracking to synchronize data with
// external systems").
func (s Stamp) String() string {
	return strconv.FormatInt(s.Version, 10) + "!" + s.Issued.UTC().Format(StampTime)
}

// ParseStamp reads a stamp in the form of String.
func ParseStamp(text string) (Stamp, *Error) {
	number, moment, found := strings.Cut(text, "!")
	version, err := strconv.ParseInt(number, 10, 64)
	issued, timeErr := time.Parse(StampTime, moment)
	if !found || err != nil || timeErr != nil || version < 0 {
		return Stamp{}, Refuse(http.StatusBadRequest, "0x80044183", "Invalid version stamp")
	}
	return Stamp{version, issued}, nil
}

// ExpiredStamp returns the error for a stamp that is too old (Microsoft, "Web service error codes": ExpiredVersionStamp).
func ExpiredStamp(status int) *Error {
	return Refuse(status, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync.")
}
