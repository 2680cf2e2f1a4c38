package integration_tests_test

import (
	"archive/zip"
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

// packageFault is what goes wrong with an export or its package, and how a read of the project must end.
type packageFault struct {
	prepare func(*packageLab)
	failure string // the type of the error; empty: the read is exact
	message string // a part of the error
	exports int    // for the first company, in the read with the fault; 0: not compared
	partly  bool   // only one of the two streams fails
	waits   bool   // the read waits for finance & operations, so it runs with short pauses
}

// packageProject is the project of these tests, and what exports to the first company are counted under.
const (
	packageProject = "All"
	firstExports   = "All USMF"
)

func (p *packageLab) plan(outcomes ...finops.Outcome) { p.finance.Plan(packageProject, outcomes...) }

func (p *packageLab) behave(change func(*finops.Behaviors)) { p.finance.ChangeBehaviors(change) }

func (p *packageLab) change(change func(*finops.Project)) {
	assert.True(p.t, p.finance.ChangeProject(packageProject, change))
}

// strike makes requests with a text in their address fail.
func (p *packageLab) strike(text string, count int, effect faults.Effect) {
	p.server.Inject(faults.Fault{Match: faults.Contains(text), When: faults.Timing{Count: count}, Then: effect})
}

// storageError is a refusal of the storage.
func storageError(status int, code string) faults.Effect {
	return faults.Handle(func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("x-ms-error-code", code)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`<?xml version="1.0" encoding="utf-8"?><Error><Code>` + code + `</Code><Message>m</Message></Error>`))
	})
}

// flipped changes a byte in the middle of a package.
func flipped(_ *http.Request, content []byte) []byte { return flip(content) }

func flip(content []byte) []byte {
	changed := bytes.Clone(content)
	changed[len(changed)/2] ^= 0xff
	return changed
}

// renamed gives the files of a package other names, or removes those whose name becomes empty.
func renamed(name func(string) string) func([]byte) []byte {
	return func(content []byte) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		for i := 0; err == nil && i < len(r.File); i++ {
			if r.File[i].Name = name(r.File[i].Name); r.File[i].Name != "" {
				err = w.Copy(r.File[i])
			}
		}
		if err != nil || w.Close() != nil {
			return nil
		}
		return out.Bytes()
	}
}

// recoveredFaults are those after which a read is exact.
func recoveredFaults() map[string]packageFault {
	throttled := faults.Chain{faults.Header{Name: "Retry-After", Value: "1"}, faults.Error{Status: http.StatusTooManyRequests, Message: "Too many requests due to high resource utilization."}}
	return map[string]packageFault{
		"the response of ExportToPackage is lost": {exports: 1, prepare: func(p *packageLab) { p.strike("ExportToPackage", 1, simulator.LoseResponse()) }},
		"ExportToPackage responds when the run has ended": {exports: 1, prepare: func(p *packageLab) {
			p.behave(func(b *finops.Behaviors) { b.Waits = true })
			p.plan(finops.Outcome{Takes: 2 * time.Second})
		}},
		"the execution is unknown at first": {exports: 1, waits: true, prepare: func(p *packageLab) { p.behave(func(b *finops.Behaviors) { b.RecordDelay = time.Second }) }},
		"there is no URL at first":          {exports: 1, waits: true, prepare: func(p *packageLab) { p.behave(func(b *finops.Behaviors) { b.URLDelay = time.Second }) }},
		"429":                               {exports: 1, prepare: func(p *packageLab) { p.strike("/data/", 4, throttled) }},
		"502":                               {exports: 1, prepare: func(p *packageLab) { p.strike("GetExecutionSummaryStatus", 2, faults.GatewayError(502).Then) }},
		"the URL has expired":               {exports: 1, prepare: func(p *packageLab) { p.strike("/dmf/", 2, storageError(http.StatusForbidden, "AuthenticationFailed")) }},
		"the download is cut":               {exports: 1, prepare: func(p *packageLab) { p.strike("/dmf/", 2, faults.Transfer{CutAfter: 900}) }},
		"the package arrives damaged":       {exports: 1, prepare: func(p *packageLab) { p.strike("/dmf/", 1, faults.Edit(flipped)) }},
		"the package is gone":               {exports: 2, prepare: func(p *packageLab) { p.strike("/dmf/", 1, storageError(http.StatusNotFound, "BlobNotFound")) }},
		"the history was cleaned up": {exports: 1, prepare: func(p *packageLab) {
			p.strike("GetExportedPackageUrl", 1, faults.Handle(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
				p.finance.CleanHistory()
				next(w, r)
			}))
		}},
		"an export fails once": {exports: 2, prepare: func(p *packageLab) { p.plan(finops.Outcome{Fails: true}) }},
		"an export fails twice for a reason that passes": {exports: 3, prepare: func(p *packageLab) {
			deadlock := finops.Outcome{Fails: true, Errors: []finops.Message{{Text: "DMF1996: a deadlock occurred."}}}
			p.plan(deadlock, deadlock)
		}},
		"ExportToPackage refuses once": {exports: 1, prepare: func(p *packageLab) { p.plan(finops.Outcome{Refused: "The project is locked"}) }},
		"a person runs the project": {exports: 1, waits: true, prepare: func(p *packageLab) {
			p.plan(finops.Outcome{Takes: 2 * time.Second})
			_, err := p.finance.RunInClient(packageProject, "USMF")
			assert.NoError(p.t, err)
		}},
	}
}

// reportedFaults are those after which a read fails with an error that says what to do.
func reportedFaults() map[string]packageFault {
	const config, transient = "config_error", "transient_error"
	unescaped := []finops.Message{{RecordID: "7", Field: "NAME", Text: "The value \"x\" is\nnot valid"}, {Text: "other"}, {Text: "other"}}
	return map[string]packageFault{
		"an export fails again": {failure: transient, message: `The value "x" is`, exports: 2, prepare: func(p *packageLab) {
			p.plan(finops.Outcome{Fails: true, Errors: unescaped}, finops.Outcome{Fails: true, Errors: unescaped})
		}},
		"an export is canceled": {failure: transient, message: "Someone canceled the export", exports: 1, prepare: func(p *packageLab) { p.plan(finops.Outcome{Canceled: true}) }},
		"an entity fails": {failure: config, message: "did not export the entity Fixed assets V2", exports: 1, partly: true, prepare: func(p *packageLab) {
			p.plan(finops.Outcome{Failing: []string{"Fixed assets V2"}, Errors: unescaped})
		}},
		"ExportToPackage refuses": {failure: config, message: "The project is locked", waits: true, prepare: func(p *packageLab) {
			p.plan(finops.Outcome{Refused: "The project is locked"}, finops.Outcome{Refused: "The project is locked"})
		}},
		"a line has no mapping":         {failure: config, message: "no valid mapping", prepare: func(p *packageLab) { p.change(func(q *finops.Project) { q.Lines[1].Unmapped = true }) }},
		"a line is incremental":         {failure: config, message: "its changes would be lost", partly: true, prepare: func(p *packageLab) { p.change(func(q *finops.Project) { q.Lines[1].Incremental = true }) }},
		"the project imports":           {failure: config, message: "imports", prepare: func(p *packageLab) { p.change(func(q *finops.Project) { q.Operation = "Import" }) }},
		"the project has another name":  {failure: config, message: "is not restricted to other users, roles or companies", prepare: func(p *packageLab) { p.change(func(q *finops.Project) { q.Name = "Other" }) }},
		"a company does not exist":      {failure: config, message: "Check that the legal entity exists", partly: true, prepare: func(p *packageLab) { p.companies("USMF", "ZZMF") }},
		"the application is missing":    {failure: config, message: "Microsoft Entra applications", prepare: func(p *packageLab) { p.finance.Unregister(simulator.DefaultApplication().ClientID) }},
		"the package is always damaged": {failure: transient, message: "damaged", partly: true, prepare: func(p *packageLab) { p.plan(finops.Outcome{Edit: flip}) }},
		"a name leads out of the package": {failure: config, message: "leads out of a folder", prepare: func(p *packageLab) {
			p.plan(finops.Outcome{Edit: renamed(func(name string) string { return strings.Replace(name, "Currencies.xml", "../Currencies.xml", 1) })})
		}},
		"the file of an entity with rows is missing": {failure: transient, message: "did not treat the entity as empty", partly: true, prepare: func(p *packageLab) {
			p.plan(finops.Outcome{Edit: renamed(func(name string) string { return strings.Replace(name, "Fixed assets V2.csv", "", 1) })})
		}},
		"the export never ends": {failure: transient, message: "delete it under Data management > Job history", waits: true, prepare: func(p *packageLab) {
			p.config["package_timeout_minutes"] = 1
			p.plan(finops.Outcome{Stuck: true})
		}},
	}
}

// companies sets the companies of the project in the configuration.
func (p *packageLab) companies(ids ...string) {
	p.config["packages"] = []map[string]any{{"project": packageProject, "legal_entities": ids}}
}

func TestEveryFaultOfAnExportEndsAsItShould(t *testing.T) {
	t.Parallel()
	for _, list := range []map[string]packageFault{recoveredFaults(), reportedFaults()} {
		for name, fault := range list {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				meet(t, fault)
			})
		}
	}
}

// meet reads with a fault, and once more without it.
func meet(t *testing.T, fault packageFault) {
	p := servePackages(t, sampleWith(finops.Project{Name: packageProject, Lines: []finops.Line{
		{Entity: "Currencies", Format: "XML-Element"}, {Entity: "Fixed assets V2", Format: "CSV-Unicode"},
	}}))
	const shared, other = "dmf_all_currencies", "dmf_all_fixed_assets_v2"
	d, catalog := destination.New(), p.overwriting(shared, other)
	if fault.waits {
		p.shortenPauses()
	}
	fault.prepare(p)
	report, result := p.apply(d, catalog, p.runWith(ofOneJob(), append(p.readArgs(d, catalog), "--debug")...))
	for _, line := range result.Lines {
		require.NotContains(t, string(line), "sig=", "the signature of a URL is a secret")
	}
	if fault.exports > 0 {
		assert.Equal(t, fault.exports, p.exports()[firstExports], "exports for the first company")
	}
	if fault.failure != "" {
		requireFault(t, fault, report, result.ExitCode)
		assert.Equal(t, fault.partly, len(report.Streams[shared].Errors) == 0, "%v", report.Errors)
		p.repair()
		p.sync(d, catalog, ofOneJob()...)
	} else {
		require.Equal(t, 0, result.ExitCode, "%v", report.Errors)
	}
	p.equalPackages(d, shared, "Currencies", 0)
	p.equalPackages(d, other, "Fixed assets V2", 0)
}

// requireFault requires that a read failed as a fault demands.
func requireFault(t *testing.T, fault packageFault, report *destination.Report, code int) {
	t.Helper()
	require.Equal(t, 1, code)
	require.NotEmpty(t, report.Errors)
	for _, e := range report.Errors {
		if e.Stream == nil {
			continue // the summary of the read
		}
		assert.Equal(t, fault.failure, e.FailureType, "%s", e.Message)
		assert.Contains(t, e.Message, fault.message)
	}
}

// repair removes what is wrong with the environment and the configuration.
func (p *packageLab) repair() {
	p.finance.EndRuns()
	p.finance.Register(simulator.DefaultApplication().ClientID)
	p.finance.ChangeProject("Other", func(q *finops.Project) { q.Name = packageProject })
	p.change(func(q *finops.Project) {
		q.Operation = ""
		for i := range q.Lines {
			q.Lines[i].Unmapped, q.Lines[i].Incremental = false, false
		}
	})
	p.companies(p.finance.Companies()...)
	delete(p.config, "package_timeout_minutes")
}
