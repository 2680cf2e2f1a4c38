package integration_tests_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

const byteOrderMark = "\uFEFF"

func TestAPageIsReadWhateverItsEncodingIsCalled(t *testing.T) {
	t.Parallel()
	typed := func(contentType string) faults.Effect {
		return faults.Handle(func(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
			r.Header.Del("Accept-Encoding")
			page := httptest.NewRecorder()
			next(page, r)
			maps.Copy(w.Header(), page.Header())
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(page.Code)
			_, _ = w.Write(page.Body.Bytes())
		})
	}
	for name, effect := range map[string]faults.Effect{
		"a byte order mark":             faults.Edit(func(_ *http.Request, body []byte) []byte { return append([]byte(byteOrderMark), body...) }),
		"a media type in capitals":      typed("APPLICATION/JSON; ODATA.METADATA=MINIMAL"),
		"a media type of a JSON format": typed("application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 21, Rows: map[string]int{"task": 90}})
			d, catalog := destination.New(), l.configured("task")
			l.server.Inject(faults.Fault{Match: faults.Table("task"), Then: effect}.Always())
			l.sync(d, catalog)
			l.equal(d, "task")
		})
	}
}

func TestAnExpiredTokenIsRecognizedInAnyShapeOfItsError(t *testing.T) {
	t.Parallel()
	const message = "Version stamp associated with the client has expired. Please perform a full sync."
	for name, body := range map[string]string{
		"after a byte order mark":   byteOrderMark + `{"error":{"code":"0x80044352","message":"` + message + `"}}`,
		"a message with a language": `{"error":{"code":"0x80044352","message":{"lang":"en-us","value":"` + message + `"}}}`,
		"a code as a number":        `{"error":{"code":-2147204270,"message":"` + message + `"}}`,
		"a code without a message":  `{"error":{"code":"0x80044352","message":""}}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 21, Rows: map[string]int{"task": 60}})
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			newWorkload(t, l.environment, 21).change("task", 8)
			l.environment.Expire("task")
			l.server.Inject(faults.Fault{Match: rowsOf("task", "$deltatoken"), Then: faults.Response{
				Status: http.StatusBadRequest, Body: []byte(body), ContentType: "application/json",
			}})
			report := l.sync(d, catalog)
			assert.Len(t, about(report, "WARN", "re-read in full"), 1)
			l.equal(d, "task")
		})
	}
}

func TestLinksToTheSameHostByAnotherNameAreFollowed(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`("@odata\.(?:next|delta)Link":")https://127\.0\.0\.1:\d+`)
	for name, by := range map[string]string{
		"another scheme":        "${1}http://127.0.0.1:80",
		"another port":          "${1}https://127.0.0.1:11777",
		"no port":               "${1}https://127.0.0.1",
		"white space before it": "${1} https://127.0.0.1",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 21, Rows: map[string]int{"task": 90}})
			l.edit("task", replaced(link, by))
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			l.equal(d, "task")
			newWorkload(t, l.environment, 21).change("task", 8)
			l.sync(d, catalog)
			l.equal(d, "task")
		})
	}
}

func TestARequestThatIsTooLongForAProxyIsSentInABatch(t *testing.T) {
	t.Parallel()
	const longest = 2000
	table := manyColumns()
	l := newLab(t, simulator.Options{Seed: 21, Tables: append(schema.Realistic(), table), Rows: map[string]int{table.LogicalName: 90}})
	l.server.Inject(faults.Fault{
		Match: faults.All{faults.WebAPI, faults.Func(func(r *http.Request) bool { return len(r.URL.RequestURI()) > longest })},
		Then:  faults.Response{Status: http.StatusRequestURITooLong, Body: []byte("<html><body>URI Too Long</body></html>")},
	}.Always())
	d, catalog := destination.New(), l.configured(table.LogicalName)
	l.sync(d, catalog)
	l.equal(d, table.LogicalName)
}

func TestPagesThatFailAreReadWithFewerRows(t *testing.T) {
	t.Parallel()
	html := []byte("<html><body>Bad Gateway</body></html>")
	for name, effect := range map[string]faults.Effect{
		"500, an unexpected error": faults.Error{Status: http.StatusInternalServerError, Code: "0x80040216"},
		"502 with HTML":            faults.Response{Status: http.StatusBadGateway, Body: html},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 21, Rows: map[string]int{"task": 90}})
			l.config["odata_maxpagesize"] = 80
			d, catalog := destination.New(), l.configured("task")
			l.server.Inject(faults.Fault{
				Match: faults.All{faults.Table("task"), faults.Contains("subject"), faults.LargerThan(50)}, Then: effect,
			}.Always())
			report := l.sync(d, catalog)
			assert.NotEmpty(t, about(report, "WARN", "smaller"))
			l.equal(d, "task")
		})
	}
}

func TestOnlyTheFirstPageProvesThatChangesFollow(t *testing.T) {
	t.Parallel()
	context := regexp.MustCompile(`/\$delta"`)
	for page, part := range map[string]string{"first": "$deltatoken", "second": "$skiptoken"} {
		t.Run("the "+page+" page lacks the context of changes", func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 21, Rows: map[string]int{"task": 130}})
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			changed := newWorkload(t, l.environment, 21).change("task", 40)
			match := faults.All{faults.Table("task"), faults.Contains(part)}
			if page == "first" {
				match = append(match, faults.Func(func(r *http.Request) bool { return !strings.Contains(r.URL.RawQuery, "$skiptoken") }))
			}
			l.server.Inject(faults.Fault{Match: match, Then: replaced(context, `"`)})
			report := l.sync(d, catalog)
			l.equal(d, "task")
			assert.Equal(t, page == "first", len(about(report, "WARN", "re-read in full")) > 0)
			if page == "second" {
				assert.Equal(t, len(changed), report.Records())
			}
		})
	}
}

func TestTheAgeOfATokenIsTakenByTheServicesClock(t *testing.T) {
	t.Parallel()
	const months = 100 * 24 * time.Hour
	for name, offset := range map[string]time.Duration{"behind": -months, "ahead": months} {
		t.Run("a clock months "+name, func(t *testing.T) {
			c := connect(t, simulator.Options{Seed: 21, Rows: map[string]int{"task": 60}, ExpireDays: 7}, "task")
			c.clock.advance(offset)
			c.job()
			assert.Empty(t, about(c.job(), "WARN", "long ago"))
			c.clock.advance(5 * 24 * time.Hour)
			assert.Len(t, about(c.job(), "WARN", "long ago"), 1)
			c.equal(c.d, "task")
		})
	}
}

func TestAMalformedProxyIsAnError(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 21})
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		result := l.runWith([]string{name + "=http://[::1"}, "check", "--config", l.configFile())
		var status *destination.ConnectionStatus
		for _, m := range messages(t, result) {
			if m.ConnectionStatus != nil {
				status = m.ConnectionStatus
			}
		}
		require.NotNil(t, status)
		assert.Equal(t, "FAILED", status.Status)
		assert.Contains(t, strings.ToUpper(status.Message), "HTTPS_PROXY")
	}
}
