package webapi

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRowsAreFilteredByFunctionsOfDataverse(t *testing.T) {
	s := newService(t, nil)
	for _, row := range []map[string]any{
		{"contoso_name": "a", "contoso_integer": 1, "contoso_choices": "100000000,100000001"},
		{"contoso_name": "b", "contoso_integer": 2, "contoso_choices": "100000002"},
		{"contoso_name": "c", "contoso_integer": 3},
		{"contoso_name": "d"},
	} {
		s.create("contoso_everything", row)
	}
	function := func(name, property, values string) string {
		return "contoso_everythings?$orderby=contoso_name&$filter=Microsoft.Dynamics.CRM." + name + "(PropertyName='" + property + "',PropertyValues=" + values + ")"
	}
	for _, test := range []struct {
		name, property, values string
		want                   []string
	}{
		{"In", "contoso_integer", `["1","3"]`, []string{"a", "c"}},
		{"NotIn", "contoso_integer", `["1","3"]`, []string{"b", "d"}},
		{"In", "contoso_name", `["A","d"]`, []string{"a", "d"}},
		{"Between", "contoso_integer", `["2","3"]`, []string{"b", "c"}},
		{"NotBetween", "contoso_integer", `["2","3"]`, []string{"a", "d"}},
		{"ContainValues", "contoso_choices", `["100000001","100000002"]`, []string{"a", "b"}},
		{"DoesNotContainValues", "contoso_choices", `["100000001"]`, []string{"b", "c", "d"}},
	} {
		t.Run(test.name+" "+test.property, func(t *testing.T) {
			assert.Equal(t, test.want, column([]content{s.get(function(test.name, test.property, test.values))}, "contoso_name"))
		})
	}
	joined := function("In", "contoso_integer", `["1","2"]`) + " and contoso_name ne 'a'"
	assert.Equal(t, []string{"b"}, column([]content{s.get(joined)}, "contoso_name"))
	for name, target := range map[string]string{
		"an unknown function":       function("LastWeek", "createdon", `["1"]`),
		"an unknown column":         function("In", "nope", `["1"]`),
		"a value of another type":   function("In", "contoso_integer", `["x"]`),
		"an empty list":             function("In", "contoso_integer", `[]`),
		"three bounds":              function("Between", "contoso_integer", `["1","2","3"]`),
		"choices of a plain column": function("ContainValues", "contoso_integer", `["1"]`),
		"a list without an end":     function("In", "contoso_integer", `["1"`),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			code, _ := s.do(http.MethodGet, target, "").refusal(t)
			assert.Equal(t, "0x80060888", code)
		})
	}
}
