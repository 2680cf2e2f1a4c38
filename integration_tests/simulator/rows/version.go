package rows

import (
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// unixTicks is the Unix epoch in .NET ticks.
const unixTicks = 621_355_968_000_000_000

func ticksOf(t time.Time) int64 { return t.Unix()*10_000_000 + int64(t.Nanosecond())/100 + unixTicks }

// reserve allocates the row versions of a table's generated rows and returns the first. Their number is the next power
// of two, so that the store may shuffle them. Elastic rows have the ticks of their last change.
func (db *Database) reserve(s *Store) int64 {
	if s.Table.Type == schema.Elastic {
		return 0
	}
	first := db.version + 1
	db.version += s.span
	return first
}

// NextVersion returns the version of a change that is made now to a row of the table. Those of elastic tables are ticks of
// .NET and pass 2^53.
func (db *Database) NextVersion(t *schema.Table) int64 {
	if t.Type == schema.Elastic {
		db.ticks = max(db.ticks+1, ticksOf(db.Now()))
		return db.ticks
	}
	db.version++
	return db.version
}

// CurrentVersion returns the version of the last change in the table's part of the database.
func (db *Database) CurrentVersion(t *schema.Table) int64 {
	if t.Type == schema.Elastic {
		return db.ticks
	}
	return db.version
}

// Generation is a state of an environment: each change makes another one.
type Generation struct{ rows, elasticRows, metadata, commits int64 }

// Generation returns the present state of the database.
func (db *Database) Generation() Generation {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return Generation{db.version, db.ticks, db.Metadata, db.commits}
}
