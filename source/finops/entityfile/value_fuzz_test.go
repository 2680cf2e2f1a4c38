package entityfile

import (
	"encoding/json"
	"testing"

	"source-microsoft-dataverse/source/finops"
)

func FuzzValue(f *testing.F) {
	f.Add("-.5", int(finops.Number))
	f.Add("2011-01-31 00:00:00+01:00", int(finops.DateTime))
	f.Add("a\u2028\x00\xff", int(finops.String))
	f.Add("0000000000000000009223372036854775808", int(finops.Integer))
	f.Fuzz(func(t *testing.T, cell string, of int) {
		for _, key := range []bool{false, true} {
			out, parsed := Conversion{}.Append(nil, finops.Property{Type: finops.Type(of % int(finops.LocalTime+1)), Key: key}, []byte(cell))
			if !json.Valid(out) {
				t.Fatalf("%q became %q", cell, out)
			}
			if isNull := string(out) == "null"; isNull && parsed && key || !isNull && !parsed {
				t.Fatalf("%q became %s, parsed %v, key %v", cell, out, parsed, key)
			}
		}
	})
}
