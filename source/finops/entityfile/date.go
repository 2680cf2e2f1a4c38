package entityfile

import (
	"bytes"

	"source-microsoft-dataverse/source/finops"
)

// noDate is the date by which finance & operations means that there is none.
const noDate = "1900-01-01"

// appendDate appends a date or a time. Exports write both as "2011-01-31 00:00:00"; OData writes a "T" between them, and dates
// as noon. Years come first: whether 01/02/2011 is in January or in February depends on the language of the format, which no
// file states, so such a date is not parsed.
func (o Conversion) appendDate(dst []byte, of finops.Property, cell []byte) ([]byte, bool) {
	day, clock, found := bytes.Cut(cell, []byte{' '})
	if !found {
		day, clock, found = bytes.Cut(cell, []byte{'T'})
	}
	if !isDay(day) {
		return dst, false
	}
	clock, zone := cutZone(clock)
	if found && !isClock(clock) {
		return dst, false
	}
	if string(day) == noDate && !of.Key && !o.KeepNoDate {
		return append(dst, "null"...), true
	}
	dst = append(append(dst, '"'), day...)
	if of.Type == finops.Date {
		return append(dst, '"'), true
	}
	dst = append(dst, 'T')
	switch len(clock) {
	case 0:
		dst = append(dst, "00:00:00"...)
	case len("00:00"):
		dst = append(append(dst, clock...), ":00"...)
	default:
		dst = append(dst, clock...)
	}
	switch {
	case of.Type == finops.LocalTime:
	case len(zone) > 0:
		dst = append(dst, zone...)
	default:
		dst = append(dst, 'Z')
	}
	return append(dst, '"'), true
}

// isDay reports whether a text is a day of the calendar, as 2011-01-31.
func isDay(text []byte) bool {
	if len(text) != len(noDate) || text[4] != '-' || text[7] != '-' {
		return false
	}
	year, isYear := smallNumber(text[:4])
	month, isMonth := smallNumber(text[5:7])
	day, isDay := smallNumber(text[8:])
	return isYear && isMonth && isDay && year > 0 && 1 <= month && month <= 12 && 1 <= day && day <= daysOf(year, month)
}

func daysOf(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// isClock reports whether a text is a time of day, as 23:59, 23:59:59 or 23:59:59.9999999.
func isClock(text []byte) bool {
	seconds, fraction, found := bytes.Cut(text, []byte{'.'})
	if found && (len(fraction) == 0 || len(fraction) > 9 || !areDigits(fraction) || len(seconds) != len("00:00:00")) {
		return false
	}
	if len(seconds) != len("00:00") && len(seconds) != len("00:00:00") || seconds[2] != ':' {
		return false
	}
	hour, isHour := smallNumber(seconds[:2])
	minute, isMinute := smallNumber(seconds[3:5])
	second, isSecond := 0, true
	if len(seconds) > len("00:00") {
		second, isSecond = smallNumber(seconds[6:])
		isSecond = isSecond && seconds[5] == ':'
	}
	return isHour && isMinute && isSecond && hour < 24 && minute < 60 && second < 60
}

// cutZone cuts a time zone off the end of a time of day: Z or an offset such as +01:00.
func cutZone(clock []byte) (without, zone []byte) {
	const offset = len("+00:00")
	if bytes.HasSuffix(clock, []byte{'Z'}) {
		return clock[:len(clock)-1], clock[len(clock)-1:]
	}
	if at := len(clock) - offset; at > 0 && (clock[at] == '+' || clock[at] == '-') {
		if zone = clock[at:]; len(zone) == offset && isClock(zone[1:]) {
			return clock[:at], zone
		}
	}
	return clock, nil
}
