package faults

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// draft is a fault that is being read from its text form.
type draft struct {
	match    map[string]Matcher // by the name of the field
	when     Timing
	delay    time.Duration
	transfer Transfer
	links    Links
	bend     Body
	inflate  int
	table    string // whose definition is missing
	hint     int
	retry    string // header Retry-After

	drop, challenge, echo bool
	claims                string
	status                int
	code, message         string
	response              Response
	body                  bool // response was given
}

// fields returns what sets each field of the text form.
func fields() map[string]func(*draft, string) error {
	return map[string]func(*draft, string) error{
		"phase":            matching("phase", func(v string) (Matcher, error) { return oneOf(v, Phases()...) }),
		"table":            matching("table", func(v string) (Matcher, error) { return Table(v), nil }),
		"page":             matching("page", func(v string) (Matcher, error) { n, err := number(v); return Page(n), err }),
		"larger-than":      matching("larger-than", func(v string) (Matcher, error) { n, err := number(v); return LargerThan(n), err }),
		"method":           matching("method", func(v string) (Matcher, error) { return Method(v), nil }),
		"path":             matching("path", func(v string) (Matcher, error) { return PathPrefix(v), nil }),
		"contains":         matching("contains", func(v string) (Matcher, error) { return Contains(v), nil }),
		"nth":              set(func(d *draft) *int { return &d.when.Nth }, number),
		"count":            set(func(d *draft) *int { return &d.when.Count }, count),
		"each":             set(func(d *draft) *bool { return &d.when.Each }, strconv.ParseBool),
		"probability":      set(func(d *draft) *float64 { return &d.when.Probability }, probability),
		"seed":             set(func(d *draft) *uint64 { return &d.when.Seed }, func(v string) (uint64, error) { return strconv.ParseUint(v, 10, 64) }),
		"from":             set(func(d *draft) *time.Duration { return &d.when.From }, span),
		"until":            set(func(d *draft) *time.Duration { return &d.when.Until }, span),
		"status":           set(func(d *draft) *int { return &d.status }, number),
		"code":             set(func(d *draft) *string { return &d.code }, text),
		"message":          set(func(d *draft) *string { return &d.message }, text),
		"echo":             set(func(d *draft) *bool { return &d.echo }, strconv.ParseBool),
		"retry-after":      set(func(d *draft) *string { return &d.retry }, text),
		"challenge":        set(func(d *draft) *bool { return &d.challenge }, strconv.ParseBool),
		"claims":           setClaims,
		"body":             func(d *draft, v string) error { d.response.Body, d.body = []byte(v), true; return nil },
		"content-type":     set(func(d *draft) *string { return &d.response.ContentType }, text),
		"content-encoding": set(func(d *draft) *string { return &d.response.ContentEncoding }, text),
		"bend":             set(func(d *draft) *Body { return &d.bend }, func(v string) (Body, error) { return oneOf(v, AllBodies()...) }),
		"inflate":          set(func(d *draft) *int { return &d.inflate }, number),
		"without":          set(func(d *draft) *string { return &d.table }, text),
		"links":            set(func(d *draft) *Links { return &d.links }, func(v string) (Links, error) { return oneOf(v, AllLinks()...) }),
		"cut-after":        set(func(d *draft) *int { return &d.transfer.CutAfter }, number),
		"stall-after":      set(func(d *draft) *int { return &d.transfer.StallAfter }, number),
		"bytes-per-second": set(func(d *draft) *int { return &d.transfer.BytesPerSecond }, number),
		"drop":             set(func(d *draft) *bool { return &d.drop }, strconv.ParseBool),
		"delay":            set(func(d *draft) *time.Duration { return &d.delay }, span),
		"dop-hint":         set(func(d *draft) *int { return &d.hint }, number),
	}
}

// matchers returns the fields that choose requests, in the order in which a fault holds them.
func matchers() []string {
	return []string{"phase", "table", "page", "larger-than", "method", "path", "contains", "claims"}
}

// fault composes what the fields have set.
func (d *draft) fault() Fault {
	var match All
	for _, name := range matchers() {
		if m := d.match[name]; m != nil {
			match = append(match, m)
		}
	}
	var then Chain
	add := func(wanted bool, e Effect) {
		if wanted {
			then = append(then, e)
		}
	}
	add(d.delay > 0, Delay(d.delay))
	add(d.drop, Drop{})
	add(d.transfer != Transfer{}, d.transfer)
	add(d.links != "", d.links)
	add(d.bend != "", d.bend)
	add(d.table != "", Definition{Table: d.table})
	add(d.hint > 0, DOPHint(d.hint))
	add(d.retry != "", Header{"Retry-After", d.retry})
	if e := d.responder(); e != nil {
		then = append(then, e)
	}
	f := Fault{When: d.when}
	switch len(match) {
	case 0:
	case 1:
		f.Match = match[0]
	default:
		f.Match = match
	}
	switch len(then) {
	case 0:
	case 1:
		f.Then = then[0]
	default:
		f.Then = then
	}
	return f
}

// responder returns the effect that makes a response of its own, nil for the ordinary one.
func (d *draft) responder() Effect {
	switch {
	case d.challenge:
		return Unauthorized{Claims: d.claims}
	case d.echo:
		return Echo{Status: d.status, Code: d.code}
	case d.code != "":
		return Error{Status: d.status, Code: d.code, Message: d.message}
	case d.inflate > 0:
		return Inflating(d.inflate)
	case d.body || d.status > 0:
		response := d.response
		response.Status = d.status
		return response
	default:
		return nil
	}
}

// matching sets a matcher.
func matching(name string, read func(string) (Matcher, error)) func(*draft, string) error {
	return func(d *draft, v string) error {
		m, err := read(v)
		if err != nil {
			return err
		}
		d.match[name] = m
		return nil
	}
}

// set sets a field of any other kind.
func set[T any](field func(*draft) *T, read func(string) (T, error)) func(*draft, string) error {
	return func(d *draft, v string) error {
		value, err := read(v)
		if err == nil {
			*field(d) = value
		}
		return err
	}
}

// setClaims makes the fault a challenge for claims, to tokens that lack them.
func setClaims(d *draft, v string) error {
	d.claims, d.challenge, d.match["claims"] = v, true, LacksClaims(v)
	return nil
}

func text(v string) (string, error) { return v, nil }

func number(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n <= 0 {
		return 0, errors.New("not a number above 0")
	}
	return n, nil
}

// count reads a number, and all.
func count(v string) (int, error) {
	if v == "all" {
		return Forever, nil
	}
	return number(v)
}

func span(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, errors.New("not a time such as 250ms or 5m")
	}
	return d, nil
}

// probability reads 0.05 and 5%.
func probability(v string) (float64, error) {
	digits, percent := strings.CutSuffix(v, "%")
	p, err := strconv.ParseFloat(digits, 64)
	if percent {
		p /= 100
	}
	if err != nil || p <= 0 || p > 1 {
		return 0, errors.New("not a probability such as 0.05 or 5%")
	}
	return p, nil
}

func oneOf[T ~string](v string, known ...T) (T, error) {
	if !slices.Contains(known, T(v)) {
		return "", fmt.Errorf("not one of %v", known)
	}
	return T(v), nil
}
