package progress_test

import (
	"fmt"
	"math"
	"time"

	"source-microsoft-dataverse/source/progress"
	"source-microsoft-dataverse/source/replicate/checkpoint"
)

// began is when the syncs of the fixtures started.
var began = time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// span is a phase from one second of a sync to another.
func span(p checkpoint.Phase, from, to float64, pages, scanned int64) progress.PhaseSpan {
	return progress.PhaseSpan{Phase: p, From: after(from), To: after(to), Pages: pages, Scanned: scanned}
}

func seconds(n float64) progress.Seconds {
	return progress.Seconds(math.Round(n*1000) * float64(time.Millisecond))
}

// emptyReport is the report of a sync that ended after a number of seconds.
func emptyReport(o progress.Outcome, ended float64) *progress.Report {
	return &progress.Report{
		FormatVersion: progress.ReportVersion, Connector: "source-microsoft-dataverse", Version: "0.1.0", Environment: "contoso.crm4.dynamics.com",
		Organization: "0f6b2c4e-6d0a-4f5c-9b6e-2f1a7c3d9e10", ApplicationUser: "5d3f…", Started: began, Ended: after(ended), Outcome: o, PageSize: 5000,
	}
}

// failedReport is the report of a sync with streams in each phase and with each outcome.
func failedReport() *progress.Report {
	r := emptyReport(progress.Failed, 214)
	r.Totals = progress.Figures{Rows: 1_284_310, Deletions: 1_204, Bytes: 1_930_482_113, Pages: 512, Retries: 9, Waited: seconds(31), Estimate: 1_300_000}
	r.Streams = []progress.StreamFigures{
		{
			Name: "account", Mode: "incremental", Outcome: progress.Complete, Started: after(2), Ended: after(188),
			Figures: progress.Figures{Rows: 1_020_000, Bytes: 1_700_000_000, Pages: 408, Retries: 4, Waited: seconds(29), Estimate: 1_000_000},
			Phases: []progress.PhaseSpan{
				span(checkpoint.Start, 2, 3.6, 1, 5000), span(checkpoint.TokenScan, 3.6, 78, 204, 1_020_000),
				span(checkpoint.Snapshot, 78, 186.5, 204, 1_020_000), span(checkpoint.Changes, 186.5, 188, 1, 0),
			},
		},
		{
			Name: "contact", Mode: "incremental", Outcome: progress.Failed, Started: after(2.1), Ended: after(61),
			Figures: progress.Figures{Rows: 205_000, Bytes: 190_000_000, Pages: 42, Retries: 3, Waited: seconds(12), Estimate: 480_000},
			Phases:  []progress.PhaseSpan{span(checkpoint.Snapshot, 2.1, 61, 42, 205_000)},
		},
		{
			Name: "opportunity", Mode: "incremental", Outcome: progress.Complete, Started: after(2.2), Ended: after(9),
			Figures: progress.Figures{Rows: 4_310, Deletions: 1_204, Bytes: 9_482_113, Pages: 3},
			Phases:  []progress.PhaseSpan{span(checkpoint.Changes, 2.2, 9, 3, 5_514)},
		},
		{
			Name: "contoso_project", Mode: "incremental", Outcome: progress.Complete, Started: after(9.1), Ended: after(64),
			Figures: progress.Figures{Rows: 25_000, Bytes: 21_000_000, Pages: 11, Retries: 1, Waited: seconds(2), Estimate: 25_000},
			Phases: []progress.PhaseSpan{
				span(checkpoint.Snapshot, 9.1, 40, 5, 25_000), span(checkpoint.ReconcileDeletions, 40, 62, 5, 25_000), span(checkpoint.Changes, 62, 64, 1, 0),
			},
		},
		{
			Name: "contoso_<b>bold</b>&\"'", Mode: "full refresh", Outcome: progress.Incomplete, Started: after(120), Ended: after(213),
			Figures: progress.Figures{Rows: 30_000, Bytes: 10_000_000, Pages: 6, Retries: 1, Estimate: 200_000},
			Phases:  []progress.PhaseSpan{span(checkpoint.FullRefresh, 120, 213, 6, 30_000)},
		},
		{Name: "task", Mode: "incremental"},
	}
	r.Streams[0].Phases[2].Waited = seconds(29)
	r.Nulled = []progress.NulledCells{{Stream: "account", Column: "contoso_score", Reason: "SOURCE_SERIALIZATION_ERROR", Cells: 312}}
	r.Warnings = []progress.Warning{{At: after(2), Text: "Columns of the configured catalog do not exist in Dataverse and are left out. To drop them, refresh the source schema."}}
	r.WarningsOmitted = 3
	r.Failures = []progress.Failure{{
		At: after(61), Stream: "contact", Operation: "read a page of contact", Code: "0x80040220", Status: 403, RequestID: "7d3c1a52-5e0b-4c33-8a3f-52e3a6a1d0c7",
		FailureType: "config_error", Message: "read a page of contact: 403 Forbidden: 0x80040220: SecLib::AccessCheckEx failed for <script>alert(1)</script>",
		Advice: "The application user lacks the privilege prvReadContact at Organization level.\nIn the Power Platform admin center, open the environment, then Settings > Users + permissions > Security roles, and grant Read on Contact.",
	}}
	r.Samples = samples(214, 1_285_514, [2]float64{90, 120}, [2]float64{150, 157})
	return r
}

// samples are samples of each second of a sync that delivers evenly, except while it is throttled.
func samples(end int, rows int64, throttled ...[2]float64) []progress.Sample {
	var taken []progress.Sample
	var delivered, waited float64
	all := float64(end)
	for _, t := range throttled {
		all -= t[1] - t[0]
	}
	for at := 1; at <= end; at++ {
		share := 1.0
		for _, t := range throttled {
			if float64(at) > t[0] && float64(at) <= t[1] {
				share = 0.1
				waited += 0.9
			}
		}
		delivered = min(delivered+share*(0.8+0.4*float64(at%7)/6)*float64(rows)/all, float64(rows))
		taken = append(taken, progress.Sample{After: seconds(float64(at)), Rows: int64(delivered), Throttled: seconds(waited)})
	}
	return taken
}

// largeReport is the report of a complete sync of many streams.
func largeReport(streams int) *progress.Report {
	r := emptyReport(progress.Complete, 3600)
	for i := range streams {
		from := 3.4 * float64(i)
		to := from + 20 + float64(i%37)*4
		rows := int64(i%37) * 5_000
		r.Streams = append(r.Streams, progress.StreamFigures{
			Name: fmt.Sprintf("contoso_table%04d", i), Mode: "incremental", Outcome: progress.Complete, Started: after(from), Ended: after(to),
			Figures: progress.Figures{Rows: rows, Bytes: rows * 900, Pages: rows/5000 + 1}, Phases: []progress.PhaseSpan{span(checkpoint.Snapshot, from, to-2, rows/5000+1, rows), span(checkpoint.Changes, to-2, to, 1, 0)},
		})
		r.Totals.Rows += rows
		r.Totals.Bytes += rows * 900
		r.Totals.Pages += rows/5000 + 2
	}
	r.Totals.Waited = seconds(700)
	r.Samples = samples(240, r.Totals.Rows, [2]float64{60, 80})
	for i := range r.Samples {
		r.Samples[i].After *= 15
		r.Samples[i].Throttled *= 15
	}
	return r
}
