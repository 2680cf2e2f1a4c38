package progress

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/source/prose"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// megabytes returns a number of bytes in megabytes of a million bytes, with one decimal.
func megabytes(n int64) string {
	tenths := int64(math.Round(float64(n) / 1e5))
	return prose.Grouped(tenths/10) + "." + strconv.FormatInt(tenths%10, 10)
}

// duration returns a duration in whole seconds, or in tenths below ten seconds.
func duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0s"
	case d < 10*time.Second:
		return strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64) + "s"
	}
	d = d.Round(time.Second)
	var text strings.Builder
	if hours := d / time.Hour; hours > 0 {
		fmt.Fprintf(&text, "%dh", hours)
	}
	if d >= time.Minute {
		fmt.Fprintf(&text, "%dm", d%time.Hour/time.Minute)
	}
	fmt.Fprintf(&text, "%ds", d%time.Minute/time.Second)
	return text.String()
}

// Text returns the range as people say it, such as "4 to 7 minutes", rounded outward; "" if it is not known.
func (r Remaining) Text() string {
	switch {
	case !r.Known:
		return ""
	case r.Most <= time.Minute:
		return "less than 1 minute"
	case r.Most <= 2*time.Hour:
		return between(math.Floor(r.Least.Minutes()), math.Ceil(r.Most.Minutes()), "minutes")
	default:
		return between(math.Floor(2*r.Least.Hours())/2, math.Ceil(2*r.Most.Hours())/2, "hours")
	}
}

func between(least, most float64, unit string) string {
	if least == 0 {
		return fmt.Sprintf("less than %v %s", most, unit)
	}
	return fmt.Sprintf("%v to %v %s", least, most, unit)
}

// phaseText returns the name of a phase as the documentation has it.
func phaseText(p checkpoint.Phase) string {
	switch p {
	case checkpoint.Start:
		return "first page"
	case "":
		return "not started"
	default:
		return strings.ReplaceAll(string(p), "_", " ")
	}
}
