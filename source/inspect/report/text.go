package report

import (
	"fmt"
	"strings"

	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/inspect/timing"
	"source-microsoft-dataverse/source/prose"
)

// Text returns the report for people: the findings in groups, the timings, the estimates, and the verdict as the last line.
func (r *Report) Text(s Style) string {
	var text strings.Builder
	title := r.Connector
	if r.Environment != "" {
		title += ": " + r.Environment
	}
	text.WriteString(s.colored(strings.TrimSpace(s.paragraph("", title)), bold) + "\n")
	for _, group := range groups() {
		found := r.group(group.of)
		if len(found) == 0 {
			continue
		}
		text.WriteString("\n" + s.colored(group.title, bold) + "\n")
		for _, f := range found {
			text.WriteString(s.finding(f))
		}
	}
	if len(r.Timings) > 0 {
		text.WriteString("\n" + s.colored("Speed of a page, measured now", bold) + "\n" + s.timings(r.Timings))
	}
	if r.Estimate != nil {
		text.WriteString("\n" + s.colored("First sync", bold) + "\n" + s.estimate(r.Estimate))
		if len(r.group(inspect.Finding.AboutPackages)) > 0 {
			text.WriteString(s.paragraph("  ", "The exports of finance & operations are not included."))
		}
	}
	if r.Schedule != nil {
		text.WriteString("\n" + s.colored("How often to sync", bold) + "\n" + s.schedule(r.Schedule))
	}
	text.WriteString("\n" + s.verdict(r))
	return text.String()
}

// group is a part of the text with the findings about some subjects.
type group struct {
	title string
	of    func(inspect.Finding) bool
}

// groups returns the groups in their order. Each finding is in exactly one of them.
func groups() []group {
	environment := func(f inspect.Finding) bool { return !f.AboutPackages() && f.AboutTheEnvironment() }
	users := func(f inspect.Finding) bool { return !f.AboutPackages() && f.AboutAUser() }
	tables := func(f inspect.Finding) bool { return !f.AboutPackages() && !environment(f) && !users(f) }
	return []group{{"Environment", environment}, {"Application users", users}, {"Tables", tables}, {"Finance & operations", inspect.Finding.AboutPackages}}
}

// finding returns a finding, and below it what to do.
func (s Style) finding(f inspect.Finding) string {
	mark := "  " + s.mark(levelOf(f)) + " "
	text := s.paragraph(mark, f.Sentence)
	if f.NextStep != "" {
		indent := strings.Repeat(" ", prose.Cells(uncolored(mark)))
		text += s.paragraph(indent+s.arrow()+" ", f.NextStep)
	}
	return text
}

// many is the number of tables from which on an estimate is hardly that of the tables that will be synced.
const many = 100

// named is how many tables a sentence names.
const named = 10

// estimate returns the sentences on the first sync.
func (s Style) estimate(e *Estimate) string {
	text := s.paragraph("  ", fmt.Sprintf("About %s of %s in %s: %s.", prose.Quantity(e.Rows, "row"), prose.Quantity(e.Tables, "table"),
		prose.Quantity(e.Requests, "request"), rangeText(e.LeastSeconds, e.MostSeconds)))
	if e.MostSeconds > minute {
		text += s.paragraph("  ", bottleneckText(e))
	}
	if e.Tables > many {
		text += s.paragraph("  ", "To estimate the tables that you are going to select, name them with --filter.")
	}
	if len(e.UncountedTables) > 0 {
		text += s.paragraph("  ", fmt.Sprintf("Not included: %s, because Dataverse has not counted the rows.", prose.List(e.UncountedTables, named)))
	}
	return text
}

// bottleneckText returns the sentences on the bottleneck of an estimate, and on what makes the first sync faster.
func bottleneckText(e *Estimate) string {
	switch e.Bottleneck {
	case timing.Latency:
		if e.LongestTableLanes > 1 {
			return fmt.Sprintf("The bottleneck is the latency of Dataverse: although up to %d pages of table %s are requested at the same time, the "+
				"pages of its keys follow one another.", e.LongestTableLanes, e.LongestTable)
		}
		return fmt.Sprintf("The bottleneck is the latency of Dataverse: the pages of table %s follow one another. Fewer columns make them "+
			"faster.", e.LongestTable)
	case timing.Limits:
		return fmt.Sprintf("The bottleneck is the service protection limits: %s may run at the same time, but the limits of one web "+
			"server let %s keep only %d busy. Further application users (additional_credentials) make it faster, as more web servers do.",
			prose.Quantity(e.Parallel, "request"), prose.Quantity(e.Users, "application user"), timing.Sustainable(e.Users))
	case timing.Lanes:
		return fmt.Sprintf("The bottleneck is the number of parallel requests: %s at the same time, as Dataverse recommends or "+
			"max_concurrent_requests allows.", prose.Quantity(e.Parallel, "request"))
	default:
		return ""
	}
}

// schedule returns the sentences on how often to sync.
func (s Style) schedule(p *Schedule) string {
	text := s.paragraph("  ", fmt.Sprintf("Every %s, or less often. A sync in which nothing has changed takes about %s and %s.",
		durationText(p.EverySeconds), prose.Quantity(p.RequestsWithoutChanges, "request"), secondsText(p.SecondsWithoutChanges)))
	if p.WithinSeconds != nil {
		text += s.paragraph("  ", fmt.Sprintf("At least every %s, which is half the lifetime of the delta tokens that the changes are read with.",
			durationText(*p.WithinSeconds)))
	}
	return text
}

// verdict returns the last line.
func (s Style) verdict(r *Report) string {
	errors, warnings := r.count(inspect.Error), r.count(inspect.Warning)
	switch r.Verdict {
	case Errors:
		found := prose.Quantity(errors, "error")
		if warnings > 0 {
			found += " and " + prose.Quantity(warnings, "warning")
		}
		return s.paragraph(s.mark(wrong)+" ", "Not ready to sync: "+found+".")
	case Warnings:
		return s.paragraph(s.mark(warned)+" ", "Ready to sync, with "+prose.Quantity(warnings, "warning")+".")
	default:
		return s.paragraph(s.mark(right)+" ", "Ready to sync. No problems were found.")
	}
}
