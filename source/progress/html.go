package progress

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/source/prose"
)

//go:embed report.html.tmpl
var pageTemplate string

// WriteHTML writes the report as a web page that needs nothing but itself: no script, no font, no request.
func (r *Report) WriteHTML(w io.Writer) error {
	page, err := template.New("report").Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parse the report's template: %w", err)
	}
	if err := page.Execute(w, r.page()); err != nil {
		return fmt.Errorf("write the report as a page: %w", err)
	}
	return nil
}

// page is what the template shows. It has texts and positions alone: everything is computed before.
type page struct {
	Title, Heading, Verdict, Sentence, Footer string
	Outcome                                   Outcome
	About                                     []fact
	Facts                                     []fact
	Failures                                  []failureText
	Timeline                                  *timeline  // nil: no stream has started
	Rate                                      *rateChart // nil: there are too few samples
	Streams                                   *streamTable
	Users                                     []userText // if there are several
	Nulled                                    []nulledText
	Warnings                                  []warningText
	WarningsOmitted                           string
}

// fact is a name and a value. Note is a remark on the value.
type fact struct{ Name, Value, Note string }

type failureText struct {
	Subject, Advice, Message string
	Details                  []fact
}

type nulledText struct{ Stream, Column, Reason, Cells string }

type userText struct{ Name, Requests, Records, Throttled string }

type warningText struct{ At, Text string }

func (r *Report) page() page {
	environment := cmp.Or(r.Environment, "Dataverse")
	p := page{
		Title: "Sync of " + environment + ", " + dateTime(r.Started), Heading: "Sync of " + environment,
		Verdict: r.verdict(), Sentence: r.sentence(), Outcome: r.Outcome, About: r.about(), Facts: r.facts(),
		Timeline: r.timeline(), Rate: r.rateChart(), Streams: r.streamTable(),
		Footer: "Written by " + strings.TrimSpace(r.Connector+" "+r.Version) + ". All times are in UTC.",
	}
	for i := range r.Failures {
		p.Failures = append(p.Failures, r.Failures[i].text())
	}
	for _, u := range r.Users {
		p.Users = append(p.Users, userText{prose.Capital(u.Name), prose.Grouped(u.Requests), prose.Grouped(u.Records), duration(time.Duration(u.Throttled))})
	}
	for _, n := range r.Nulled {
		p.Nulled = append(p.Nulled, nulledText{n.Stream, n.Column, n.Reason, prose.Grouped(n.Cells)})
	}
	for _, w := range r.Warnings {
		p.Warnings = append(p.Warnings, warningText{dateTime(w.At), w.Text})
	}
	if r.WarningsOmitted > 0 {
		p.WarningsOmitted = "The log has " + prose.Quantity(r.WarningsOmitted, "more warning") + "."
	}
	return p
}

func (r *Report) verdict() string {
	switch r.Outcome {
	case Complete:
		return "Complete"
	case Failed:
		return "Failed"
	default:
		return "Incomplete"
	}
}

// sentence returns how the sync ended.
func (r *Report) sentence() string {
	streams := r.count(func(s *StreamFigures) bool { return true })
	failed := r.count(func(s *StreamFigures) bool { return s.Outcome == Failed })
	complete := r.count(func(s *StreamFigures) bool { return s.Outcome == Complete })
	switch {
	case r.Outcome == Complete && r.Totals.Records() == 0:
		return "There was nothing to deliver: " + allComplete(streams)
	case r.Outcome == Complete:
		return prose.Capital(allComplete(streams))
	case r.Outcome == Failed && streams == 0:
		return "The sync failed before it read a stream. Nothing was delivered."
	case r.Outcome == Failed && failed == 0:
		return fmt.Sprintf("The sync failed after it completed %s of %s.", prose.Grouped(complete), prose.Quantity(streams, "stream"))
	case r.Outcome == Failed:
		return failedOf(failed, complete, streams) + " " + nextSync
	case streams == 0:
		return "The process was stopped before it read a stream. Nothing was delivered."
	default:
		return fmt.Sprintf("The process was stopped when %s of %s had been completed. %s", prose.Grouped(complete),
			prose.Quantity(streams, "stream"), nextSync)
	}
}

// nextSync is what follows a sync that did not complete.
const nextSync = "The next sync continues incremental streams from their saved states, and reads the others in full."

// failedOf returns how many streams failed, and how many are complete.
func failedOf(failed, complete, streams int) string {
	text := fmt.Sprintf("%s of %s failed", prose.Grouped(failed), prose.Quantity(streams, "stream"))
	if complete == 0 {
		return text + "."
	}
	return text + ", and " + prose.Grouped(complete) + " " + prose.Form(complete, "is", "are") + " complete."
}

func allComplete(streams int) string {
	if streams == 1 {
		return "the stream is complete."
	}
	return "all " + prose.Grouped(streams) + " streams are complete."
}

func (r *Report) count(matches func(*StreamFigures) bool) int {
	n := 0
	for i := range r.Streams {
		if matches(&r.Streams[i]) {
			n++
		}
	}
	return n
}

// about describes the sync itself.
func (r *Report) about() []fact {
	facts := []fact{{Name: "Started", Value: dateTime(r.Started)}, {Name: "Ended", Value: dateTime(r.Ended)}}
	for _, f := range []fact{
		{Name: "Organization", Value: r.Organization}, {Name: "Application user", Value: r.ApplicationUser}, {Name: "Connector", Value: r.Version},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	if r.PageSize > 0 {
		facts = append(facts, fact{Name: "Page size", Value: prose.Quantity(r.PageSize, "row")})
	}
	return facts
}

// facts are the figures that people look for first.
func (r *Report) facts() []fact {
	elapsed := r.Ended.Sub(r.Started)
	if len(r.Streams) == 0 {
		return []fact{{Name: "Duration", Value: duration(elapsed)}}
	}
	complete := r.count(func(s *StreamFigures) bool { return s.Outcome == Complete })
	facts := []fact{
		{Name: "Rows", Value: prose.Grouped(r.Totals.Rows)},
		{Name: "Deletions", Value: prose.Grouped(r.Totals.Deletions)},
		{Name: "Streams complete", Value: prose.Grouped(complete), Note: "of " + prose.Grouped(len(r.Streams))},
		{Name: "Duration", Value: duration(elapsed)},
		{Name: "Size", Value: size(r.Totals.Bytes), Note: "of records"},
		{Name: "Throttled", Value: duration(time.Duration(r.Totals.Waited)), Note: percent(time.Duration(r.Totals.Waited), elapsed) + " of the time"},
		{Name: "Retries", Value: prose.Grouped(r.Totals.Retries), Note: "of " + prose.Quantity(r.Totals.Pages+r.Totals.Retries, "page request")},
	}
	var nulled int64
	for _, n := range r.Nulled {
		nulled += n.Cells
	}
	facts = append(facts, fact{Name: "Cells sent as null", Value: prose.Grouped(nulled)})
	if seconds := elapsed.Seconds(); seconds >= 1 {
		facts[0].Note = prose.Grouped(int64(float64(r.Totals.Rows)/seconds)) + " per second"
	}
	return facts
}

func percent(part, total time.Duration) string {
	if total <= 0 {
		return "0 %"
	}
	return strconv.Itoa(int(min(100*part/total, 100))) + " %"
}

func (f *Failure) text() failureText {
	t := failureText{Subject: cmp.Or(f.Stream, "The whole sync"), Advice: f.Advice, Message: f.Message}
	if t.Message == t.Advice {
		t.Message = ""
	}
	for _, d := range []fact{
		{Name: "Operation", Value: f.Operation}, {Name: "Code", Value: f.Code}, {Name: "HTTP status", Value: statusText(f.Status)},
		{Name: "Request ID", Value: f.RequestID}, {Name: "Kind", Value: kindText(f.FailureType)}, {Name: "Time", Value: dateTime(f.At)},
	} {
		if d.Value != "" {
			t.Details = append(t.Details, d)
		}
	}
	return t
}

// kindText explains a failure type of the protocol.
func kindText(failureType string) string {
	switch failureType {
	case "config_error":
		return "configuration: a person has to change something"
	case "transient_error":
		return "temporary: a later sync may succeed"
	default:
		return failureType
	}
}

func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return strconv.Itoa(status)
}

func dateTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// streamTable is the table of all streams: first those that need attention, then by rows.
type streamTable struct {
	Rows  []streamRow
	Total streamRow
}

type streamRow struct {
	Name, Mode, Outcome                                     string
	Class                                                   Outcome
	Rows, Deletions, Size, Pages, Retries, Waited, Duration string
}

func (r *Report) streamTable() *streamTable {
	if len(r.Streams) == 0 {
		return nil
	}
	sorted := slices.Clone(r.Streams)
	slices.SortStableFunc(sorted, func(a, b StreamFigures) int {
		return cmp.Or(cmp.Compare(a.Outcome.rank(), b.Outcome.rank()), cmp.Compare(b.Figures.Records(), a.Figures.Records()), strings.Compare(a.Name, b.Name))
	})
	t := &streamTable{}
	for i := range sorted {
		s := &sorted[i]
		row := figuresRow(s.Figures, s.Duration(r.Ended))
		row.Name, row.Mode, row.Outcome, row.Class = s.Name, s.Mode, s.outcomeText(), s.Outcome
		t.Rows = append(t.Rows, row)
	}
	t.Total = figuresRow(r.Totals, r.Ended.Sub(r.Started))
	t.Total.Name = "Total"
	return t
}

// size returns a number of bytes in the unit that suits it.
func size(bytes int64) string {
	switch {
	case bytes < 1_000_000:
		return prose.Grouped((bytes+999)/1000) + " kB"
	case bytes < 10_000_000_000:
		return megabytes(bytes) + " MB"
	default:
		return megabytes(bytes/1000) + " GB"
	}
}

// rank orders outcomes by the attention that they need.
func (o Outcome) rank() int { return slices.Index([]Outcome{Failed, Incomplete, Open, Complete}, o) }

func figuresRow(f Figures, took time.Duration) streamRow {
	return streamRow{
		Rows: prose.Grouped(f.Rows), Deletions: prose.Grouped(f.Deletions), Size: size(f.Bytes), Pages: prose.Grouped(f.Pages),
		Retries: prose.Grouped(f.Retries), Waited: duration(time.Duration(f.Waited)), Duration: duration(took),
	}
}
