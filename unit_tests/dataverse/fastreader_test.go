package dataverse_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

// fastSink is a sink that takes all objects by the fast path, but for those with arrays in them.
type fastSink struct {
	rows
	fast int
}

func (s *fastSink) FastRow(text []byte) int {
	row, err := jsontext.NewDecoder(strings.NewReader(string(text))).ReadValue()
	if err != nil || bytes.Contains(row, []byte("[")) {
		return 0
	}
	s.fast++
	s.values = append(s.values, string(row))
	return len(row)
}

func TestFastRowsStayInOrder(t *testing.T) {
	long := strings.Repeat("x", 40<<10)
	for name, c := range map[string]struct {
		rows      []string
		separator string
		fast      int
	}{
		"the first row is decoded": {[]string{`{"a":1}`, `{"a":2}`, `{"a":3}`}, ",", 2},
		"what begins like a row":   {[]string{`{"a":",{\""}`, `{"a":",{"}`, `{"a":3}`}, ",", 2},
		"objects within a row":     {[]string{`{"a":1}`, `{"a":[{"b":1},{"b":2},{"b":3}]}`, `{"a":[{"b":1},{"b":2}],"c":[{"d":1},{"d":2}]}`, `{"a":4}`}, ",", 1},
		"no object":                {[]string{`{"a":1}`, `{}`, `[1]`, `{"a":2}`, `{"a":3}`}, ",", 1},
		"spaces between":           {[]string{`{"a":1}`, `{"a":2}`, `{"a":3}`}, " ,\r\n", 0},
		"long rows":                {[]string{`{"a":"` + long + `1"}`, `{"a":"` + long + `2"}`, `{"a":3}`, `{"a":"` + long + `4"}`, `{"a":"` + long + `5"}`}, ",", 4},
		"rows that are too long": {
			[]string{`{"a":1}`, `{"a":2}`, `{"a":"` + strings.Repeat(long, 8) + `"}`, `{"a":4}`, `{"a":5}`}, ",", 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sink := &fastSink{}
			body := fmt.Sprintf(`{%s,"value":[%s],%s,"more":[{"z":1},{"z":2}]}`, contextMember, strings.Join(c.rows, c.separator), nextMember)
			request := dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000}
			page, err := newService(t, good(body)).client().Page(t.Context(), request, sink)
			require.NoError(t, err)
			assert.Equal(t, c.rows, sink.values)
			assert.Equal(t, c.fast, sink.fast)
			assert.Equal(t, dataverse.Link("accounts?$skiptoken=x"), page.Next)
		})
	}
}

func TestABrokenPageIsAnErrorOnTheFastPathToo(t *testing.T) {
	for name, rows := range map[string]string{
		"two commas":                      `{"a":1},,{"a":2}`,
		"two commas with spaces":          `{"a":1}, ,{"a":2}{"a":3}`,
		"a comma behind the last":         `{"a":1},{"a":2},`,
		"no comma":                        `{"a":1},{"a":2}{"a":3}`,
		"a row behind the end":            `{"a":1},{"a":2}],{"a":3}`,
		"an end within a row":             `{"a":1},{"a":2},{"a"`,
		"a bracket in place of the brace": `{"a":1},{"a":2},{"a":3]`,
	} {
		t.Run(name, func(t *testing.T) {
			service := newService(t, good(`{"value":[`+rows+`]}`))
			client := service.client(func(o *dataverse.Options) { o.Attempts = 1 })
			_, err := client.Page(t.Context(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000}, &fastSink{})
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
		})
	}
}
