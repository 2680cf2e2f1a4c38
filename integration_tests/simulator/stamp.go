package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// stamp is a moment in the history of a table's rows, or in that of the schema: the version that was current, and when
// the stamp was issued. It is what delta tokens and the version stamps of metadata are made of.
type stamp struct {
	version int64
	issued  time.Time
}

// stampTime is the form of the time in a stamp, and of times in some messages.
const stampTime = "01/02/2006 15:04:05"

// String is the stamp's form, as 919042!08/22/2017 08:10:44 (Microsoft, "Use change tracking to synchronize data with
// external systems").
func (s stamp) String() string {
	return strconv.FormatInt(s.version, 10) + "!" + s.issued.UTC().Format(stampTime)
}

func parseStamp(text string) (stamp, *apiError) {
	number, moment, found := strings.Cut(text, "!")
	version, err := strconv.ParseInt(number, 10, 64)
	issued, timeErr := time.Parse(stampTime, moment)
	if !found || err != nil || timeErr != nil || version < 0 {
		return stamp{}, refuse(http.StatusBadRequest, "0x80044183", "Invalid version stamp")
	}
	return stamp{version, issued}, nil
}

// expiredStamp is the answer to a stamp that is too old (Microsoft, "Web service error codes": ExpiredVersionStamp).
func expiredStamp(status int) *apiError {
	return refuse(status, "0x80044352", "Version stamp associated with the client has expired. Please perform a full sync.")
}
