package entityfile_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
	"source-microsoft-dataverse/source/finops/entityfile"
)

func TestACellBecomesJSONByItsType(t *testing.T) {
	const notParsed = "(not parsed) null"
	for _, c := range []struct {
		of         finops.Type
		cell, want string
	}{
		{finops.String, "", `""`},
		{finops.String, "0010", `"0010"`},
		{finops.String, " a ", `" a "`},
		{finops.String, "a\"\\\b\f\n\r\t\x01\x1f/", `"a\"\\\b\f\n\r\t\u0001\u001f/"`},
		{finops.String, "é\u0085\u2028\u2029\ufffd😀\x00", `"é\u0085\u2028\u2029` + "\ufffd" + `😀\ufffd"`},
		{finops.String, "caf\xe9", notParsed},
		{finops.Enum, "Yes", `"Yes"`},
		{finops.Enum, "", `""`},
		{finops.GUID, "", `""`},
		{finops.GUID, "00000000-0000-0000-0000-000000000000", `"00000000-0000-0000-0000-000000000000"`},

		{finops.Integer, "12", "12"},
		{finops.Integer, "-0012", "-12"},
		{finops.Integer, "+5", "5"},
		{finops.Integer, "-0", "0"},
		{finops.Integer, "5.000000", "5"},
		{finops.Integer, " 7\r\n", "7"},
		{finops.Integer, "", "null"},
		{finops.Integer, "9223372036854775807", "9223372036854775807"},
		{finops.Integer, "-9223372036854775808", "-9223372036854775808"},
		{finops.Integer, "9223372036854775808", notParsed},
		{finops.Integer, "-9223372036854775809", notParsed},
		{finops.Integer, "5.5", notParsed},
		{finops.Integer, "1,000", notParsed},
		{finops.Integer, "-", notParsed},
		{finops.Integer, ".5", notParsed},
		{finops.Integer, "1e3", notParsed},
		{finops.Integer, "Yes", notParsed},

		{finops.Number, "1.3357400000000000", "1.3357400000000000"},
		{finops.Number, ".000000", "0.000000"},
		{finops.Number, "-.5000000000000000", "-0.5000000000000000"},
		{finops.Number, "007.50", "7.50"},
		{finops.Number, "5.", "5"},
		{finops.Number, "+12345678901234567890.123456", "12345678901234567890.123456"},
		{finops.Number, "1.5E-05", "1.5e-05"},
		{finops.Number, "1e+3", "1e+3"},
		{finops.Number, "", "null"},
		{finops.Number, ".", notParsed},
		{finops.Number, "-", notParsed},
		{finops.Number, "1,5", notParsed},
		{finops.Number, "1.2.3", notParsed},
		{finops.Number, "1e", notParsed},
		{finops.Number, "1e+-3", notParsed},
		{finops.Number, "1e9999", notParsed},
		{finops.Number, "NaN", notParsed},
		{finops.Number, "--1", notParsed},

		{finops.Date, "2011-01-31 00:00:00", `"2011-01-31"`},
		{finops.Date, "2011-01-31", `"2011-01-31"`},
		{finops.Date, "2011-01-31T12:00:00Z", `"2011-01-31"`},
		{finops.Date, "2012-02-29", `"2012-02-29"`},
		{finops.Date, "1900-01-01 00:00:00", "null"},
		{finops.Date, "1900-01-01T12:00:00Z", "null"},
		{finops.Date, "", "null"},
		{finops.Date, "2011-02-29", notParsed},
		{finops.Date, "1900-02-29", notParsed},
		{finops.Date, "2011-13-01", notParsed},
		{finops.Date, "0000-01-01", notParsed},
		{finops.Date, "01/02/2011", notParsed},
		{finops.Date, "31.01.2011 00:00:00", notParsed},
		{finops.Date, "2011-01-31 24:00:00", notParsed},
		{finops.Date, "40574", notParsed},

		{finops.DateTime, "2011-01-31 13:14:15", `"2011-01-31T13:14:15Z"`},
		{finops.DateTime, "2011-01-31", `"2011-01-31T00:00:00Z"`},
		{finops.DateTime, "2011-01-31 13:14", `"2011-01-31T13:14:00Z"`},
		{finops.DateTime, "2011-01-31T13:14:15.1234567", `"2011-01-31T13:14:15.1234567Z"`},
		{finops.DateTime, "2011-01-31T13:14:15+02:00", `"2011-01-31T13:14:15+02:00"`},
		{finops.DateTime, "1900-01-01 00:00:00", "null"},
		{finops.DateTime, "2011-01-31 1:14 PM", notParsed},
		{finops.DateTime, "2011-01-31 13:14:60", notParsed},
		{finops.DateTime, "2011-01-31 ", `"2011-01-31T00:00:00Z"`},
		{finops.LocalTime, "2011-01-31 13:14:15", `"2011-01-31T13:14:15"`},
		{finops.LocalTime, "2011-01-31T13:14:15Z", `"2011-01-31T13:14:15"`},
	} {
		out, parsed := entityfile.Conversion{}.Append(nil, finops.Property{Type: c.of}, []byte(c.cell))
		require.True(t, json.Valid(out), "%s", out)
		got := string(out)
		if !parsed {
			got = "(not parsed) " + got
		}
		require.Equal(t, c.want, got, "%d %q", c.of, c.cell)
	}
}

func TestDatesWithoutAValueAreKeptOnRequest(t *testing.T) {
	keep := entityfile.Conversion{KeepNoDate: true}
	out, parsed := keep.Append([]byte("x"), finops.Property{Type: finops.Date}, []byte("1900-01-01 00:00:00"))
	require.True(t, parsed)
	require.Equal(t, `x"1900-01-01"`, string(out))
	out, parsed = keep.Append(nil, finops.Property{Type: finops.Date}, nil)
	require.True(t, parsed)
	require.Equal(t, "null", string(out))
}

func TestKeysAreNeverNull(t *testing.T) {
	for of, want := range map[finops.Type]string{
		finops.String: `""`, finops.GUID: `""`, finops.Enum: `""`, finops.Integer: "0", finops.Number: "0",
		finops.Date: `"1900-01-01"`, finops.DateTime: `"1900-01-01T00:00:00Z"`, finops.LocalTime: `"1900-01-01T00:00:00"`,
	} {
		out, parsed := entityfile.Conversion{}.Append(nil, finops.Property{Type: of, Key: true}, nil)
		require.True(t, parsed)
		require.Equal(t, want, string(out))
	}
	out, parsed := entityfile.Conversion{}.Append(nil, finops.Property{Type: finops.Date, Key: true}, []byte("1900-01-01 00:00:00"))
	require.True(t, parsed)
	require.Equal(t, `"1900-01-01"`, string(out))
}
