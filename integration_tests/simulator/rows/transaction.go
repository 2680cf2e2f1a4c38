package rows

import (
	"slices"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Transaction is changes that have taken their row versions and that nobody sees before they are committed, as those of a
// long import. Rows thus appear under versions that readers have already passed. Elastic tables have no transactions:
// their rows change at once.
type Transaction struct {
	db   *Database
	held []heldChange
}

// heldChange is a change of one row that is not committed.
type heldChange struct {
	store   *Store
	id      guid.ID
	row     *Row // nil: deleted
	version int64
}

// Begin starts a transaction without changes.
func (db *Database) Begin() *Transaction { return &Transaction{db: db} }

// Hold takes the changes of a journal out of the tables again and adds them to the transaction. They keep the row versions
// they have taken. The caller holds the lock since before the changes were made. A nil transaction holds nothing.
func (t *Transaction) Hold(j *Journal) {
	if t == nil {
		return
	}
	for i, b := range j.before {
		again := slices.ContainsFunc(j.before[i+1:], func(later before) bool { return later.store == b.store && later.id == b.id })
		if !again && b.store.transactional() { // only the last change of a row counts
			t.held = append(t.held, heldChange{b.store, b.id, b.store.Rows[b.id], b.version})
		}
	}
	j.undo((*Store).transactional)
	if len(t.held) > 0 && !slices.Contains(t.db.open, t) {
		t.db.open = append(t.db.open, t)
	}
}

// transactional reports whether transactions hold the table's rows back.
func (s *Store) transactional() bool {
	return s.Table.Type != schema.Elastic && s.Table.LogicalName != OrganizationTable
}

// Holds reports whether the transaction has changed the row. The caller holds the lock.
func (t *Transaction) Holds(s *Store, id guid.ID) bool {
	return t != nil && slices.ContainsFunc(t.held, func(c heldChange) bool { return c.store == s && c.id == id })
}

// Commit makes the changes visible under the row versions they have taken. It does nothing the second time.
func (t *Transaction) Commit() {
	t.db.Mu.Lock()
	defer t.db.Mu.Unlock()
	t.commit()
}

// Rollback drops the changes. Their row versions stay used.
func (t *Transaction) Rollback() {
	t.db.Mu.Lock()
	defer t.db.Mu.Unlock()
	t.close()
}

// close ends the transaction and returns what it held.
func (t *Transaction) close() []heldChange {
	held := t.held
	t.held = nil
	t.db.open = slices.DeleteFunc(t.db.open, func(other *Transaction) bool { return other == t })
	return held
}

func (t *Transaction) commit() {
	now := t.db.Now()
	for _, c := range t.close() {
		t.db.commits++
		r, exists := c.store.Find(c.id)
		switch {
		case c.row != nil:
			c.store.Put(&Journal{}, c.id, c.row, now)
		case exists:
			c.store.Remove(&Journal{}, r, c.version, now)
		}
	}
}

// Release commits the transactions that hold a row which another write is about to change: in SQL Server that write would
// wait for them. Where the table has alternate keys, all of its rows count. It reports whether there were any. The caller
// holds the lock.
func (db *Database) Release(j *Journal, s *Store, id guid.ID) bool {
	released := false
	for _, t := range slices.Clone(db.open) {
		if t != j.In && slices.ContainsFunc(t.held, func(c heldChange) bool { return c.store == s && (c.id == id || len(s.Table.Keys) > 0) }) {
			t.commit()
			released = true
		}
	}
	return released
}

// CommitDelay returns how long the write that took the last row version stays open, where writes commit late. The caller
// holds the lock.
func (db *Database) CommitDelay() time.Duration {
	return time.Duration(below(Draw(db.seed, Word64(db.version)), uint64(db.Behaviors.LateCommits)))
}

// commitAll commits every open transaction: a change of a definition waits for them.
func (db *Database) commitAll() {
	for len(db.open) > 0 {
		db.open[0].commit()
	}
}

// TokenVersion returns the version of a delta token that is issued now: that of the last change, or the last one before
// every transaction that is open, so that the changes since the token include what commits later.
func (db *Database) TokenVersion(t *schema.Table) int64 {
	version := db.CurrentVersion(t)
	if t.Type == schema.Elastic {
		return version
	}
	for _, open := range db.open {
		for _, c := range open.held {
			version = min(version, c.version-1)
		}
	}
	return version
}
