package faults

import (
	"bytes"
	"encoding/json"
	"net/http"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
)

// Definition is an effect on the definition of one table. It strikes the responses that hold the definition, whichever
// request they are for, and leaves the others alone.
type Definition struct {
	Table string // logical name
	// Then is what happens in place of a response that holds the definition; nil leaves the definition out of it.
	Then Effect
}

func (d Definition) apply(x exchange, next func(exchange)) {
	if d.Then == nil {
		Edit(func(_ *http.Request, body []byte) []byte {
			return d.replace(body, nil)
		}).apply(x, next)
		return
	}
	plain := x
	plain.r = x.r.Clone(x.r.Context())
	plain.r.Header.Del("Accept-Encoding")
	captured := odata.NewCapture(x.w.Header())
	plain.w = captured
	next(plain)
	if d.holds(captured.Body.Bytes()) {
		x.w.Header().Del("Content-Length")
		d.Then.apply(x, next)
		return
	}
	Transfer{}.send(x.w, x.r, captured)
}

// Misshapen replaces the definition of one table by JSON that is not one: its entity set is a number, its attributes are
// a text.
type Misshapen string

func (t Misshapen) apply(x exchange, next func(exchange)) {
	Edit(func(_ *http.Request, body []byte) []byte {
		d := Definition{Table: string(t)}
		return d.replace(body, []byte(`{"LogicalName":"`+string(t)+`","EntitySetName":7,"Attributes":"none"}`))
	}).apply(x, next)
}

// holds reports whether a response holds the table's definition.
func (d Definition) holds(body []byte) bool {
	held := false
	d.each(body, func(json.RawMessage) { held = true }, func(json.RawMessage) {})
	return held
}

// replace returns a response with other JSON in place of the table's definition, or without it if there is no other.
func (d Definition) replace(body, other []byte) []byte {
	var kept [][]byte
	struck := false
	start, end := d.each(body, func(json.RawMessage) {
		struck = true
		if other != nil {
			kept = append(kept, other)
		}
	}, func(element json.RawMessage) { kept = append(kept, element) })
	if !struck {
		return body
	}
	return bytes.Join([][]byte{body[:start], bytes.Join(kept, []byte{','}), body[end:]}, nil)
}

// each calls one function with the table's definition, and the other with each definition of another table. It returns
// where the list of definitions begins and ends in the body.
func (d Definition) each(body []byte, own, other func(json.RawMessage)) (start, end int) {
	for _, member := range []string{`"EntityMetadata":[`, `"value":[`} {
		if at := bytes.Index(body, []byte(member)); at >= 0 {
			start = at + len(member)
			break
		}
	}
	if start == 0 {
		return 0, 0
	}
	list := json.NewDecoder(bytes.NewReader(body[start-1:]))
	if _, err := list.Token(); err != nil {
		return start, start
	}
	end = start
	for list.More() {
		var element json.RawMessage
		var name struct{ LogicalName string }
		if list.Decode(&element) != nil {
			return start, end
		}
		end = start - 1 + int(list.InputOffset())
		if json.Unmarshal(element, &name) == nil && name.LogicalName == d.Table {
			own(element)
		} else {
			other(element)
		}
	}
	return start, end
}
