package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// Table is a copy of a table's definition, and whether the table exists.
func (e *Environment) Table(logicalName string) (Table, bool) {
	if t := e.table(logicalName); t != nil {
		return *t.clone(), true
	}
	return Table{}, false
}

// alter puts a changed copy of a table in its stead. If its columns change, the delta tokens issued so far expire, as
// field reports say of the service.
func (e *Environment) alter(table string, columns bool, change func(s *store, t *Table) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.storeOf(table)
	if err != nil {
		return err
	}
	changed := s.table.clone()
	if err := change(s, changed); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	s.table = changed
	e.metadata++
	if columns {
		e.expire(s)
	}
	s.bind(e)
	return nil
}

// expire makes all tokens of the table too old. The row version moves on, so that tokens issued from now on are newer.
func (e *Environment) expire(s *store) { s.validFrom = e.nextVersion(s.table) }

// AddColumn adds a column, which is null in the rows that exist.
func (e *Environment) AddColumn(table string, c Column) error {
	return e.alter(table, true, func(s *store, t *Table) error {
		if c.LogicalName == "" || t.Column(c.LogicalName) != nil {
			return fmt.Errorf("column %q cannot be added", c.LogicalName)
		}
		s.unfilled[c.LogicalName] = true
		t.Columns = append(t.Columns, c)
		slices.SortFunc(t.Columns, func(a, b Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
		return nil
	})
}

// RemoveColumn removes a column and its values. The primary key stays.
func (e *Environment) RemoveColumn(table, logicalName string) error {
	return e.alter(table, true, func(s *store, t *Table) error {
		at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.LogicalName == logicalName })
		if at < 0 || logicalName == t.PrimaryID {
			return fmt.Errorf("column %q cannot be removed", logicalName)
		}
		t.Columns = slices.Delete(t.Columns, at, at+1)
		s.forget(logicalName)
		return nil
	})
}

// RetypeColumn gives a column a new definition. Its generated values follow the new type; values that were written
// before are lost.
func (e *Environment) RetypeColumn(table string, c Column) error {
	return e.alter(table, true, func(s *store, t *Table) error {
		old := t.Column(c.LogicalName)
		if old == nil || c.LogicalName == t.PrimaryID {
			return fmt.Errorf("column %q cannot be retyped", c.LogicalName)
		}
		if old.Type != c.Type || old.Behavior != c.Behavior {
			s.forget(c.LogicalName)
		}
		*old = c
		return nil
	})
}

// forget drops the written values of a column.
func (s *store) forget(column string) {
	for id, row := range s.rows {
		if _, ok := row.values[column]; !ok {
			continue
		}
		changed := *row
		changed.values = map[string]storedValue{}
		for name, v := range row.values {
			if name != column {
				changed.values[name] = v
			}
		}
		s.rows[id] = &changed
	}
}

// AddTable adds a table with generated rows.
func (e *Environment) AddTable(t *Table, rows int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.attach(t, rows); err != nil {
		return err
	}
	s := e.stores[t.LogicalName]
	s.bind(e)
	e.expire(s)
	e.metadata++
	return nil
}

// RemoveTable removes a table with its rows.
func (e *Environment) RemoveTable(logicalName string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.storeOf(logicalName)
	if err != nil {
		return err
	}
	delete(e.stores, logicalName)
	delete(e.sets, s.table.EntitySetName)
	e.issued.drop(logicalName)
	e.metadata++
	return nil
}

// SetEntitySet changes the name by which a table is addressed; empty: it can no longer be addressed.
func (e *Environment) SetEntitySet(table, set string) error {
	return e.alter(table, false, func(s *store, t *Table) error {
		if other := e.sets[set]; other != nil && other != s {
			return fmt.Errorf("entity set %s belongs to %s", set, other.table.LogicalName)
		}
		delete(e.sets, t.EntitySetName)
		if set != "" {
			e.sets[set] = s
		}
		t.EntitySetName = set
		return nil
	})
}

// SetTracked switches change tracking. Tokens issued before are of no use afterwards.
func (e *Environment) SetTracked(table string, on bool) error {
	return e.alter(table, true, func(s *store, t *Table) error {
		t.Tracked = on
		s.log = changeLog{}
		return nil
	})
}

// SetReadDepth sets how far the signed-in user may read a table.
func (e *Environment) SetReadDepth(table string, d Depth) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.depths[table] = d
}

// Expire makes every delta token that was issued for the table too old.
func (e *Environment) Expire(table string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.stores[table]; s != nil {
		e.expire(s)
		e.issued.drop(table)
	}
}
