package progress

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/source/prose"
)

// rateChart shows the rows per second and the throttled time over the time of a sync. Its curve is drawn in a square of
// chartSide, the origin at the upper left, as SVG has it.
type rateChart struct {
	Axis, Levels                      []mark
	Area, Curve                       string // SVG paths
	Throttled                         []throttledBox
	Description, ThrottledDescription string
}

// throttledBox is an interval with throttled time, the more opaque, the more of it was throttled.
type throttledBox struct{ At, Width, Opacity, Text string }

const chartSide = 1000

// maxIntervals is the most intervals of the curve. Pages arrive with thousands of rows at once, so shorter ones show the pages
// and not the rate.
const maxIntervals = 90

// interval is the time between two samples.
type interval struct {
	from, to  time.Duration // since the start of the sync
	rate      float64       // rows per second
	throttled time.Duration
}

// rateChart returns nil if there are too few samples for a chart.
func (r *Report) rateChart() *rateChart {
	intervals := r.intervals()
	if len(intervals) < 2 {
		return nil
	}
	total := r.Ended.Sub(r.Started)
	var highest float64
	for _, i := range intervals {
		highest = max(highest, i.rate)
	}
	top := roundUp(highest)
	c := &rateChart{Axis: axisMarks(total), Levels: levels(top)}
	c.Area, c.Curve = curves(intervals, total, top)
	for _, i := range throttledIntervals(intervals) {
		c.Throttled = append(c.Throttled, throttled(i, total))
	}
	c.Description = fmt.Sprintf("Rows per second over %s: at most %s.", duration(total), prose.Grouped(int64(highest)))
	c.ThrottledDescription = fmt.Sprintf("The service made all requests wait for %s.", duration(time.Duration(r.Totals.Waited)))
	return c
}

func (r *Report) intervals() []interval {
	var intervals []interval
	before := Sample{}
	shortest := r.Ended.Sub(r.Started) / maxIntervals
	for n, s := range r.Samples {
		took := time.Duration(s.After - before.After)
		if took > 0 && (took >= shortest || n == len(r.Samples)-1) {
			intervals = append(intervals, interval{
				from: time.Duration(before.After), to: time.Duration(s.After), rate: float64(s.Rows-before.Rows) / took.Seconds(),
				throttled: time.Duration(s.Throttled - before.Throttled),
			})
			before = s
		}
	}
	return intervals
}

// curves returns the paths of the area below the rates and of its upper edge, which is level over each interval.
func curves(intervals []interval, total time.Duration, top float64) (area, curve string) {
	var path strings.Builder
	x := func(at time.Duration) string { return coordinate(share(at, total) * chartSide / 100) }
	for n, i := range intervals {
		y := coordinate(chartSide - i.rate/top*chartSide)
		if n == 0 {
			fmt.Fprintf(&path, "M%s,%s", x(i.from), y)
		} else {
			fmt.Fprintf(&path, "V%s", y)
		}
		fmt.Fprintf(&path, "H%s", x(i.to))
	}
	curve = path.String()
	return curve + fmt.Sprintf("V%d", chartSide) + "H" + x(intervals[0].from) + "Z", curve
}

func coordinate(at float64) string {
	return strconv.FormatFloat(math.Round(min(max(at, 0), chartSide)*10)/10, 'f', -1, 64)
}

// throttledIntervals returns the intervals with throttled time, those that follow each other as one.
func throttledIntervals(intervals []interval) []interval {
	var joined []interval
	for _, i := range intervals {
		last := len(joined) - 1
		switch {
		case i.throttled <= 0:
		case last >= 0 && joined[last].to == i.from:
			joined[last].to = i.to
			joined[last].throttled += i.throttled
		default:
			joined = append(joined, i)
		}
	}
	return joined
}

func throttled(i interval, total time.Duration) throttledBox {
	took := i.to - i.from
	return throttledBox{
		At: percentage(share(i.from, total)), Width: percentage(share(took, total)),
		Opacity: strconv.FormatFloat(max(min(i.throttled.Seconds()/took.Seconds(), 1), 0.15), 'f', 2, 64),
		Text:    fmt.Sprintf("%s to %s: throttled for %s", duration(i.from), duration(i.to), duration(i.throttled)),
	}
}

// levels returns the marks of the vertical axis, from the top.
func levels(top float64) []mark {
	const steps = 4
	var marks []mark
	for n := range steps + 1 {
		value := top * float64(steps-n) / steps
		marks = append(marks, mark{At: percentage(float64(n) * 100 / steps), Text: levelText(value)})
	}
	return marks
}

func levelText(value float64) string {
	if value < 10 && value != math.Trunc(value) {
		return strconv.FormatFloat(value, 'f', 1, 64)
	}
	return prose.Grouped(int64(value))
}

// roundUp returns the next number that has one or two digits before its zeros and can be divided by 4 well.
func roundUp(value float64) float64 {
	if value <= 0 {
		return 4
	}
	unit := math.Pow(10, math.Floor(math.Log10(value)))
	for _, step := range []float64{1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10} {
		if value <= step*unit {
			return step * unit
		}
	}
	return 10 * unit
}
