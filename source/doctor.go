package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"source-microsoft-dataverse/source/config"
	"source-microsoft-dataverse/source/inspect"
	"source-microsoft-dataverse/source/inspect/report"
	"source-microsoft-dataverse/source/inspect/timing"
)

// errReported makes a verb fail whose output has the reason already.
var errReported = errors.New("the report has errors")

// timingLimit bounds how long doctor times pages.
const timingLimit = 30 * time.Second

// doctor prints a report of what is wrong with the configuration and its environment, how long a first sync takes, and how
// often to sync. Whatever stops it is a part of the report.
func (i *invocation) doctor(ctx context.Context) error {
	in := report.Input{Connector: name + " " + i.process.version()}
	err := i.within(ctx, i.process.Limits.standard().Check, func(ctx context.Context) error {
		return i.connectAll(ctx, func(ctx context.Context, c *config.Config, all []account) error {
			c.Tables = c.Tables.Narrow(i.command.Filter)
			i.examine(ctx, c, all, &in)
			return ctx.Err()
		})
	})
	i.progress("")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	in.Findings = inspect.Sort(append(append(in.Findings, configurationWarnings(i.warnings)...), findingsOf(err)...))
	i.redact(&in)
	return i.printReport(report.New(in))
}

// redact masks the secrets of the configuration in what comes from the service.
func (i *invocation) redact(in *report.Input) {
	for n := range in.Findings {
		f := &in.Findings[n]
		f.Sentence, f.NextStep = i.out.Redacted(f.Sentence), i.out.Redacted(f.NextStep)
	}
	for n := range in.Users {
		u := &in.Users[n]
		u.Name = i.out.Redacted(u.Name)
		for _, roles := range [][]string{u.Roles, u.TeamRoles} {
			for k := range roles {
				roles[k] = i.out.Redacted(roles[k])
			}
		}
	}
}

// printReport prints a report. It returns errReported if the report has errors.
func (i *invocation) printReport(r *report.Report) error {
	text := []byte(r.Text(i.style()))
	if i.command.JSON {
		var err error
		if text, err = r.JSON(); err != nil {
			return fmt.Errorf("encode the report: %w", err)
		}
	}
	if err := i.print(text); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	if r.Verdict == report.Errors {
		return errReported
	}
	return nil
}

// style returns the layout of a report: with colors at a terminal, unless the user turns them off (https://no-color.org) or the
// terminal has none.
func (i *invocation) style() report.Style {
	getenv := i.process.Getenv
	return report.Style{
		Width: i.process.width(), Unicode: showsUnicode(getenv),
		Color: i.process.StdoutTerminal && !i.command.NoColor && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb",
	}
}

// examine adds to the contents of a report what it finds out about an environment.
func (i *invocation) examine(ctx context.Context, c *config.Config, all []account, in *report.Input) {
	in.Environment = hostIn(c.Environment)
	facts := i.inspect(ctx, c, all, inspect.Options{CountRows: true, Step: func(text string) { i.progress(text + " ...") }})
	in.Findings = i.filtered(facts.Findings())
	if ctx.Err() != nil { // requests that were cut off show nothing about the user or the tables
		in.Findings = slices.DeleteFunc(in.Findings, func(f inspect.Finding) bool {
			return f.Code == inspect.UserRefused || f.Code == inspect.NotListed
		})
	}
	usable := 0
	for _, u := range facts.Users {
		in.Users = append(in.Users, report.User{
			Setting: u.Setting, Name: u.FullName, SignedIn: u.SignIn == nil, Roles: u.Roles, TeamRoles: u.TeamRoles,
		})
		if u.SignIn == nil {
			usable++
		}
	}
	first, found := facts.Usable()
	if !found || len(facts.Tables) == 0 {
		return
	}
	client := all[first].client
	i.progress("Timing pages ...")
	limited, cancel := context.WithTimeout(ctx, timingLimit)
	defer cancel()
	timed := i.timeTables(limited, c, client, readableTables(facts.Tables))
	in.Tables, in.Findings = timed.tables, append(in.Findings, timed.findings...)
	in.Capacity = timing.Capacity{Requests: client.Slots(), Users: usable, PageSize: c.PageSize}
	in.TokenLife = time.Duration(cmp.Or(facts.TokenDays, defaultTokenDays)) * 24 * time.Hour
}

// filtered returns the findings. If nothing is selected and the command line has --filter, the finding names the flag.
func (i *invocation) filtered(findings []inspect.Finding) []inspect.Finding {
	for n := range findings {
		if f := &findings[n]; f.Code == inspect.NoTableSelected && len(i.command.Filter) > 0 {
			f.Sentence = "None of the tables that the configuration selects matches --filter."
			f.NextStep, f.Key = "Correct the patterns, which match logical names, or omit the flag.", ""
		}
	}
	return findings
}

// readableTables returns the tables whose rows can be read, as far as is known.
func readableTables(all []inspect.Table) []inspect.Table {
	var readable []inspect.Table
	for _, t := range all {
		if may, known := t.Readable(); (may || !known) && (t.Probe == nil || t.Probe.Problem == nil) {
			readable = append(readable, t)
		}
	}
	return readable
}

// configurationWarnings returns the values that were corrected in a configuration as findings.
func configurationWarnings(warnings []string) []inspect.Finding {
	var findings []inspect.Finding
	for _, warning := range warnings {
		findings = append(findings, inspect.Finding{
			Severity: inspect.Warning, Code: inspect.ConfigurationCorrected, Subject: inspect.SubjectConfiguration, Sentence: warning,
		})
	}
	return findings
}

// findingsOf returns as findings what has stopped an inspection: the problems of an invalid configuration, or an error.
func findingsOf(err error) []inspect.Finding {
	if err == nil {
		return nil
	}
	problems, code, subject := []string{explain(err).Message}, inspect.InspectionFailed, inspect.SubjectEnvironment
	var invalid *config.Error
	if errors.As(err, &invalid) {
		problems, code, subject = invalid.Problems, inspect.ConfigurationInvalid, inspect.SubjectConfiguration
	}
	var findings []inspect.Finding
	for _, problem := range problems {
		findings = append(findings, inspect.Finding{Severity: inspect.Error, Code: code, Subject: subject, Sentence: problem})
	}
	return findings
}
