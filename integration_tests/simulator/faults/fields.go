package faults

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// faultFields are the fields by their names in text.
func faultFields() map[string]func(*Fault, string) error {
	return map[string]func(*Fault, string) error{
		"phase":            oneOf(func(f *Fault) *Phase { return &f.Phase }, Phases()...),
		"table":            text(func(f *Fault) *string { return &f.Table }),
		"page":             number(func(f *Fault) *int { return &f.Page }),
		"larger-than":      number(func(f *Fault) *int { return &f.LargerThan }),
		"method":           text(func(f *Fault) *string { return &f.Method }),
		"path":             text(func(f *Fault) *string { return &f.Path }),
		"contains":         text(func(f *Fault) *string { return &f.Contains }),
		"nth":              number(func(f *Fault) *int { return &f.Nth }),
		"count":            setCount,
		"each":             setEach,
		"probability":      setProbability,
		"seed":             setSeed,
		"from":             span(func(f *Fault) *time.Duration { return &f.From }),
		"until":            span(func(f *Fault) *time.Duration { return &f.Until }),
		"status":           number(func(f *Fault) *int { return &f.Status }),
		"code":             text(func(f *Fault) *string { return &f.Code }),
		"message":          text(func(f *Fault) *string { return &f.Message }),
		"retry-after":      text(func(f *Fault) *string { return &f.RetryAfter }),
		"claims":           setClaims,
		"body":             func(f *Fault, v string) error { f.Body = []byte(v); return nil },
		"content-type":     text(func(f *Fault) *string { return &f.ContentType }),
		"content-encoding": text(func(f *Fault) *string { return &f.ContentEncoding }),
		"links":            oneOf(func(f *Fault) *LinkFault { return &f.Links }, ForeignLinks, RepeatedLinks, MissingDeltaLink),
		"cut-after":        number(func(f *Fault) *int { return &f.CutAfter }),
		"stall-after":      number(func(f *Fault) *int { return &f.StallAfter }),
		"bytes-per-second": number(func(f *Fault) *int { return &f.BytesPerSecond }),
		"delay":            span(func(f *Fault) *time.Duration { return &f.Delay }),
		"dop-hint":         number(func(f *Fault) *int { return &f.DOPHint }),
	}
}

func text(field func(*Fault) *string) func(*Fault, string) error {
	return func(f *Fault, v string) error { *field(f) = v; return nil }
}

func number(field func(*Fault) *int) func(*Fault, string) error {
	return func(f *Fault, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n <= 0 {
			return errors.New("not a number above 0")
		}
		*field(f) = n
		return nil
	}
}

func span(field func(*Fault) *time.Duration) func(*Fault, string) error {
	return func(f *Fault, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 {
			return errors.New("not a time such as 250ms or 5m")
		}
		*field(f) = d
		return nil
	}
}

func oneOf[T ~string](field func(*Fault) *T, known ...T) func(*Fault, string) error {
	return func(f *Fault, v string) error {
		if !slices.Contains(known, T(v)) {
			return fmt.Errorf("not one of %v", known)
		}
		*field(f) = T(v)
		return nil
	}
}

func setCount(f *Fault, v string) error {
	if v == "all" {
		f.Count = -1
		return nil
	}
	return number(func(f *Fault) *int { return &f.Count })(f, v)
}

func setEach(f *Fault, v string) error {
	each, err := strconv.ParseBool(v)
	f.Each = each
	return err
}

// setProbability takes 0.05 and 5%.
func setProbability(f *Fault, v string) error {
	digits, percent := strings.CutSuffix(v, "%")
	p, err := strconv.ParseFloat(digits, 64)
	if percent {
		p /= 100
	}
	if err != nil || p <= 0 || p > 1 {
		return errors.New("not a probability such as 0.05 or 5%")
	}
	f.Probability = p
	return nil
}

func setSeed(f *Fault, v string) error {
	seed, err := strconv.ParseUint(v, 10, 64)
	f.Seed = seed
	return err
}

// setClaims makes the fault a challenge for claims.
func setClaims(f *Fault, v string) error {
	f.Claims, f.Challenge = v, true
	return nil
}
