package dataverse

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzObjectReader(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, `{"a":null,"b":"x"}`, `{"b":{"c":[1,2]},"a":"\u00e4","d":true},`, `{"a":1,"a":2}`, `{"a":"`, `{"a" :1}`, `[1]`, `{"a":1}{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newObjectReader("a", "b")
		for range 2 { // the second time, the members are expected
			length := r.read(text)
			if length == 0 {
				continue
			}
			var members map[string]json.RawMessage
			if err := json.Unmarshal(text[:length], &members); err != nil {
				t.Fatalf("%q was read although %v", text[:length], err)
			}
			for i, name := range []string{"a", "b"} {
				want := members[name]
				if bytes.Equal(want, []byte("null")) {
					want = nil
				}
				if !bytes.Equal(r.values[i], want) {
					t.Fatalf("%s of %q is %q", name, text[:length], r.values[i])
				}
			}
		}
	})
}

func FuzzElements(f *testing.F) {
	for _, seed := range []string{`[]`, `[1]`, `[{"a":[1,2]},"x",null]`, `{}`, `"x"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, array []byte) {
		var compact bytes.Buffer
		var want []json.RawMessage
		if json.Compact(&compact, array) != nil || json.Unmarshal(array, &want) != nil {
			return
		}
		i := 0
		for element := range elements(compact.Bytes()) {
			if i >= len(want) || !json.Valid(element) {
				t.Fatalf("element %d of %q is %q", i, array, element)
			}
			i++
		}
	})
}
