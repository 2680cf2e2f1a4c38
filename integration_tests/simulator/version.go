package simulator

import "time"

// unixTicks is the Unix epoch in .NET ticks.
const unixTicks = 621_355_968_000_000_000

func ticksOf(t time.Time) int64 { return t.Unix()*10_000_000 + int64(t.Nanosecond())/100 + unixTicks }

// reserve takes the row versions of a table's generated rows and returns the first. Their number is the next power
// of two, so that the store may shuffle them. Elastic rows have the ticks of their last change.
func (e *Environment) reserve(s *store) int64 {
	if s.table.Type == Elastic {
		return 0
	}
	first := e.version + 1
	e.version += s.span
	return first
}

// nextVersion is the version of a change that is made now to a row of the table. Those of elastic tables are ticks of
// .NET and pass 2^53.
func (e *Environment) nextVersion(t *Table) int64 {
	if t.Type == Elastic {
		e.ticks = max(e.ticks+1, ticksOf(e.now()))
		return e.ticks
	}
	e.version++
	return e.version
}

// currentVersion is the version of the last change in the table's part of the database.
func (e *Environment) currentVersion(t *Table) int64 {
	if t.Type == Elastic {
		return e.ticks
	}
	return e.version
}
