package simulator

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Environment is a Dataverse environment in memory. Its rows are generated, and only what is changed is held.
// It is safe for concurrent use. Requests reach it by the handler of Handler; Go code by Create, Update, Delete
// and the methods that change its schema.
type Environment struct {
	clock     func() time.Time
	behaviors Behaviors
	seed      uint64
	lifetime  time.Duration // of a delta token and of the trace of a deletion
	begin     int64         // when the oldest generated row was made, in Unix time
	words     *vocabulary
	bodies    sync.Pool // *[]byte, of answers that have been sent

	mu             sync.RWMutex
	stores         map[string]*store // by logical name
	sets           map[string]*store // by entity set
	depths         map[string]Depth
	issued         tokenRegister
	uploads        map[string]*upload // by session token
	files          map[string][]byte  // by the id in the file column
	organizationID string
	version        int64 // the database's row version: it grows with each change of a row
	ticks          int64 // the same for elastic tables, in ticks of .NET
	metadata       int64
}

// New makes an environment from its options. It refuses tables that cannot stand together (two of one name, two of
// one entity set, one without a primary key) and rows of a table that is not there.
func New(o Options) (*Environment, error) {
	e := &Environment{
		clock:          o.Clock,
		behaviors:      o.Behaviors,
		seed:           o.Seed,
		lifetime:       time.Duration(o.ExpireDays) * 24 * time.Hour,
		words:          newVocabulary(),
		stores:         map[string]*store{},
		sets:           map[string]*store{},
		depths:         map[string]Depth{},
		uploads:        map[string]*upload{},
		files:          map[string][]byte{},
		issued:         tokenRegister{selected: map[string][]string{}},
		organizationID: strings.ToLower(o.Organization),
		version:        1_000_000,
		metadata:       6_012_567,
	}
	if e.clock == nil {
		e.clock = time.Now
	}
	e.begin = beginning(e.now())
	e.ticks = unixTicks + (e.begin+life)*ticksPerSecond
	if o.ExpireDays == 0 {
		e.lifetime = defaultExpireDays * 24 * time.Hour
	}
	if e.organizationID == "" {
		e.organizationID = randomID(mix(o.Seed, hashString("organization"))).String()
	}
	if _, ok := parseRowID(e.organizationID); !ok {
		return nil, fmt.Errorf("organization %q is not a guid", o.Organization)
	}
	if err := e.furnish(o); err != nil {
		return nil, err
	}
	return e, nil
}

// furnish adds the tables of the options with their rows.
func (e *Environment) furnish(o Options) error {
	tables := o.Tables
	if tables == nil {
		tables = Realistic()
	}
	for _, t := range tables {
		rows, named := o.Rows[t.LogicalName]
		switch {
		case t.LogicalName == organizationTable:
			rows = 0 // its one row is not like any other
		case !named:
			rows = o.DefaultRows
		}
		if err := e.attach(t, rows); err != nil {
			return err
		}
	}
	for name := range o.Rows {
		if e.stores[name] == nil {
			return fmt.Errorf("rows of %q: no such table", name)
		}
	}
	for _, s := range e.stores {
		s.bind(e)
	}
	e.found()
	return nil
}

// attach adds a table with generated rows. The caller holds the lock, and binds the columns afterwards.
func (e *Environment) attach(t *Table, rows int) error {
	switch {
	case e.stores[t.LogicalName] != nil:
		return fmt.Errorf("table %s is defined twice", t.LogicalName)
	case t.EntitySetName != "" && e.sets[t.EntitySetName] != nil:
		return fmt.Errorf("table %s: entity set %s belongs to %s", t.LogicalName, t.EntitySetName, e.sets[t.EntitySetName].table.LogicalName)
	case t.Column(t.PrimaryID) == nil:
		return fmt.Errorf("table %s: no primary key column %q", t.LogicalName, t.PrimaryID)
	case rows < 0:
		return fmt.Errorf("table %s: %d rows", t.LogicalName, rows)
	}
	s := newStore(e.seed, t.clone(), rows, e.begin)
	s.firstVersion = e.reserve(s)
	s.validFrom = e.currentVersion(t)
	e.stores[t.LogicalName] = s
	if t.EntitySetName != "" {
		e.sets[t.EntitySetName] = s
	}
	return nil
}

// table is the table of that logical name, nil if there is none.
func (e *Environment) table(logicalName string) *Table {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if s := e.stores[logicalName]; s != nil {
		return s.table
	}
	return nil
}

// tableBySet is the table of that entity set, nil if there is none.
func (e *Environment) tableBySet(entitySet string) *Table {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if s := e.sets[entitySet]; s != nil {
		return s.table
	}
	return nil
}

// tables are all tables by logical name.
func (e *Environment) tables() []*Table {
	e.mu.RLock()
	defer e.mu.RUnlock()
	all := make([]*Table, 0, len(e.stores))
	for _, s := range e.stores {
		all = append(all, s.table)
	}
	slices.SortFunc(all, func(a, b *Table) int { return strings.Compare(a.LogicalName, b.LogicalName) })
	return all
}

// count is the number of rows that the table has now.
func (e *Environment) count(t *Table) int64 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if s := e.stores[t.LogicalName]; s != nil {
		return int64(s.count())
	}
	return 0
}

// now is the environment's time, UTC.
func (e *Environment) now() time.Time { return e.clock().UTC() }

// organization is the OrganizationId.
func (e *Environment) organization() string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.organizationID
}

// user is the systemuserid of the signed-in application user.
func (e *Environment) user() string { return newSequence(e.seed, "systemuser", 0).id(0).String() }

// businessUnit is the businessunitid of the root business unit, to which the signed-in user belongs.
func (e *Environment) businessUnit() string {
	return newSequence(e.seed, "businessunit", 0).id(0).String()
}

// depth is how far the signed-in user may read the table.
func (e *Environment) depth(logicalName string) Depth {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.readDepth(logicalName)
}

// readDepth is depth for callers that hold the lock.
func (e *Environment) readDepth(logicalName string) Depth {
	if d, set := e.depths[logicalName]; set {
		return d
	}
	if s := e.stores[logicalName]; s != nil && s.table.Restricted {
		return None
	}
	return Global
}

// metadataVersion grows with every change of the schema.
func (e *Environment) metadataVersion() int64 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.metadata
}
