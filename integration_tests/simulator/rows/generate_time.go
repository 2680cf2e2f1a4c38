package rows

import (
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The life of the generated rows: they were made within six years, of which each was last changed in the last five.
const (
	day  = 24 * 60 * 60
	year = 365 * day
	life = 6 * year
)

// beginning returns when the oldest generated rows were made, in Unix time: on 1 March 2018, or, if the environment's clock
// stands before the newest of them, as long before that day.
func beginning(now time.Time) int64 {
	start := time.Date(2018, time.March, 1, 0, 0, 0, 0, time.UTC).Unix()
	if latest := now.Unix()/day*day - day; start+life > latest {
		return latest - life
	}
	return start
}

const ticksPerSecond = 10_000_000

// changed returns when the generated row was last changed, in ticks of .NET. No two rows share a tick, and later changes
// have higher row versions.
func (s *Store) changed(row uint64) int64 {
	slot := (life - year) * ticksPerSecond / Word64(s.span)
	rank := row ^ s.shuffle
	ticks := rank*slot + below(Draw(s.salt^changedStream, row), slot)
	return unixTicks + (s.start+year)*ticksPerSecond + int64(ticks)
}

// made returns when the generated row was created: at its last change, or up to a year before.
func (s *Store) made(row uint64) int64 {
	h := Draw(s.salt^madeStream, row)
	if h%8 == 0 {
		return unixOf(s.changed(row))
	}
	return unixOf(s.changed(row)) - int64(below(h, year))
}

// The streams of a table's numbers that belong to no column.
const (
	changedStream = 0x6d6f646966696564
	madeStream    = 0x637265617465646f
)

func unixOf(ticks int64) int64 { return (ticks - unixTicks) / ticksPerSecond }

// interval is the time from which a row's value is drawn, in Unix time.
type interval func(row uint64) (from, to int64)

// moment makes the values of a DateTime column.
func (b binder) moment(c *schema.Column) Filler {
	salt, within := b.salt(c.LogicalName), b.period(c)
	write := odata.AppendUnix
	if c.Behavior == schema.DateOnly {
		write = odata.AppendUnixDate
	}
	return func(dst []byte, row uint64) []byte {
		from, to := within(row)
		return write(dst, from+int64(below(Draw(salt, row), uint64(to-from+1))))
	}
}

// period returns when the event that the column records took place. Most is between the row's creation and its last change.
func (b binder) period(c *schema.Column) interval {
	s, name := b.store, c.LogicalName
	between := func(first, last, of int64) interval {
		return func(row uint64) (from, to int64) {
			start, end := s.made(row), unixOf(s.changed(row))
			return start + (end-start)*first/of, start + (end-start)*last/of
		}
	}
	ahead := func(from, to int64) interval {
		return func(row uint64) (int64, int64) { return s.made(row) + from, s.made(row) + to }
	}
	always := func(from, to int64) interval {
		return func(uint64) (int64, int64) { return from, to }
	}
	switch {
	case name == "birthdate":
		return always(-30*year, 34*year)
	case name == "anniversary":
		return always(0, 50*year)
	case name == "scheduledstart" || name == "schedulefollowup_prospect":
		return ahead(0, 30*day)
	case name == "scheduledend" || name == "estimatedclosedate" || name == "postponeuntil":
		return ahead(31*day, 90*day)
	case b.store.Table.Custom && name != "overriddencreatedon" && !strings.HasSuffix(name, "_date"):
		return always(s.start, s.start+life)
	case strings.HasSuffix(name, "start") || name == "startedon":
		return between(0, 1, 2)
	case strings.HasSuffix(name, "end") || name == "completedon":
		return between(1, 2, 2)
	default:
		return between(0, 1, 1)
	}
}
