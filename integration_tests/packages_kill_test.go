package integration_tests_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/finops"
)

// place is where a request is when the process that sent it is killed.
type place int

const (
	unserved place = iota // it has arrived
	served                // it was carried out
	halfSent              // half of its response was sent
)

// killing kills a process with a request of it.
func killing(process *atomic.Pointer[binary.Process], at place) faults.Effect {
	return faults.Handle(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		if at != unserved {
			response := httptest.NewRecorder()
			next(response, r)
			if at == halfSent {
				_, _ = w.Write(response.Body.Bytes()[:response.Body.Len()/2])
				_ = http.NewResponseController(w).Flush()
			}
		}
		_ = process.Load().Signal(syscall.SIGKILL)
		<-r.Context().Done()
	})
}

// killIn reads, and kills the process with its n-th request that has a text in its address. It returns the output.
func (p *packageLab) killIn(d *destination.Destination, c destination.Catalog, text string, nth int, at place) binary.Result {
	p.t.Helper()
	var process atomic.Pointer[binary.Process]
	injection := p.server.Inject(faults.Fault{Match: faults.Contains(text), When: faults.Timing{Nth: nth}, Then: killing(&process, at)})
	defer injection.Remove()
	result := p.stream(d, c, func(running *binary.Process, _ []byte) { process.CompareAndSwap(nil, running) })
	require.Equal(p.t, 1, injection.Hits(), "%s", bytes.Join(result.Lines, []byte{'\n'}))
	return result
}

// ofOneJob makes reads attempts of one job, which does not read again what is complete.
func ofOneJob() []string { return []string{"WORKER_JOB_ID=7"} }

// stream reads until something kills the process.
func (p *packageLab) stream(d *destination.Destination, c destination.Catalog, each func(*binary.Process, []byte)) binary.Result {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), runTimeout)
	defer cancel()
	result, err := p.program().Stream(ctx, p.readArgs(d, c), p.variables(ofOneJob()...), each)
	require.NoError(p.t, err)
	require.NoError(p.t, ctx.Err(), "the connector hangs")
	require.Equal(p.t, syscall.SIGKILL, result.Signal, "%s", bytes.Join(result.Lines, []byte{'\n'}))
	result.Rest = nil // the line in which the process was killed
	return result
}

func TestAKilledReadGoesOnWithTheSameExport(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		nth  int
		at   place
	}{
		"before the export":           {"ExportToPackage", 1, unserved},
		"when the export has started": {"ExportToPackage", 1, served},
		"while the export runs":       {"GetExecutionSummaryStatus", 1, served},
		"when the export has ended":   {"GetExecutionSummaryStatus", 2, served},
		"when the URL is requested":   {"GetExportedPackageUrl", 1, served},
		"before the download":         {"/dmf/", 1, unserved},
		"in the download":             {"/dmf/", 1, halfSent},
		"before the second company":   {"ExportToPackage", 2, unserved},
		"in the second download":      {"/dmf/", 2, halfSent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sampleWith(finops.Project{Name: "All", Lines: []finops.Line{
				{Entity: "Currencies", Format: "XML-Element"}, {Entity: "Fixed assets V2", Format: "CSV-Unicode"},
			}})
			o.RunTime = 1
			p := servePackages(t, o)
			if c.text == "ExportToPackage" && c.at == unserved {
				p.shortenPauses() // the next read waits until it is certain that no export has started
			}
			d, catalog := destination.New(), p.overwriting("dmf_all_currencies", "dmf_all_fixed_assets_v2")
			report, _ := p.apply(d, catalog, p.killIn(d, catalog, c.text, c.nth, c.at))
			before := report.Records()
			report = p.sync(d, catalog, ofOneJob()...)
			p.equalPackages(d, "dmf_all_currencies", "Currencies", 0)
			p.equalPackages(d, "dmf_all_fixed_assets_v2", "Fixed assets V2", 0)
			assert.Equal(t, map[string]int{"All USMF": 1, "All DEMF": 1}, p.exports(), "nothing is exported twice")
			assert.Equal(t, p.rows("Currencies")+p.rows("Fixed assets V2"), before+report.Records(), "each row once")
		})
	}
}

func TestAReadKilledInTheMiddleOfAFileResumesThere(t *testing.T) {
	t.Parallel()
	const rows = 60_000 // a state follows 50,000, and more than a pipe holds follows that
	for _, format := range []string{"XML-Attribute", "CSV-Unicode"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			o := sampleWith(finops.Project{Name: "Large", Lines: []finops.Line{{Entity: "Currencies", Format: format, Columns: []string{"CurrencyCode", "RoundingRulePrice"}}}})
			o.Entities[0].Rows = rows
			p := servePackages(t, o)
			d, catalog := destination.New(), p.overwriting("dmf_large_currencies")
			records, killed := 0, false
			result := p.stream(d, catalog, func(running *binary.Process, line []byte) {
				switch {
				case bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)):
					records++
				case bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) && records > 0 && !killed:
					killed = true
					_ = running.Signal(syscall.SIGKILL)
				}
			})
			covered := 0
			for i, line := range result.Lines {
				if bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) {
					covered = i + 1
				}
			}
			result.Lines = result.Lines[:covered] // a destination drops what no state covers
			report, _ := p.apply(d, catalog, result)
			before := report.Records()
			assert.Positive(t, before)
			report = p.sync(d, catalog, ofOneJob()...)
			assert.Equal(t, rows, before+report.Records(), "each row once")
			assert.Len(t, d.Rows("dmf_large_currencies"), rows)
			assert.Zero(t, d.Duplicates("dmf_large_currencies"))
			assert.Equal(t, map[string]int{"Large USMF": 1}, p.exports())
		})
	}
}
