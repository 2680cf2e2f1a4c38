package progress

import "time"

// ReportVersion is the version of the form of a Report. It changes whenever a program that reads reports has to.
const ReportVersion = 1

// Report is what a sync did. It holds no secret: texts are redacted.
type Report struct {
	FormatVersion   int             `json:"format_version"`
	Connector       string          `json:"connector"`
	Version         string          `json:"version"`                    // of the connector
	Environment     string          `json:"environment,omitempty"`      // the host
	Organization    string          `json:"organization,omitempty"`     // its id; "" if the sync ended before it was known
	ApplicationUser string          `json:"application_user,omitempty"` // the first characters of its id
	Started         time.Time       `json:"started"`
	Ended           time.Time       `json:"ended"`
	Outcome         Outcome         `json:"outcome"`
	PageSize        int             `json:"page_size,omitzero"` // rows
	Totals          Figures         `json:"totals"`             // Waited is the time in which the service made all requests wait
	Users           []UserFigures   `json:"users,omitempty"`    // the application users, if there are several
	Streams         []StreamFigures `json:"streams"`
	Nulled          []NulledCells   `json:"nulled_cells,omitempty"`
	Warnings        []Warning       `json:"warnings,omitempty"`
	WarningsOmitted int             `json:"warnings_omitted,omitzero"` // beyond the first maxWarnings
	Failures        []Failure       `json:"failures,omitempty"`
	Samples         []Sample        `json:"samples,omitempty"`
}

// NulledCells counts the values of a column that were delivered as null.
type NulledCells struct {
	Stream string `json:"stream"`
	Column string `json:"column"`
	Reason string `json:"reason"` // as in the change of a record's meta, such as SOURCE_SERIALIZATION_ERROR
	Cells  int64  `json:"cells"`
}

// Warning is a warning as the log has it.
type Warning struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Failure is an error that ended a stream, or the whole sync. A field is empty if the error does not have it.
type Failure struct {
	At          time.Time `json:"at"`
	Stream      string    `json:"stream,omitempty"`     // empty: the whole sync failed
	Operation   string    `json:"operation,omitempty"`  // such as "read a page of account"
	Code        string    `json:"code,omitempty"`       // of Dataverse, such as 0x80040220
	Status      int       `json:"status,omitzero"`      // of HTTP
	RequestID   string    `json:"request_id,omitempty"` // by which Microsoft's support finds the request
	FailureType string    `json:"failure_type"`         // config_error, transient_error or system_error
	Message     string    `json:"message"`              // the error itself
	Advice      string    `json:"advice"`               // what happened and what to do, as Airbyte shows it
}

// Sample is the state of a sync at one moment of it. Samples are in the order of time, at most maxSamples of them.
type Sample struct {
	After     Seconds `json:"after_seconds"` // since the start of the sync
	Rows      int64   `json:"rows"`          // delivered so far, deletions included
	Throttled Seconds `json:"throttled_seconds"`
}
