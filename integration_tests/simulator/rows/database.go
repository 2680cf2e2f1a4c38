// Package rows holds the rows of an environment. A Database has a Store for each table. Most rows are generated: a row is
// a number, and its id and values are computed from that number and the seed, so that a million rows take no memory
// until they are changed. Of each row that was created or changed the Store keeps what differs, and of each change an
// entry of its log, by row version.
package rows

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Database is the tables of an environment with their rows, in memory. The rows are generated, and only what is changed is held.
// It is safe for concurrent use: its methods lock it, unless their comment says that the caller holds the lock, and
// packages that use its fields lock Mu.
type Database struct {
	clock     func() time.Time
	Behaviors Behaviors
	seed      uint64
	keys      KeyPattern
	Lifetime  time.Duration // of a delta token and of the trace of a deletion
	start     int64         // when the oldest generated row was made, in Unix time
	words     *vocabulary
	Bodies    sync.Pool // *[]byte, of responses that have been sent

	Mu             sync.RWMutex
	Stores         map[string]*Store // by logical name
	Sets           map[string]*Store // by entity set
	depths         map[string]schema.Depth
	rights         map[string]Rights // by systemuserid
	Issued         TokenRegister
	Uploads        map[string]*Upload // by session token
	Downloads      map[string]Content // by continuation token
	Files          map[string][]byte  // by the id in the file column
	languages      []int              // the base language first
	contents       bool
	organizationID string
	version        int64  // the database's row version: it grows with each change of a row
	restorations   uint32 // how often a backup was restored
	open           []*Transaction
	commits        int64 // changes that were committed late
	ticks          int64 // the same for elastic tables, in ticks of .NET
	Metadata       int64
}

// New makes a database from its options. It refuses tables that contradict one another (two of one name, two of
// one entity set, one without a primary key) and rows of a table that is not there.
func New(o Options) (*Database, error) {
	db := &Database{
		clock:          o.Clock,
		Behaviors:      o.Behaviors,
		seed:           o.Seed,
		keys:           o.Keys,
		Lifetime:       time.Duration(o.ExpireDays) * 24 * time.Hour,
		words:          newVocabulary(),
		Stores:         map[string]*Store{},
		Sets:           map[string]*Store{},
		depths:         map[string]schema.Depth{},
		rights:         map[string]Rights{},
		Uploads:        map[string]*Upload{},
		contents:       o.Contents,
		Downloads:      map[string]Content{},
		Files:          map[string][]byte{},
		Issued:         TokenRegister{selected: map[string][]string{}},
		languages:      slices.Clone(o.Languages),
		organizationID: strings.ToLower(o.Organization),
		version:        1_000_000,
		Metadata:       6_012_567,
	}
	if db.clock == nil {
		db.clock = time.Now
	}
	db.start = beginning(db.Now())
	db.ticks = unixTicks + (db.start+life)*ticksPerSecond
	if o.ExpireDays == 0 {
		db.Lifetime = defaultExpireDays * 24 * time.Hour
	}
	if len(db.languages) == 0 {
		db.languages = []int{schema.English}
	}
	if db.organizationID == "" {
		db.organizationID = randomID(Mix(o.Seed, HashString("organization"))).String()
	}
	if _, ok := guid.Parse(db.organizationID); !ok {
		return nil, fmt.Errorf("organization %q is not a guid", o.Organization)
	}
	if err := db.furnish(o); err != nil {
		return nil, err
	}
	return db, nil
}

// furnish adds the tables of the options with their rows.
func (db *Database) furnish(o Options) error {
	tables := o.Tables
	if tables == nil {
		tables = schema.Realistic()
	}
	for _, t := range tables {
		rows, named := o.Rows[t.LogicalName]
		switch {
		case t.LogicalName == OrganizationTable, t.LogicalName == fileTable, t.LogicalName == stringMapTable:
			rows = 0 // their rows follow from something else
		case !named:
			rows = o.DefaultRows
		}
		if err := db.attach(t, rows); err != nil {
			return err
		}
	}
	for name := range o.Rows {
		if db.Stores[name] == nil {
			return fmt.Errorf("rows of %q: no such table", name)
		}
	}
	for _, s := range db.Stores {
		s.bind(db)
	}
	db.found()
	db.describeAllFiles()
	db.publish()
	return nil
}

// attach adds a table with generated rows. The caller holds the lock, and binds the columns afterwards.
func (db *Database) attach(t *schema.Table, rows int) error {
	switch {
	case db.Stores[t.LogicalName] != nil:
		return fmt.Errorf("table %s is defined twice", t.LogicalName)
	case t.EntitySetName != "" && db.Sets[t.EntitySetName] != nil:
		return fmt.Errorf("table %s: entity set %s belongs to %s", t.LogicalName, t.EntitySetName, db.Sets[t.EntitySetName].Table.LogicalName)
	case t.Column(t.PrimaryID) == nil:
		return fmt.Errorf("table %s: no primary key column %q", t.LogicalName, t.PrimaryID)
	case rows < 0:
		return fmt.Errorf("table %s: %d rows", t.LogicalName, rows)
	}
	s := newStore(db.seed, t.Clone(), rows, db.start, db.patternOf(t))
	s.Comparison = db.Behaviors.KeyComparison
	s.firstVersion = db.reserve(s)
	s.ValidFrom = db.CurrentVersion(t)
	db.Stores[t.LogicalName] = s
	if t.EntitySetName != "" {
		db.Sets[t.EntitySetName] = s
	}
	return nil
}

// patternOf returns the pattern of the keys of a table. Those of the tables whose first rows an environment begins with are made by
// one server.
func (db *Database) patternOf(t *schema.Table) KeyPattern {
	if slices.Contains([]string{"systemuser", "businessunit", "transactioncurrency"}, t.Family()) {
		return OneNode
	}
	return db.keys
}

// TableByName returns the table of that logical name, nil if there is none.
func (db *Database) TableByName(logicalName string) *schema.Table {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	if s := db.Stores[logicalName]; s != nil {
		return s.Table
	}
	return nil
}

// TableBySet returns the table of that entity set, nil if there is none.
func (db *Database) TableBySet(entitySet string) *schema.Table {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	if s := db.Sets[entitySet]; s != nil {
		return s.Table
	}
	return nil
}

// Tables returns all tables by logical name.
func (db *Database) Tables() []*schema.Table {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return db.sorted()
}

// sorted returns all tables by logical name. The caller holds the lock.
func (db *Database) sorted() []*schema.Table {
	all := make([]*schema.Table, 0, len(db.Stores))
	for _, s := range db.Stores {
		all = append(all, s.Table)
	}
	slices.SortFunc(all, func(a, b *schema.Table) int { return strings.Compare(a.LogicalName, b.LogicalName) })
	return all
}

// Count returns the number of rows that the table has now.
func (db *Database) Count(t *schema.Table) int64 {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	if s := db.Stores[t.LogicalName]; s != nil {
		return int64(s.Count())
	}
	return 0
}

// Now returns the environment's time, UTC.
func (db *Database) Now() time.Time { return db.clock().UTC() }

// Languages returns the language codes (LCIDs) that are provisioned, that of the organization's base language first.
func (db *Database) Languages() []int { return slices.Clone(db.languages) }

// Organization returns the OrganizationId.
func (db *Database) Organization() string {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return db.organizationID
}

// User returns the systemuserid of the signed-in application user.
func (db *Database) User() string {
	return newSequence(db.seed, "systemuser", 0, OneNode).Id(0).String()
}

// BusinessUnit returns the businessunitid of the root business unit, to which the signed-in user belongs.
func (db *Database) BusinessUnit() string {
	return newSequence(db.seed, "businessunit", 0, OneNode).Id(0).String()
}

// Depth returns how far a user may read the table.
func (db *Database) Depth(user, logicalName string) schema.Depth {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return db.ReadDepthOf(user, logicalName)
}

// ReadDepth returns how far users may read a table who have no rights of their own. The caller holds the lock.
func (db *Database) ReadDepth(logicalName string) schema.Depth {
	if d, set := db.depths[logicalName]; set {
		return d
	}
	if s := db.Stores[logicalName]; s != nil && s.Table.Restricted {
		return schema.None
	}
	return schema.Global
}

// MetadataVersion grows with every change of the schema.
func (db *Database) MetadataVersion() int64 {
	db.Mu.RLock()
	defer db.Mu.RUnlock()
	return db.Metadata
}

// PrimaryName returns the primary name of the row that a lookup points to.
func (db *Database) PrimaryName(to Reference) (string, bool) {
	s := db.Stores[to.Table]
	if s == nil {
		return "", false
	}
	r, found := s.Find(to.ID)
	c := s.CellOf(s.Table.PrimaryName)
	if !found || c == nil {
		return "", false
	}
	raw := s.AppendValue(nil, r, c)
	return odata.Plain(raw), len(raw) > 0
}

// StoreOf returns the store of the table with that logical name. The caller holds the lock.
func (db *Database) StoreOf(table string) (*Store, error) {
	if s := db.Stores[table]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("no table %q", table)
}

// Upload is a file that arrives in chunks. It is stored in its row when it is complete.
type Upload struct {
	Store  *Store
	Row    guid.ID
	Column string
	Name   string
	Data   []byte
}
