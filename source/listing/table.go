package listing

import (
	"source-microsoft-dataverse/source/dataverse"
)

// Readable is how much of a table the connector can read.
type Readable string

// What the privileges of the application user allow.
const (
	Yes     Readable = "yes"
	Partly  Readable = "partly" // only the rows that the application user may see
	No      Readable = "no"
	Unknown Readable = "unknown"
)

// Table is what a list shows of a table.
type Table struct {
	Name        string `json:"name"` // logical name
	DisplayName string `json:"display_name"`
	// EntitySet is the table's name in urls of the Web API, empty if the Web API cannot list its rows.
	EntitySet string `json:"entity_set"`
	// Rows is the number of rows as the service counted it within the last 24 hours, nil if it is unknown.
	Rows *int64 `json:"rows"`
	// Incremental reports whether the connector can follow the table's changes. IncrementalReason is why not, else empty.
	Incremental       bool   `json:"incremental"`
	IncrementalReason string `json:"incremental_reason"`
	// Readable is how much of the table the connector can read. ReadableReason is why not all of it, else empty.
	Readable       Readable `json:"readable"`
	ReadableReason string   `json:"readable_reason"`
	// Selected reports whether the configuration selects the table.
	Selected bool `json:"selected"`
}

// Reasons why the changes of a table cannot be followed although it is an ordinary table.
const (
	notTrackable = "not trackable"
	trackingOff  = "tracking is off"
)

// Describe returns what a list shows of a table. Depth is that of the application user's privilege to read it, as
// dataverse.Privileges.ReadDepth returns it; selected reports whether the configuration selects the table.
func Describe(s dataverse.TableSummary, rows *int64, depth dataverse.Depth, selected bool) Table {
	t := Table{Name: s.Table.LogicalName, DisplayName: s.DisplayName, EntitySet: s.Table.EntitySet, Rows: rows, Selected: selected}
	t.Readable, t.ReadableReason = readable(s, depth)
	t.IncrementalReason = obstacle(s, depth)
	t.Incremental = t.IncrementalReason == ""
	return t
}

// Untracked reports whether a stream of the table can be read, but without change tracking.
func (t Table) Untracked() bool {
	return t.Selected && t.Readable != No && (t.IncrementalReason == notTrackable || t.IncrementalReason == trackingOff)
}

// readable returns how much of a table can be read, and why not all of it.
func readable(s dataverse.TableSummary, depth dataverse.Depth) (much Readable, reason string) {
	switch {
	case s.Table.EntitySet == "":
		return No, "not in the Web API"
	case depth == dataverse.NoDepth:
		return No, s.ReadPrivilege + " is missing"
	case depth == "":
		return Unknown, ""
	case depth != dataverse.Global:
		return Partly, depth.Level() + " level"
	default:
		return Yes, ""
	}
}

// obstacle returns why the changes of a table cannot be followed, "" if they can.
func obstacle(s dataverse.TableSummary, depth dataverse.Depth) string {
	switch {
	case s.Table.Virtual:
		return "virtual"
	case s.Table.Elastic:
		return "elastic"
	case s.Table.EntitySet == "", !s.Table.Tracked && !s.Trackable:
		return notTrackable
	case !s.Table.Tracked:
		return trackingOff
	case depth != "" && depth != dataverse.Global:
		return "needs Organization level"
	default:
		return ""
	}
}
