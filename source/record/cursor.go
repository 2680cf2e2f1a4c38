package record

import "time"

// cursorLayout has as many digits as destinations keep, with trailing zeros, so that cursors compare as texts.
const cursorLayout = "2006-01-02T15:04:05.000000Z"

// Cursor is a value of _ab_cdc_updated_at: UTC with microseconds, in a fixed width. Cursors compare as texts. The zero
// value is less than all others.
type Cursor string

// CursorAt returns the cursor of a time.
func CursorAt(t time.Time) Cursor {
	return Cursor(t.UTC().Format(cursorLayout))
}

// Next returns the smallest cursor greater than c. For the last microsecond of the year 9999, and for a value that is
// not a cursor, it returns c.
func (c Cursor) Next() Cursor {
	t, err := time.Parse(cursorLayout, string(c))
	if err != nil {
		return c
	}
	return max(c, CursorAt(t.Add(time.Microsecond)))
}

// Valid reports whether c is a cursor or the zero value.
func (c Cursor) Valid() bool {
	if c == "" {
		return true
	}
	_, err := time.Parse(cursorLayout, string(c))
	return err == nil && len(c) == len(cursorLayout)
}
