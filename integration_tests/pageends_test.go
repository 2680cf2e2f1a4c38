package integration_tests_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

var (
	nextLinkMember  = regexp.MustCompile(`,"@odata\.nextLink":"([^"]*)"`)
	deltaLinkMember = regexp.MustCompile(`"@odata\.deltaLink":"[^"]*",`)
)

// replaced is an edit of a response that replaces what an expression matches.
func replaced(expression *regexp.Regexp, by string) faults.Edit {
	return func(_ *http.Request, body []byte) []byte { return expression.ReplaceAll(body, []byte(by)) }
}

// pageEdits are pages that arrive in part, as a proxy or a failing service leaves them.
func pageEdits() map[string]faults.Edit {
	return map[string]faults.Edit{
		"a page without any link": func(_ *http.Request, body []byte) []byte {
			return deltaLinkMember.ReplaceAll(nextLinkMember.ReplaceAll(body, nil), nil)
		},
		"an error beside half of the rows": func(_ *http.Request, body []byte) []byte {
			var page map[string]json.RawMessage
			var rows []json.RawMessage
			if json.Unmarshal(body, &page) != nil || json.Unmarshal(page["value"], &rows) != nil {
				return body
			}
			page["value"], _ = json.Marshal(rows[:len(rows)/2])
			page["error"] = json.RawMessage(`{"code":"0x80040216","message":"An unexpected error occurred."}`)
			edited, _ := json.Marshal(page) // what was read can be written
			return edited
		},
		"a next link named @nextLink":       replaced(nextLinkMember, `,"@nextLink":"$1"`),
		"a next link named odata.nextLink":  replaced(nextLinkMember, `,"odata.nextLink":"$1"`),
		"more records, and no link to them": replaced(nextLinkMember, `,"@Microsoft.Dynamics.CRM.morerecords":true`),
	}
}

func TestAnIncompletePageLosesNoRow(t *testing.T) {
	t.Parallel()
	for name, edit := range pageEdits() {
		for nth := 1; nth <= 3; nth++ {
			t.Run(fmt.Sprintf("%s, page %d of the rows", name, nth), func(t *testing.T) {
				l := newLab(t, simulator.Options{Seed: 17, Rows: map[string]int{"task": 130}})
				d, catalog := destination.New(), l.configured("task")
				injection := l.server.Inject(faults.Fault{Match: rowsOf("task", "subject"), When: faults.Timing{Nth: nth}, Then: edit})
				report, result := l.read(d, catalog)
				assert.Equal(t, 1, injection.Hits())
				if result.ExitCode != 0 { // the stream may end there, but not as complete
					assert.NotContains(t, report.Streams["task"].Statuses, "COMPLETE")
					l.sync(d, catalog)
				}
				l.equal(d, "task")
			})
		}
	}
}

func TestPagesThatAreNeverCompleteFailTheStream(t *testing.T) {
	t.Parallel()
	for name, edit := range pageEdits() {
		for _, table := range []string{"task", "contoso_child"} { // tracked, and not
			if name == "a page without any link" && table == "contoso_child" {
				continue // it looks like the last page
			}
			t.Run(name+" of "+table, func(t *testing.T) {
				l := newLab(t, simulator.Options{Seed: 17, Rows: map[string]int{table: 130}})
				d, catalog := destination.New(), l.configured(table)
				l.server.Inject(faults.Fault{Match: faults.Table(table), Then: edit}.Always())
				report, result := l.read(d, catalog)
				assert.Equal(t, 1, result.ExitCode)
				assert.NotContains(t, report.Streams[table].Statuses, "COMPLETE")
				require.Len(t, report.Streams[table].Errors, 1)
			})
		}
	}
}

func TestAnErrorBesideTheRowsDeletesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 17, Rows: map[string]int{"task": 90}})
	d, catalog := destination.New(), l.configured("task")
	l.sync(d, catalog)
	l.environment.Expire("task")
	require.NoError(t, l.environment.Delete("task", newWorkload(t, l.environment, 17).shuffled("task")[0]))
	body := []byte(`{"value":[],"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`)
	injection := l.server.Inject(faults.Fault{
		Match: rowsOf("task", "$filter"), Then: faults.Response{Status: http.StatusOK, Body: body, ContentType: "application/json"},
	})
	report := l.sync(d, catalog)
	assert.Equal(t, 1, injection.Hits())
	assert.Equal(t, 1, report.Streams["task"].Deletions)
	l.equal(d, "task")
}

func TestAScanWithoutProgressEnds(t *testing.T) {
	t.Parallel()
	number := 0
	fresh := func(r *http.Request, link string) []byte { // a link that did not come before
		number++
		return fmt.Appendf(nil, `,"@odata.nextLink":"%s&$count=false&n=%d"`, link, number)
	}
	for name, edit := range map[string]faults.Edit{
		"to the same rows": func(r *http.Request, body []byte) []byte {
			return nextLinkMember.ReplaceAllFunc(body, func([]byte) []byte { return fresh(r, "https://"+r.Host+r.URL.Path+"?"+firstPart(r.URL.RawQuery)) })
		},
		"to no rows": func(r *http.Request, body []byte) []byte {
			if bytes.Contains([]byte(r.URL.RawQuery), []byte("n=")) {
				return append([]byte(`{"value":[]`), append(fresh(r, "https://"+r.Host+r.URL.Path+"?"+firstPart(r.URL.RawQuery)), '}')...)
			}
			return nextLinkMember.ReplaceAllFunc(body, func([]byte) []byte { return fresh(r, "https://"+r.Host+r.URL.Path+"?"+firstPart(r.URL.RawQuery)) })
		},
	} {
		t.Run("links that differ for ever, "+name, func(t *testing.T) {
			l := newLab(t, simulator.Options{Seed: 17, Rows: map[string]int{"contoso_child": 130}})
			l.config["cursor_for_untracked"] = "off"
			d, catalog := destination.New(), l.configured("contoso_child")
			l.server.Inject(faults.Fault{Match: faults.Table("contoso_child"), Then: faults.Chain{edit, faults.Handle(withoutNumber)}}.Always())
			report, result := l.read(d, catalog)
			assert.Equal(t, 1, result.ExitCode)
			require.Len(t, report.Streams["contoso_child"].Errors, 1)
			assert.Equal(t, "system_error", report.Streams["contoso_child"].Errors[0].FailureType)
		})
	}
}

// firstPart is a query without what links of a test add.
func firstPart(query string) string {
	before, _, _ := bytes.Cut([]byte(query), []byte("&$count=false&n="))
	return string(before)
}

// withoutNumber lets the simulator see the query without what links of a test add.
func withoutNumber(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	plain := r.Clone(r.Context())
	plain.URL.RawQuery = firstPart(r.URL.RawQuery)
	plain.RequestURI = plain.URL.RequestURI()
	next(w, plain)
}
