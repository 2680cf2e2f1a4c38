package rows

import (
	"fmt"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Table returns a copy of a table's definition, and whether the table exists.
func (db *Database) Table(logicalName string) (schema.Table, bool) {
	if t := db.TableByName(logicalName); t != nil {
		return *t.Clone(), true
	}
	return schema.Table{}, false
}

// Alter puts a changed copy of a table in its place. If its columns change, the delta tokens issued so far expire, as
// field reports have it.
func (db *Database) Alter(table string, columns bool, change func(s *Store, t *schema.Table) error) error {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	s, err := db.StoreOf(table)
	if err != nil {
		return err
	}
	changed := s.Table.Clone()
	if err := change(s, changed); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	s.Table = changed
	db.Metadata++
	if columns {
		db.expire(s)
	}
	s.bind(db)
	db.publish()
	return nil
}

// expire makes all tokens of the table too old. The row version moves on, so that tokens issued from now on are newer.
func (db *Database) expire(s *Store) {
	db.commitAll()
	s.ValidFrom = db.NextVersion(s.Table)
}

// AddColumn adds a column, which is null in the rows that exist.
func (db *Database) AddColumn(table string, c schema.Column) error {
	return db.Alter(table, true, func(s *Store, t *schema.Table) error {
		if c.LogicalName == "" || t.Column(c.LogicalName) != nil {
			return fmt.Errorf("column %q cannot be added", c.LogicalName)
		}
		s.Unfilled[c.LogicalName] = true
		t.Columns = append(t.Columns, c)
		slices.SortFunc(t.Columns, func(a, b schema.Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
		return nil
	})
}

// RemoveColumn removes a column and its values. The primary key stays.
func (db *Database) RemoveColumn(table, logicalName string) error {
	return db.Alter(table, true, func(s *Store, t *schema.Table) error {
		at := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.LogicalName == logicalName })
		if at < 0 || logicalName == t.PrimaryID {
			return fmt.Errorf("column %q cannot be removed", logicalName)
		}
		t.Columns = slices.Delete(t.Columns, at, at+1)
		s.Forget(logicalName)
		return nil
	})
}

// RetypeColumn gives a column a new definition. Its generated values follow the new type; values that were written
// before are lost.
func (db *Database) RetypeColumn(table string, c schema.Column) error {
	return db.Alter(table, true, func(s *Store, t *schema.Table) error {
		old := t.Column(c.LogicalName)
		if old == nil || c.LogicalName == t.PrimaryID {
			return fmt.Errorf("column %q cannot be retyped", c.LogicalName)
		}
		if old.Type != c.Type || old.Behavior != c.Behavior {
			s.Forget(c.LogicalName)
		}
		*old = c
		return nil
	})
}

// Forget drops the written values of a column.
func (s *Store) Forget(column string) {
	for id, row := range s.Rows {
		if _, ok := row.Values[column]; !ok {
			continue
		}
		changed := *row
		changed.Values = map[string]Value{}
		for name, v := range row.Values {
			if name != column {
				changed.Values[name] = v
			}
		}
		s.Rows[id] = &changed
	}
}

// AddTable adds a table with generated rows.
func (db *Database) AddTable(t *schema.Table, rows int) error {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	if err := db.attach(t, rows); err != nil {
		return err
	}
	s := db.Stores[t.LogicalName]
	s.bind(db)
	db.expire(s)
	db.Metadata++
	db.publish()
	return nil
}

// RemoveTable removes a table with its rows.
func (db *Database) RemoveTable(logicalName string) error {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	s, err := db.StoreOf(logicalName)
	if err != nil {
		return err
	}
	db.commitAll()
	delete(db.Stores, logicalName)
	delete(db.Sets, s.Table.EntitySetName)
	db.Issued.drop(logicalName)
	db.Metadata++
	db.publish()
	return nil
}

// SetOptions gives a choice column other options, and all columns of its global choice as well. Rows keep their values, and
// delta tokens stay valid.
func (db *Database) SetOptions(table, logicalName string, options []schema.Option) error {
	db.Mu.RLock()
	var choice string
	if s := db.Stores[table]; s != nil && s.Table.Column(logicalName) != nil {
		choice = s.Table.Column(logicalName).GlobalChoice
	}
	db.Mu.RUnlock()
	names := []string{table}
	for _, t := range db.Tables() {
		sharing := slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return choice != "" && c.GlobalChoice == choice })
		if sharing && t.LogicalName != table {
			names = append(names, t.LogicalName)
		}
	}
	for _, name := range names {
		err := db.Alter(name, false, func(_ *Store, t *schema.Table) error {
			for i := range t.Columns {
				if c := &t.Columns[i]; choice != "" && c.GlobalChoice == choice || name == table && c.LogicalName == logicalName {
					c.Options = slices.Clone(options)
				}
			}
			if name == table && (t.Column(logicalName) == nil || len(options) == 0) {
				return fmt.Errorf("options of column %q cannot be set", logicalName)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SetEntitySet changes the name by which a table is addressed; empty: it can no longer be addressed.
func (db *Database) SetEntitySet(table, set string) error {
	return db.Alter(table, false, func(s *Store, t *schema.Table) error {
		if other := db.Sets[set]; other != nil && other != s {
			return fmt.Errorf("entity set %s belongs to %s", set, other.Table.LogicalName)
		}
		delete(db.Sets, t.EntitySetName)
		if set != "" {
			db.Sets[set] = s
		}
		t.EntitySetName = set
		return nil
	})
}

// SetTracked switches change tracking. Tokens issued before expire.
func (db *Database) SetTracked(table string, on bool) error {
	return db.Alter(table, true, func(s *Store, t *schema.Table) error {
		t.Tracked = on
		s.Log = ChangeLog{}
		return nil
	})
}

// SetReadDepth sets how far the signed-in user may read a table.
func (db *Database) SetReadDepth(table string, d schema.Depth) {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	db.depths[table] = d
}

// Expire makes every delta token that was issued for the table too old.
func (db *Database) Expire(table string) {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	if s := db.Stores[table]; s != nil {
		db.expire(s)
		db.Issued.drop(table)
	}
}
