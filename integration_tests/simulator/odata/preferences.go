package odata

import (
	"net/http"
	"strconv"
	"strings"
)

// MaxPage is the largest and the usual page (Microsoft, "Page results using OData").
const MaxPage = 5000

// Preferences are what a request's Prefer headers ask for.
type Preferences struct {
	PageSize        int // 0: not asked for
	Track           bool
	Representation  bool
	ContinueOnError bool
	annotations     []string
	Include         string // odata.include-annotations as sent
}

// ReadPreferences reads the Prefer headers of a request.
func ReadPreferences(r *http.Request) Preferences {
	var p Preferences
	for _, header := range r.Header.Values("Prefer") {
		for _, part := range splitPreferences(header) {
			name, value, _ := strings.Cut(part, "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.TrimSpace(name) {
			case "odata.maxpagesize":
				// Values that are not a size are ignored, and larger ones count as the maximum.
				if n, err := strconv.Atoi(value); err == nil && n > 0 {
					p.PageSize = min(n, MaxPage)
				}
			case "odata.track-changes":
				p.Track = true
			case "odata.continue-on-error":
				p.ContinueOnError = true
			case "odata.include-annotations":
				p.Include, p.annotations = value, strings.Split(value, ",")
			case "return":
				p.Representation = value == "representation"
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

// Wants reports whether an annotation was asked for, by its name, by a prefix before .* or by *.
func (p Preferences) Wants(annotation string) bool {
	for _, a := range p.annotations {
		a = strings.TrimSpace(a)
		prefix, wild := strings.CutSuffix(a, "*")
		if a == annotation || wild && strings.HasPrefix(annotation, prefix) {
			return true
		}
	}
	return false
}

// Applied returns the Preference-Applied header of a response with rows.
func (p Preferences) Applied(tracked bool) string {
	var all []string
	if p.PageSize > 0 {
		all = append(all, "odata.maxpagesize="+strconv.Itoa(p.PageSize))
	}
	if tracked && p.Track {
		all = append(all, "odata.track-changes")
	}
	if p.Include != "" {
		all = append(all, `odata.include-annotations="`+p.Include+`"`)
	}
	return strings.Join(all, ",")
}

// ActionPrefix begins the qualified names of actions and functions that are bound to an entity set or a row.
const ActionPrefix = "Microsoft.Dynamics.CRM."
