package rows

import (
	"slices"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Rights are what one application user may read, where that is not what SetReadDepth and the definitions of the tables
// say. The zero value differs in nothing.
type Rights struct {
	Depths  map[string]schema.Depth // by table: how far its rows can be read
	Columns map[string][]string     // by table: the logical names of the secured columns that can be read
	// Administrator reports that the user has the role System Administrator, which reads every secured column.
	Administrator bool
	// FullName is the name of the user; empty: that of its row, or "# Simulated application".
	FullName string
	// Roles are the names of the user's own security roles; nil: System Administrator or Basic User, by Administrator. They
	// grant nothing by themselves.
	Roles []string
	// Teams are the names of the security roles of each of the user's teams.
	Teams map[string][]string
}

// RightsOf returns the rights of a user, given by its systemuserid.
func (db *Database) RightsOf(user string) Rights {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return db.rights[user]
}

// SetRights replaces the rights of a user, given by its systemuserid.
func (db *Database) SetRights(user string, r Rights) {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	db.rights[user] = r
}

// ReadDepthOf returns how far a user may read a table. The caller holds the lock.
func (db *Database) ReadDepthOf(user, logicalName string) schema.Depth {
	if d, set := db.rights[user].Depths[logicalName]; set {
		return d
	}
	return db.ReadDepth(logicalName)
}

// MayReadColumn reports whether a user may read a secured column. The caller holds the lock.
func (db *Database) MayReadColumn(user, table, column string) bool {
	r := db.rights[user]
	return r.Administrator || slices.Contains(r.Columns[table], column)
}

// IsAdministrator reports whether a user has the role System Administrator.
func (db *Database) IsAdministrator(user string) bool {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return db.rights[user].Administrator
}

// HasProfileFor reports whether a column security profile of a user grants the right to read a secured column.
func (db *Database) HasProfileFor(user, table, column string) bool {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return slices.Contains(db.rights[user].Columns[table], column)
}
