package report

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"time"

	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/inspect/timing"
)

// FormatVersion is the version of the JSON. It rises when a member changes its meaning or is removed, not when one is added.
const FormatVersion = 1

// Verdict is the outcome of an inspection in one word.
type Verdict string

// The verdicts.
const (
	Ready    Verdict = "ready"    // there is nothing to do
	Warnings Verdict = "warnings" // syncs run, but something is missing from them or will fail later
	Errors   Verdict = "errors"   // syncs fail, or lack what the configuration names
)

// Report is what doctor has found out.
type Report struct {
	FormatVersion int    `json:"format_version"`
	Connector     string `json:"connector"` // name and version
	// Environment is the host of the environment, empty if the configuration does not have it.
	Environment string  `json:"environment"`
	Verdict     Verdict `json:"verdict"`
	Users       []User  `json:"users"`
	// Findings are sorted: errors, warnings, infos; within each of them the environment before its tables.
	Findings []inspect.Finding `json:"findings"`
	Timings  []Timing          `json:"timings"`
	// Estimate is the first sync of the selected tables, nil if it cannot be estimated.
	Estimate *Estimate `json:"estimate"`
	// Schedule is how often to sync, nil if no page was timed.
	Schedule *Schedule `json:"schedule"`
}

// User is an application user.
type User struct {
	// Setting is the path of the setting that holds its credentials, empty for those at the top level.
	Setting   string   `json:"setting"`
	Name      string   `json:"name"` // in the environment, empty if it is not known
	SignedIn  bool     `json:"signed_in"`
	Roles     []string `json:"roles"`
	TeamRoles []string `json:"team_roles"` // of the teams of the user
}

// Timing is what a page of a table took.
type Timing struct {
	Table string `json:"table"`
	// Rows is about how many rows the table has, nil if it is not known.
	Rows        *int64  `json:"rows"`
	PageRows    int64   `json:"page_rows"`
	PageSeconds float64 `json:"page_seconds"`
	PageBytes   int64   `json:"page_bytes"` // of its rows as JSON
	Columns     int     `json:"columns"`
	// OmittableColumns is how many of the columns can be left out, because Dataverse keeps them for its own use or they repeat
	// others. OmittableShare is the part of the bytes that they take, from 0 to 1.
	OmittableColumns int     `json:"omittable_columns"`
	OmittableShare   float64 `json:"omittable_share"`
}

// Estimate is how long the first sync of the selected tables takes.
type Estimate struct {
	Tables       int               `json:"tables"`
	Rows         int64             `json:"rows"`
	Requests     int64             `json:"requests"` // for pages
	LeastSeconds float64           `json:"least_seconds"`
	MostSeconds  float64           `json:"most_seconds"`
	Bottleneck   timing.Bottleneck `json:"bottleneck"`
	LongestTable string            `json:"longest_table"`
	// LongestTableLanes is how many pages of that table are requested at the same time.
	LongestTableLanes int `json:"longest_table_lanes"`
	Parallel          int `json:"parallel_requests"` // that run at the same time
	Users             int `json:"users"`
	// UncountedTables are those whose numbers of rows are not known. They are not part of the estimate.
	UncountedTables []string `json:"uncounted_tables"`
}

// Schedule is how often to sync.
type Schedule struct {
	EverySeconds float64 `json:"every_seconds"`
	// RequestsWithoutChanges and SecondsWithoutChanges are what a sync takes in which nothing has changed.
	RequestsWithoutChanges int64   `json:"requests_without_changes"`
	SecondsWithoutChanges  float64 `json:"seconds_without_changes"`
	// WithinSeconds is the longest time between two syncs, nil if no table has a delta token.
	WithinSeconds *float64 `json:"within_seconds"`
}

// Input is what a report is made of.
type Input struct {
	Connector, Environment string
	Users                  []User
	Findings               []inspect.Finding
	// Tables are the selected tables, with what was measured of some of them.
	Tables    []timing.Table
	Capacity  timing.Capacity
	TokenLife time.Duration // of delta tokens
}

// New composes a report.
func New(in Input) *Report {
	r := &Report{
		FormatVersion: FormatVersion, Connector: in.Connector, Environment: in.Environment, Verdict: verdictOf(in.Findings),
		Users: notNil(in.Users), Findings: notNil(in.Findings), Timings: []Timing{},
	}
	for i := range r.Users {
		r.Users[i].Roles, r.Users[i].TeamRoles = notNil(r.Users[i].Roles), notNil(r.Users[i].TeamRoles)
	}
	for _, t := range in.Tables {
		if t.Page != nil {
			r.Timings = append(r.Timings, timingOf(t))
		}
	}
	if load, known := timing.FirstLoad(in.Tables, in.Capacity); known {
		r.Estimate = &Estimate{
			Tables: len(in.Tables) - len(load.Unknown), Rows: load.Rows, Requests: load.Requests,
			LeastSeconds: seconds(load.Least), MostSeconds: seconds(load.Most), Bottleneck: load.Bottleneck, LongestTable: load.Longest, LongestTableLanes: load.Lanes,
			Parallel: in.Capacity.Requests, Users: in.Capacity.Users, UncountedTables: notNil(load.Unknown),
		}
	}
	if interval, known := timing.Suggest(in.Tables, in.Capacity, in.TokenLife); known {
		r.Schedule = &Schedule{
			EverySeconds: seconds(interval.Every), RequestsWithoutChanges: interval.Requests, SecondsWithoutChanges: seconds(interval.Took),
		}
		if interval.Within > 0 {
			within := seconds(interval.Within)
			r.Schedule.WithinSeconds = &within
		}
	}
	return r
}

func verdictOf(findings []inspect.Finding) Verdict {
	switch inspect.Worst(findings) {
	case inspect.Error:
		return Errors
	case inspect.Warning:
		return Warnings
	default:
		return Ready
	}
}

func timingOf(t timing.Table) Timing {
	timed := Timing{
		Table: t.Name, PageRows: t.Page.Rows, PageSeconds: seconds(t.Page.Took), PageBytes: t.Page.Bytes,
		Columns: t.Columns, OmittableColumns: t.OmittableColumns,
	}
	if rows, known := t.Rows(); known {
		timed.Rows = &rows
	}
	if t.Page.Bytes > 0 {
		timed.OmittableShare = rounded(float64(t.Page.OmittableBytes)/float64(t.Page.Bytes), 1e3)
	}
	return timed
}

// seconds returns a duration in seconds, to the millisecond.
func seconds(d time.Duration) float64 { return rounded(d.Seconds(), 1e3) }

func rounded(x, to float64) float64 { return math.Round(x*to) / to }

// notNil returns a list that is not null in JSON.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// JSON returns the report as an indented JSON object with a line feed at its end.
func (r *Report) JSON() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(r)
	return text.Bytes(), err
}

// count returns the number of findings of a severity.
func (r *Report) count(s inspect.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// group returns some of the findings, in their order.
func (r *Report) group(of func(inspect.Finding) bool) []inspect.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f inspect.Finding) bool { return !of(f) })
}
