package record_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

func TestAValueArrivesByteForByte(t *testing.T) {
	values := map[string]string{
		"an integer beyond 2^53":            `638751518483842799`,
		"the greatest 64-bit integer":       `9223372036854775807`,
		"a decimal with trailing zeros":     `1.0000000000`,
		"an amount of money":                `20000.0000`,
		"a negative number":                 `-0.50`,
		"an exponent":                       `1.5E-07`,
		"a boolean":                         `true`,
		"a null":                            `null`,
		"an empty text":                     `""`,
		"a text with escapes":               `"a \"b\" \\ \/ \b\f\n\r\t"`,
		"escaped characters":                `"\u00e9\u2028\ud83d\ude00"`,
		"characters beyond ASCII":           `"é 中 😀 – …"`,
		"markup that Go's encoder escapes":  `"<a href=\"x\">&amp;</a>"`,
		"a DEL, which JSON leaves alone":    "\"\x7f\"",
		"an object":                         `{"Value":true,"CanBeChanged":false,"ManagedPropertyLogicalName":"canmodify"}`,
		"an object with spaces":             `{ "Value" : true }`,
		"an object with repeated names":     `{"a":1,"a":2}`,
		"an array":                          `[1,2.0,"x"]`,
		"a time with a zone":                `"2023-04-07T21:59:01Z"`,
		"a list of choices":                 `"1,2,3"`,
		"a text that looks like an element": `"\u007d,{"`,
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "anything")
			got := lines(t, e, pageTime(), `[{"accountid":"a1","anything":`+value+`}]`)
			assert.Equal(t, line("account", `"accountid":"a1","anything":`+value), got)
		})
	}
}

func TestWhiteSpaceInAResponseIsRemoved(t *testing.T) {
	e := encoderOf(t, account(), "accountid", "anything")
	page := "[\r\n  {\r\n    \"accountid\" : \"a1\" ,\r\n    \"anything\" : { \"Value\" : 1.50,\r\n \"t\" : \"a  b\" }\r\n  }\r\n]"
	assert.Equal(t, line("account", `"accountid":"a1","anything":{"Value":1.50,"t":"a  b"}`), lines(t, e, pageTime(), page))
}

func TestATimeLosesAZoneThatTheSchemaDoesNotDeclare(t *testing.T) {
	without := protocol.Property{Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_without_timezone"}
	with := protocol.Property{Type: []string{"null", "string"}, Format: "date-time", AirbyteType: "timestamp_with_timezone"}
	cases := map[string]struct {
		schema    protocol.Property
		sent, got string
	}{
		"under a schema without zone":                  {without, `"2023-04-07T21:59:01Z"`, `"2023-04-07T21:59:01"`},
		"also with a fraction":                         {without, `"2023-04-07T21:59:01.125Z"`, `"2023-04-07T21:59:01.125"`},
		"a null stays a null":                          {without, `null`, `null`},
		"a time without a zone stays as it is":         {without, `"2023-04-07T21:59:01"`, `"2023-04-07T21:59:01"`},
		"an older catalog has the zone and keeps it":   {with, `"2023-04-07T21:59:01Z"`, `"2023-04-07T21:59:01Z"`},
		"the Python connector's catalog names no type": {protocol.Property{}, `"2023-04-07T21:59:01Z"`, `"2023-04-07T21:59:01Z"`},
		"a line separator before the zone is escaped":  {without, "\"a\u2028Z\"", `"a\u2028"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := configured(account(), "accountid")
			s.Columns["wallclock"] = c.schema
			e := newEncoder(compile(t, account(), s), record.Options{})
			got := lines(t, e, pageTime(), `[{"accountid":"a1","wallclock":`+c.sent+`}]`)
			assert.Equal(t, line("account", `"accountid":"a1","wallclock":`+c.got), got)
		})
	}
}

func TestTheTreatmentOfATimeFollowsTheCatalogAndNotTheTable(t *testing.T) {
	table := account()
	table.Columns[4].Behavior = dataverse.UserLocal // an administrator changed it after the schema was configured
	s := configured(account(), "accountid", "wallclock")
	e := newEncoder(compile(t, table, s), record.Options{})
	got := lines(t, e, pageTime(), `[{"accountid":"a1","wallclock":"2023-04-07T21:59:01Z"}]`)
	assert.Equal(t, line("account", `"accountid":"a1","wallclock":"2023-04-07T21:59:01"`), got)
}

func TestLineSeparatorsLeaveEscaped(t *testing.T) {
	cases := map[string]struct{ sent, got string }{
		"a line separator":                {"\"a\u2028b\"", `"a\u2028b"`},
		"a paragraph separator":           {"\"a\u2029b\"", `"a\u2029b"`},
		"a next line":                     {"\"a\u0085b\"", `"a\u0085b"`},
		"at the beginning":                {"\"\u2028b\"", `"\u2028b"`},
		"at the end":                      {"\"a\u0085\"", `"a\u0085"`},
		"nothing else":                    {"\"\u2029\"", `"\u2029"`},
		"several":                         {"\"\u0085a\u2028\u2029b\u0085\u0085\"", `"\u0085a\u2028\u2029b\u0085\u0085"`},
		"beside others of the same block": {"\"\u2027\u2028\u202a\u2014\u0084\u0085\u0086\"", "\"\u2027\\u2028\u202a\u2014\u0084\\u0085\u0086\""},
		"in an object":                    {"{\"Va\u2028lue\":\"\u0085\"}", `{"Va\u2028lue":"\u0085"}`},
		"in an array":                     {"[\"\u2029\",1]", `["\u2029",1]`},
		"after an escape":                 {"\"\\\\\u2028\"", `"\\\u2028"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := encoderOf(t, account(), "accountid", "anything")
			got := lines(t, e, pageTime(), `[{"accountid":"a1","anything":`+c.sent+`}]`)
			assert.Equal(t, line("account", `"accountid":"a1","anything":`+c.got), got)
		})
	}
}
