package finops

import (
	"slices"
	"strings"
)

// Fault is what is wrong with the set-up of a project.
type Fault int

// The faults. Those up to Unmapped keep the project from being exported.
const (
	ProjectMissing   Fault = iota // no project has the name, or the application does not see it
	ProjectImports                // the project imports
	ProjectEmpty                  // no line of the project is exported in full
	CompanyMissing                // Subject is no company
	Unmapped                      // the mapping of the entity Subject is not valid, so that an export would not end
	Incremental                   // the line of the entity Subject exports changes only
	TextCut                       // the file format of the entity Subject cuts texts
	ExecutionRunning              // the execution Subject of the project is running
)

// Stops reports whether no entity of the project can be exported because of the fault.
func (f Fault) Stops() bool { return f <= Unmapped }

// Problem is a fault of a project.
type Problem struct {
	Project string
	Fault   Fault
	Subject string // an entity, a company or an execution; empty: the project
}

// Facts are what is known of a project that a configuration names.
type Facts struct {
	Project   string   // its name in the configuration
	Companies []string // that are to be exported

	Found   *Project // nil: there is none
	Known   []string // the ids of all companies; nil: they are not known
	Running []string // the ids of the executions that are running
}

// Review returns the problems of a project, those that stop its export first. It is a pure function of the facts.
func Review(f Facts) []Problem {
	var all []Problem
	add := func(fault Fault, subject string) { all = append(all, Problem{f.Project, fault, subject}) }
	switch {
	case f.Found == nil:
		add(ProjectMissing, "")
		return all
	case !f.Found.Exports:
		add(ProjectImports, "")
		return all
	case !slices.ContainsFunc(f.Found.Lines, Line.InFull):
		add(ProjectEmpty, "")
	}
	for _, company := range f.Companies {
		if len(f.Known) > 0 && !slices.ContainsFunc(f.Known, func(known string) bool { return strings.EqualFold(known, company) }) {
			add(CompanyMissing, company)
		}
	}
	for _, line := range f.Found.Lines {
		if line.Disabled {
			continue
		}
		if line.Unmapped {
			add(Unmapped, line.Entity)
		}
		if line.Incremental {
			add(Incremental, line.Entity)
		} else if CutsText(line.Format) {
			add(TextCut, line.Entity)
		}
	}
	for _, execution := range f.Running {
		add(ExecutionRunning, execution)
	}
	slices.SortStableFunc(all, func(a, b Problem) int { return int(a.Fault) - int(b.Fault) })
	return all
}
