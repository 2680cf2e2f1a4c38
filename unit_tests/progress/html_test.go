package progress_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

func html(t *testing.T, r *progress.Report) string {
	t.Helper()
	var page strings.Builder
	require.NoError(t, r.WriteHTML(&page))
	return page.String()
}

func TestTheReportPageLooksAsItDid(t *testing.T) {
	golden(t, "report.html", html(t, failedReport()))
}

func TestTextsInAReportPageAreEscaped(t *testing.T) {
	page := html(t, failedReport())
	for _, tag := range []string{"<script", "<b>", "javascript:"} {
		assert.NotContains(t, page, tag)
	}
	assert.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
}

func TestAReportPageLoadsNothing(t *testing.T) {
	loading := regexp.MustCompile(`(?i)(src|href|action|poster|xlink:href)\s*=\s*"[^"]*"|url\(|@import|://`)
	for name, r := range map[string]*progress.Report{"failed": failedReport(), "large": largeReport(30)} {
		assert.Equal(t, []string{`href="data:,"`}, loading.FindAllString(html(t, r), -1), name)
	}
}

// section returns the part of a page with an id, "" if there is none.
func section(page, id string) string {
	_, rest, found := strings.Cut(page, `<section id="`+id+`"`)
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "</section>")
	return text
}

func TestAReportPageHasTheSectionsThatItNeeds(t *testing.T) {
	one := emptyReport(progress.Complete, 0.42)
	one.Totals = progress.Figures{Rows: 12, Bytes: 9_000, Pages: 1}
	one.Streams = []progress.StreamFigures{{
		Name: "account", Mode: "incremental", Outcome: progress.Complete, Started: after(0.2), Ended: after(0.4), Figures: one.Totals,
		Phases: []progress.PhaseSpan{span(checkpoint.Changes, 0.2, 0.4, 1, 12)},
	}}
	unread := emptyReport(progress.Failed, 1.2)
	unread.Failures = []progress.Failure{{At: after(1.2), FailureType: "config_error", Message: "sign in", Advice: "The client secret is wrong."}}
	stopped := emptyReport(progress.Incomplete, 3)
	stopped.Streams = []progress.StreamFigures{{Name: "account", Mode: "incremental"}}
	nothing := emptyReport(progress.Complete, 4)
	nothing.Streams = []progress.StreamFigures{{Name: "account", Mode: "incremental", Outcome: progress.Complete, Started: after(1), Ended: after(4)}}
	instant := emptyReport(progress.Complete, 0)
	instant.Streams = []progress.StreamFigures{{Name: "account", Outcome: progress.Complete, Started: began, Ended: began, Phases: []progress.PhaseSpan{span(checkpoint.Start, 0, 0, 1, 0)}}}
	half := emptyReport(progress.Failed, 4)
	half.Streams = []progress.StreamFigures{{Name: "account", Outcome: progress.Complete}, {Name: "contact", Outcome: progress.Failed}}
	divided := emptyReport(progress.Complete, 4)
	divided.Streams = nothing.Streams
	divided.Users = []progress.UserFigures{
		{Name: "the first application user", Requests: 1200, Records: 34_000, Throttled: progress.Seconds(15 * time.Second)}, {Name: "the application user of <b>"},
	}
	assert.Contains(t, section(html(t, divided), "users"),
		`<tr><th scope="row">The first application user</th><td class="n">1,200</td><td class="n">34,000</td><td class="n">15s</td></tr>`)
	for name, test := range map[string]struct {
		report   *progress.Report
		sentence string
		sections string
	}{
		"failed streams":       {failedReport(), "1 of 6 streams failed, and 3 are complete.", "failures timeline rate streams nulled warnings"},
		"one of two":           {half, "1 of 2 streams failed, and 1 is complete.", "streams"},
		"one short stream":     {one, "The stream is complete.", "timeline streams"},
		"no stream was read":   {unread, "The sync failed before it read a stream. Nothing was delivered.", "failures"},
		"several users":        {divided, "There was nothing to deliver: the stream is complete.", "timeline streams users"},
		"nothing to deliver":   {nothing, "There was nothing to deliver: the stream is complete.", "timeline streams"},
		"stopped at its start": {stopped, "The process was stopped when 0 of 1 stream had been completed.", "streams"},
		"no time at all":       {instant, "There was nothing to deliver: the stream is complete.", "timeline streams"},
		"a thousand streams":   {largeReport(1000), "All 1,000 streams are complete.", "timeline rate streams"},
	} {
		t.Run(name, func(t *testing.T) {
			page := html(t, test.report)
			assert.Contains(t, page, test.sentence)
			var found []string
			for _, match := range regexp.MustCompile(`<section id="(\w+)"`).FindAllStringSubmatch(page, -1) {
				found = append(found, match[1])
			}
			assert.Equal(t, test.sections, strings.Join(found, " "))
			assert.NotContains(t, page, "NaN")
			assert.NotContains(t, page, "Inf")
			assert.NotContains(t, page, "ZgotmplZ", "html/template found no safe form of a value")
		})
	}
}

func TestEachStreamOfAReportPageIsInTheTableAndTheTimeline(t *testing.T) {
	page := html(t, largeReport(1000))
	assert.Equal(t, 1000, strings.Count(section(page, "streams"), `<th scope="row">contoso_table`))
	timeline := section(page, "timeline")
	assert.Equal(t, 1000, strings.Count(timeline, `<li class="lane">`))
	shown, _, _ := strings.Cut(timeline, "<details>")
	assert.Equal(t, 40, strings.Count(shown, `<li class="lane">`))
	assert.Contains(t, timeline, "960 more streams, which took less time")
}

func TestBoxesOfAReportPageAreInsideTheirChart(t *testing.T) {
	box := regexp.MustCompile(` x="([\d.]+)%" width="([\d.]+)%"`)
	late := failedReport() // a phase that ends after its sync, as by a clock that was set
	late.Streams[0].Phases[3].To = after(500)
	for name, r := range map[string]*progress.Report{"failed": failedReport(), "large": largeReport(300), "late": late} {
		boxes := box.FindAllStringSubmatch(html(t, r), -1)
		require.NotEmpty(t, boxes, name)
		for _, b := range boxes {
			x, err := strconv.ParseFloat(b[1], 64)
			require.NoError(t, err)
			width, err := strconv.ParseFloat(b[2], 64)
			require.NoError(t, err)
			assert.Positive(t, width, b[0])
			assert.LessOrEqual(t, x+width, 100.01, b[0])
		}
	}
}
