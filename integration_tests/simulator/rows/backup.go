package rows

import (
	"maps"
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// Backup holds the rows of a database at one moment, with their versions, their change log and the delta tokens that are
// valid then.
type Backup struct {
	version, ticks int64
	stores         map[string]storeBackup // by logical name
}

// storeBackup is the part of a Backup that belongs to one table.
type storeBackup struct {
	rows      map[guid.ID]*Row // which are never changed in place
	created   []guid.ID
	gone      bitset
	entries   []Change
	validFrom int64
}

// Backup copies the rows of all tables.
func (db *Database) Backup() *Backup {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	b := &Backup{version: db.version, ticks: db.ticks, stores: map[string]storeBackup{}}
	for name, s := range db.Stores {
		b.stores[name] = storeBackup{
			rows: maps.Clone(s.Rows), created: slices.Collect(s.created.from(guid.ID{})),
			gone: bitset{slices.Clone(s.gone.words), s.gone.n}, entries: slices.Clone(s.Log.Entries), validFrom: s.ValidFrom,
		}
	}
	return b
}

// Restore puts the rows of a backup in place of those that the tables have now, under the same organization id. The row
// version continues from that of the backup, raised by ahead. Definitions stay as they are, and so do tables that the
// backup lacks and the one row of organization.
func (db *Database) Restore(b *Backup, ahead int64) {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	db.version, db.ticks = b.version+ahead, b.ticks+ahead
	db.restorations++
	for len(db.open) > 0 {
		db.open[0].close()
	}
	for name, saved := range b.stores {
		s := db.Stores[name]
		if s == nil || name == OrganizationTable {
			continue
		}
		s.Rows, s.created = maps.Clone(saved.rows), idIndex{}
		for _, id := range saved.created {
			s.created.insert(id)
		}
		s.gone = bitset{slices.Clone(saved.gone.words), saved.gone.n}
		s.ValidFrom, s.Log = saved.validFrom, ChangeLog{}
		for _, entry := range saved.entries {
			entry.Repeated = false
			s.Log.add(entry)
		}
	}
}

// Restorations returns how often a backup was restored.
func (db *Database) Restorations() uint32 { return db.restorations }

// Version returns the row version of the last change to a row that is not elastic.
func (db *Database) Version() int64 {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return db.version
}
