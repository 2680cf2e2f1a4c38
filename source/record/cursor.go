package record

import "time"

// cursorLayout has as many digits as destinations keep, always all of them: the order of texts is that of times.
const cursorLayout = "2006-01-02T15:04:05.000000Z"

// latestCursor is the latest that is taken from modifiedon, which an import may set to any date: above it there have to be
// cursors for all versions to come.
const latestCursor = "9990-01-01T00:00:00.000000Z"

// Cursor is a value of _ab_cdc_updated_at: UTC with microseconds in a fixed width, so that cursors compare as texts.
// The zero value is before all others.
type Cursor string

// CursorAt is the cursor of a time.
func CursorAt(t time.Time) Cursor {
	return Cursor(t.UTC().Format(cursorLayout))
}

// Next is the smallest cursor greater than c. The last microsecond of the year 9999, and what is no time, is its own.
func (c Cursor) Next() Cursor {
	t, err := time.Parse(cursorLayout, string(c))
	if err != nil {
		return c
	}
	return max(c, CursorAt(t.Add(time.Microsecond)))
}

// Valid says whether a text is a cursor, or the zero value.
func (c Cursor) Valid() bool {
	if c == "" {
		return true
	}
	_, err := time.Parse(cursorLayout, string(c))
	return err == nil && len(c) == len(cursorLayout)
}

// appendCursor appends the cursor for a date as the service prints it, quotes included: "2023-04-07T21:59:01Z", with
// or without a fraction. Anything else, null among it, appends nothing.
func appendCursor(dst, value []byte) []byte {
	var t time.Time
	if len(value) < 2 || value[0] != '"' || t.UnmarshalText(value[1:len(value)-1]) != nil {
		return dst
	}
	const seconds = len(`"2006-01-02T15:04:05`)
	if len(value) == seconds+len(`Z"`) { // as nearly all are: in UTC, without a fraction
		return append(append(dst, value[1:seconds]...), ".000000Z"...)
	}
	at := len(dst)
	dst = t.UTC().AppendFormat(dst, cursorLayout)
	if len(dst)-at != len(cursorLayout) { // a zone led out of the years with four digits
		return dst[:at]
	}
	return dst
}
