package source

import (
	"cmp"
	"context"
	"log/slog"
	"strings"

	"source-microsoft-dataverse/source/progress"
)

// presentation is what a person gets of a sync besides its log: a report as a file, and a display at a terminal.
type presentation struct {
	file     *progress.ReportFile // nil: no report is asked for
	terminal *progress.Terminal   // nil: there is no display
}

// present begins the presentation of a sync, which must be finished. Its error is that of a report that could not be written:
// it comes before the sync, so that nothing is lost.
func (i *invocation) present(ctx context.Context, counters *progress.Sync) (*presentation, error) {
	p := &presentation{}
	if path := i.command.Report; path != "" {
		file, err := progress.NewReportFile(path)
		if err != nil {
			return nil, err
		}
		p.file = file
	}
	if i.showsProgress(ctx) {
		p.terminal = progress.NewTerminal(i.process.Stderr, showsUnicode(i.process.Getenv), counters.Snapshot)
	}
	return p, nil
}

// finish writes the report and ends the display. The sync has ended.
func (p *presentation) finish(ctx context.Context, i *invocation, counters *progress.Sync) {
	report := counters.Report()
	if p.file != nil {
		if err := p.file.Write(&report); err != nil {
			i.log.WarnContext(ctx, "The report could not be written: "+clause(err)+". The summary in the log has the same figures.")
		}
	}
	if p.terminal != nil {
		p.terminal.Close(report.Failures)
	}
}

// showsProgress reports whether a person sees stderr while stdout, where the messages go, leads elsewhere. A terminal that
// shows both would mix them, and one that cannot move its cursor, a build server, or a log of every request leave no use for
// a display.
func (i *invocation) showsProgress(ctx context.Context) bool {
	getenv := i.process.Getenv
	return i.process.StderrTerminal && !i.process.StdoutTerminal && !i.command.NoProgress && !i.log.Enabled(ctx, slog.LevelDebug) &&
		getenv("TERM") != "dumb" && getenv("CI") == ""
}

// showsUnicode reports whether the locale is one of UTF-8. The first of these variables that is set counts
// (POSIX.1-2017, XBD 8.2).
func showsUnicode(getenv func(string) string) bool {
	locale := strings.ToLower(cmp.Or(getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG")))
	return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
}
