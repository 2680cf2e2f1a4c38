package simulator

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// rowsQuery returns the query of a request for rows of an entity set, and whether it is one.
func (h *host) rowsQuery(r *http.Request, path string) (odata.RowQuery, bool) {
	if r.Method != http.MethodGet || path == "" || h.environment.TableBySet(path) == nil {
		return odata.RowQuery{}, false
	}
	q, refusal := odata.ParseRowQuery(r.URL.RawQuery, h.environment.Behaviors.ExactLinks)
	return q, refusal == nil
}

// literals returns the expression of what may differ between two queries of one shape: texts, guids and numbers.
func literals() *regexp.Regexp {
	return regexp.MustCompile(`'[^']*'|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\b[0-9]+\b`)
}

// shapeOf returns what a request has in common with those of the same shape: everything but the values of the filter and the page.
func (h *host) shapeOf(q odata.RowQuery, path string) string {
	return strings.Join([]string{path, q.Selected, h.literals.ReplaceAllString(q.Filter, "?"), q.Expanded, q.Order, q.Apply}, "\n")
}

// delay returns how long the Web API takes for a request.
func (h *host) delay(q odata.RowQuery, rows bool) time.Duration {
	if rows && h.keyLatency > 0 && q.Selected != "" && !strings.Contains(q.Selected, ",") {
		return h.keyLatency
	}
	return h.latency
}
