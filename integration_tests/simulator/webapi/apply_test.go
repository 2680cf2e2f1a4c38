package webapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRowsAreAggregated(t *testing.T) {
	s := newService(t, nil)
	for _, row := range []map[string]any{
		{"name": "a", "industrycode": 1, "numberofemployees": 2, "revenue": 1.5},
		{"name": "b", "industrycode": 1, "numberofemployees": 3, "revenue": 2},
		{"name": "c", "industrycode": 2, "numberofemployees": 10},
		{"name": "d", "numberofemployees": 1},
	} {
		s.create("account", row)
	}
	for apply, want := range map[string]string{
		"aggregate($count as n)": `[{"n":4}]`,
		"aggregate(numberofemployees with sum as total,numberofemployees with average as mean)":             `[{"total":16,"mean":4}]`,
		"aggregate(revenue with max as most,revenue with min as least,revenue with countdistinct as kinds)": `[{"most":2.0000,"least":1.5000,"kinds":2}]`,
		"groupby((industrycode))": `[{"industrycode":null},{"industrycode":1},{"industrycode":2}]`,
		"groupby((industrycode),aggregate($count as n,revenue with sum as total))": `[{"industrycode":null,"n":1,"total":null},{"industrycode":1,"n":2,"total":3.5000000000},{"industrycode":2,"n":1,"total":null}]`,
		"filter(numberofemployees gt 2)/aggregate($count as n)":                    `[{"n":2}]`,
		"filter(name eq 'x')/aggregate(numberofemployees with sum as total)":       `[{"total":null}]`,
	} {
		t.Run(apply, func(t *testing.T) {
			a := s.do(http.MethodGet, "accounts?$apply="+apply, "")
			assert.Equal(t, `{"@odata.context":"`+testBase+`/$metadata#accounts","value":`+want+`}`, a.body)
		})
	}
	for apply, message := range map[string]string{
		"frobnicate(name)":                           "'aggregate|filter|groupby",
		"aggregate(name with sum as total)":          "cannot be applied to 'name'",
		"aggregate(nope with max as most)":           "Could not find a property named 'nope'",
		"aggregate(revenue with median as middle)":   "'median' is not supported",
		"aggregate(revenue)":                         "Syntax error",
		"groupby(industrycode)":                      "Syntax error",
		"aggregate($count as n)/filter(n gt 1)":      "cannot follow",
		"groupby((industrycode),aggregate($count as": "')' or ',' expected",
	} {
		t.Run(apply+" is refused", func(t *testing.T) {
			code, text := s.do(http.MethodGet, "accounts?$apply="+apply, "").refusal(t)
			assert.Equal(t, "0x80060888", code)
			assert.Contains(t, text, message)
		})
	}
}
