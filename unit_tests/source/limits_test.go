package source_test

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source"
	"source-microsoft-dataverse/source/dataverse"
)

// silent does not respond for as long as the client waits.
func silent(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestCheckAndDiscoverEndAtTheirLimits(t *testing.T) {
	limits := source.Limits{Check: 300 * time.Millisecond, Discover: 300 * time.Millisecond}
	for verb, example := range map[string]struct {
		paths     []string
		beginning string
	}{
		"check":    {[]string{openID, token, whoAmI, definitions}, "The connection check did not finish within 300ms"},
		"discover": {[]string{openID, token, definitions, metadata}, "The discovery of tables did not finish within 300ms"},
	} {
		for _, path := range example.paths {
			t.Run(verb+" at "+path, func(t *testing.T) {
				t.Parallel()
				e := newEnvironment(t)
				e.respond(path, silent)
				code, o := e.run(t, verb, process{limits: limits})
				assertFailed(t, code, o, "transient_error", example.beginning)
				assert.Empty(t, o.of("CONNECTION_STATUS"))
				assertQuiet(t, o)
			})
		}
	}
}

func TestADiscoveryAtItsLimitNamesTheSettingToShortenIt(t *testing.T) {
	e := newEnvironment(t)
	e.respond(metadata, silent)
	code, o := e.run(t, "discover", process{limits: source.Limits{Discover: 300 * time.Millisecond}})
	assertFailed(t, code, o, "transient_error", "The discovery of tables did not finish within 300ms")
	assert.Contains(t, o.failures()[0].Trace.Error.Message, "include_tables")
	assert.Contains(t, o.failures()[0].Trace.Error.Internal, "read the definitions of account, tag")
}

func TestACheckRepeatsARequestThatIsNotAnswered(t *testing.T) {
	e := newEnvironment(t)
	var asked atomic.Int32
	e.respond(whoAmI, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			silent(w, r)
			return
		}
		good(`{"OrganizationId":"o"}`)(w, r)
	})
	code, o := e.run(t, "check", process{limits: source.Limits{Attempt: 300 * time.Millisecond}})
	assert.Equal(t, 0, code, o.text)
	assert.EqualValues(t, 2, asked.Load())
}

func TestAConfigErrorIsReportedBeforeTheLimit(t *testing.T) {
	e := newEnvironment(t)
	e.respond(whoAmI, refuse(http.StatusForbidden, `{"error":{"code":"0x80040225","message":"disabled"}}`))
	code, o := e.run(t, "check", process{limits: source.Limits{Check: time.Minute, Attempt: time.Minute}})
	assertRefused(t, code, o, "is deactivated")
}

func TestNoMoreRowsAreRequestedThanAPageCanHave(t *testing.T) {
	e := newEnvironment(t)
	var prefer atomic.Value
	rows := standard()[api+"tagset"]
	e.respond(api+"tagset", func(w http.ResponseWriter, r *http.Request) {
		prefer.Store(r.Header.Get("Prefer"))
		rows(w, r)
	})
	settings := e.settings(map[string]any{"odata_maxpagesize": 3 * dataverse.MaxPageSize})
	code, _ := e.run(t, "read", process{settings: settings, catalog: configured("tag", "full_refresh")})
	assert.Equal(t, 0, code)
	assert.Equal(t, "odata.maxpagesize=5000", prefer.Load())
	assert.Equal(t, 5000, dataverse.MaxPageSize)
}
