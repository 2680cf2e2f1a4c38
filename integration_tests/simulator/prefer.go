package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// maxPage is the largest and the usual page (Microsoft, "Page results using OData").
const maxPage = 5000

// preferences are what a request's Prefer headers ask for.
type preferences struct {
	pageSize        int // 0: not asked for
	track           bool
	representation  bool
	continueOnError bool
	annotations     []string
	include         string // odata.include-annotations as it came
}

func readPreferences(r *http.Request) preferences {
	var p preferences
	for _, header := range r.Header.Values("Prefer") {
		for _, part := range splitPreferences(header) {
			name, value, _ := strings.Cut(part, "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.TrimSpace(name) {
			case "odata.maxpagesize":
				// Values that are no size are passed over, and larger ones count as the largest.
				if n, err := strconv.Atoi(value); err == nil && n > 0 {
					p.pageSize = min(n, maxPage)
				}
			case "odata.track-changes":
				p.track = true
			case "odata.continue-on-error":
				p.continueOnError = true
			case "odata.include-annotations":
				p.include, p.annotations = value, strings.Split(value, ",")
			case "return":
				p.representation = value == "representation"
			}
		}
	}
	return p
}

// splitPreferences cuts a header at the commas outside quotes.
func splitPreferences(header string) []string {
	quoted := false
	return strings.FieldsFunc(header, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ',' && !quoted
	})
}

// wants says whether an annotation was asked for, by its name, by a prefix before .* or by *.
func (p preferences) wants(annotation string) bool {
	for _, a := range p.annotations {
		a = strings.TrimSpace(a)
		prefix, wild := strings.CutSuffix(a, "*")
		if a == annotation || wild && strings.HasPrefix(annotation, prefix) {
			return true
		}
	}
	return false
}

// applied is the Preference-Applied header of an answer with rows.
func (p preferences) applied(tracked bool) string {
	var all []string
	if p.pageSize > 0 {
		all = append(all, "odata.maxpagesize="+strconv.Itoa(p.pageSize))
	}
	if tracked && p.track {
		all = append(all, "odata.track-changes")
	}
	if p.include != "" {
		all = append(all, `odata.include-annotations="`+p.include+`"`)
	}
	return strings.Join(all, ",")
}
