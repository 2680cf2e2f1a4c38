package report

import (
	"fmt"
	"math"

	"source-microsoft-dataverse/source/prose"
)

// The units of time in seconds, with the number of each from which on the next one is used.
const (
	minute = 60.0
	hour   = 60 * minute
	day    = 24 * hour
	few    = 2
)

// rangeText returns a range of seconds as people say it, such as "4 to 7 minutes", rounded outward.
func rangeText(least, most float64) string {
	unit, noun := minute, "minute"
	switch {
	case most <= minute:
		return "less than 1 minute"
	case most > few*day:
		unit, noun = day, "day"
	case most > few*hour:
		unit, noun = hour, "hour"
	}
	from, to := math.Floor(least/unit*few)/few, math.Ceil(most/unit*few)/few
	if unit == minute {
		from, to = math.Floor(least/unit), math.Ceil(most/unit)
	}
	if from == 0 {
		return fmt.Sprintf("less than %v %ss", to, noun)
	}
	return fmt.Sprintf("%v to %v %ss", from, to, noun)
}

// durationText returns the length of an interval: in days if it is longer than one, in hours from one on, otherwise in minutes.
func durationText(seconds float64) string {
	unit, noun := minute, "minute"
	switch {
	case seconds > day:
		unit, noun = day, "day"
	case seconds >= hour:
		unit, noun = hour, "hour"
	}
	n := rounded(seconds/unit, 10)
	if n == 1 {
		return noun
	}
	return fmt.Sprintf("%v %ss", n, noun)
}

// secondsText returns a short time.
func secondsText(seconds float64) string {
	switch {
	case seconds < 1:
		return "less than 1 second"
	case seconds < few*minute:
		return prose.Quantity(int64(math.Ceil(seconds)), "second")
	default:
		return prose.Quantity(int64(math.Ceil(seconds/minute)), "minute")
	}
}
