package finops

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Options describe an environment.
type Options struct {
	Seed      uint64 // of the generated rows
	Companies []Company
	Entities  []Entity
	Projects  []Project
	Formats   []Format         // source data formats; nil: Formats
	Clock     func() time.Time // nil: time.Now
	RunTime   time.Duration    // how long a run of a project takes
	Prefix    string           // of all paths, such as /namespaces/<id> of the former HR environments; empty: none
	Behaviors Behaviors
}

// Behaviors settle what Microsoft's documentation leaves open, or what differs between environments. The zero value is the
// usual one.
type Behaviors struct {
	RecordDelay    time.Duration // after ExportToPackage, until the execution can be found
	URLDelay       time.Duration // after the end of a run, until its package has a URL
	NestedValue    bool          // actions return {"value":{"value":…}}, as Microsoft's documentation has it
	ZeroRows       ZeroRows
	UsedID         UsedID
	Waits          bool          // ExportToPackage responds once the run has ended (flight DMFExportToPackageForceSync)
	SameDateTypes  bool          // the metadata of a date and of a date with a time are the same
	StagingCounts  bool          // the job log counts the rows as created in staging, although it was skipped
	FailureKeeps   bool          // a run that fails or is canceled does not move the watermark of incremental lines
	SharedStrings  bool          // the texts of workbooks are in a table of their own, as in files that were edited
	WrongDimension bool          // worksheets state that they have fewer rows than they do
	DummyRow       bool          // workbooks have a row of dummy cells after the header
	EscapedErrors  bool          // GetExecutionErrors escapes quotation marks and line breaks in messages
	PageSize       int           // of OData; 0: 10,000
	MetadataPage   int           // of the lists of the metadata service; 0: no pages
	HistoryLife    time.Duration // of executions; 0: 7 days
}

// ZeroRows is what the package of an entity without rows has.
type ZeroRows int

// What there can be for an entity without rows.
const (
	HeaderOnly ZeroRows = iota // a file without rows
	NoFile                     // no file
	NoPackage                  // no package, if no other entity has rows
)

// UsedID is what follows an execution id that was used before.
type UsedID int

// What can follow a used execution id.
const (
	UsedRefused         UsedID = iota
	UsedUnlessReExecute        // refused unless reExecute is true
	UsedRunsAgain              // the project runs again under the same id
)

// The lives of things by default (Microsoft, "Data management package REST API" and "Data import and export jobs overview").
const (
	sasLife          = time.Hour // of the URLs of packages
	packageLife      = 7 * 24 * time.Hour
	usualHistoryLife = 7 * 24 * time.Hour
	usualPageSize    = 10_000
)

// Environment is a finance and operations environment in memory. It is safe for concurrent use.
type Environment struct {
	options Options

	mu           sync.Mutex
	tables       []*table
	runs         []*run
	plans        map[string][]Outcome // by project in lower case
	watermarks   map[watermark]int
	blobs        map[string]*blob // by name
	unregistered map[string]bool  // client ids in lower case
	key          []byte           // that signs the URLs of packages
	made         int              // execution ids that the environment made itself
}

// New makes an environment. It refuses options that contradict one another, such as a project that exports an entity that does
// not exist.
func New(o Options) (*Environment, error) {
	if o.Formats == nil {
		o.Formats = Formats()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	e := &Environment{
		options: o, plans: map[string][]Outcome{}, watermarks: map[watermark]int{}, blobs: map[string]*blob{}, unregistered: map[string]bool{},
		key: []byte(newID()),
	}
	for i := range o.Entities {
		entity := &e.options.Entities[i]
		if entity.Shared {
			e.tables = append(e.tables, newTable(o.Seed, entity, ""))
			continue
		}
		for _, c := range o.Companies {
			e.tables = append(e.tables, newTable(o.Seed, entity, c.ID))
		}
	}
	return e, nil
}

func (e *Environment) now() time.Time { return e.options.Clock().UTC() }

// Companies returns the ids of the legal entities.
func (e *Environment) Companies() []string {
	var ids []string
	for _, c := range e.options.Companies {
		ids = append(ids, c.ID)
	}
	return ids
}

// Unregister removes an application from the page Microsoft Entra applications: its requests for entities are forbidden.
func (e *Environment) Unregister(clientID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unregistered[strings.ToLower(clientID)] = true
}

// Register reverses Unregister.
func (e *Environment) Register(clientID string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.unregistered, strings.ToLower(clientID))
}

// ChangeProject changes the definition of a project, and reports whether there is one of that name.
func (e *Environment) ChangeProject(name string, change func(*Project)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.project(name)
	if p == nil {
		return false
	}
	changed := *p
	changed.Lines = slices.Clone(p.Lines)
	change(&changed)
	*p = changed
	return true
}

// ChangeBehaviors changes the behaviors from now on.
func (e *Environment) ChangeBehaviors(change func(*Behaviors)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.options.Behaviors)
}

// project returns the project of that name, nil if there is none. Names are compared as the database does, without regard to case.
func (e *Environment) project(name string) *Project {
	return find(e.options.Projects, func(p *Project) bool { return strings.EqualFold(p.Name, name) })
}

// entity returns the entity with that label, nil if there is none.
func (e *Environment) entity(label string) *Entity {
	return find(e.options.Entities, func(entity *Entity) bool { return strings.EqualFold(entity.Label, label) })
}

func (e *Environment) company(id string) *Company {
	return find(e.options.Companies, func(c *Company) bool { return strings.EqualFold(c.ID, id) })
}

// format returns the source data format of that name. Validated options have every format that a line names.
func (e *Environment) format(name string) *Format {
	return find(e.options.Formats, func(f *Format) bool { return f.Name == name })
}

// find returns the first element of a list that meets a condition, nil if there is none.
func find[T any](list []T, is func(*T) bool) *T {
	for i := range list {
		if is(&list[i]) {
			return &list[i]
		}
	}
	return nil
}
