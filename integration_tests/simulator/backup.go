package simulator

import (
	"maps"
	"slices"
)

// Backup is the rows of an environment at one moment, with their versions, their change log and the delta tokens that
// are good then.
type Backup struct {
	version, ticks int64
	stores         map[string]storeBackup // by logical name
}

// storeBackup is the part of a Backup that belongs to one table.
type storeBackup struct {
	rows      map[rowID]*storedRow // which are never changed in place
	created   []rowID
	gone      bitset
	entries   []change
	validFrom int64
}

// Backup copies the rows of all tables.
func (e *Environment) Backup() *Backup {
	e.mu.RLock()
	defer e.mu.RUnlock()
	b := &Backup{version: e.version, ticks: e.ticks, stores: map[string]storeBackup{}}
	for name, s := range e.stores {
		b.stores[name] = storeBackup{
			rows: maps.Clone(s.rows), created: slices.Collect(s.created.from(rowID{})),
			gone: bitset{slices.Clone(s.gone.words), s.gone.n}, entries: slices.Clone(s.log.entries), validFrom: s.validFrom,
		}
	}
	return b
}

// Restore puts the rows of a backup in the place of those that the tables have now, under the same organization id. The
// row version goes on from that of the backup, raised by ahead. Definitions stay as they are, and tables that the backup
// or the environment lacks stay as they are too.
func (e *Environment) Restore(b *Backup, ahead int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.version, e.ticks = b.version+ahead, b.ticks+ahead
	for name, saved := range b.stores {
		s := e.stores[name]
		if s == nil || name == organizationTable {
			continue
		}
		s.rows, s.created = maps.Clone(saved.rows), idIndex{}
		for _, id := range saved.created {
			s.created.insert(id)
		}
		s.gone = bitset{slices.Clone(saved.gone.words), saved.gone.n}
		s.validFrom, s.log = saved.validFrom, changeLog{}
		for _, entry := range saved.entries {
			entry.repeated = false
			s.log.add(entry)
		}
	}
}

// Version is the row version of the last change to a row that is not elastic.
func (e *Environment) Version() int64 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.version
}
