package keyrange

import (
	"encoding/base64"
	"errors"
)

// errRanges reports a text that is not one of Ranges.
var errRanges = errors.New("the ranges of keys in the saved state cannot be read")

// The bounds of a range, as the text of Ranges has them.
const (
	hasAfter  = 1 << iota // After follows
	afterLast             // After is the UpTo of the range before
	hasUpTo               // UpTo follows, after After
)

// MarshalText encodes the ranges: a byte for each one that states which bounds follow, and the bytes of those, all in base64.
func (r *Ranges) MarshalText() ([]byte, error) {
	var raw []byte
	var last *Key
	for _, one := range r.list {
		var flags byte
		var bounds []byte
		switch {
		case one.After == nil:
		case last != nil && *last == *one.After:
			flags |= afterLast
		default:
			flags |= hasAfter
			bounds = append(bounds, one.After[:]...)
		}
		if one.UpTo != nil {
			flags |= hasUpTo
			bounds = append(bounds, one.UpTo[:]...)
		}
		raw = append(append(raw, flags), bounds...)
		last = one.UpTo
	}
	return base64.RawStdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads what MarshalText wrote. Users can edit a state: ranges that are not ascending, or overlap, are an error.
func (r *Ranges) UnmarshalText(text []byte) error {
	raw, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return errRanges
	}
	r.list = nil
	var last *Key
	for first := true; len(raw) > 0; first = false {
		one, rest, ok := readRange(raw, last)
		ordered := first || last != nil && one.After != nil && last.Compare(*one.After) <= 0
		if !ok || !ordered || one.empty() {
			return errRanges
		}
		r.list = append(r.list, one)
		last, raw = one.UpTo, rest
	}
	return nil
}

// readRange reads one range. last is the upper bound of the range before.
func readRange(raw []byte, last *Key) (one *Range, rest []byte, ok bool) {
	one = &Range{}
	flags, rest := raw[0], raw[1:]
	if flags >= hasUpTo<<1 || flags&afterLast != 0 && (last == nil || flags&hasAfter != 0) {
		return one, nil, false
	}
	if flags&afterLast != 0 {
		one.After = last
	}
	for _, bound := range []struct {
		flag byte
		to   **Key
	}{{hasAfter, &one.After}, {hasUpTo, &one.UpTo}} {
		if flags&bound.flag == 0 {
			continue
		}
		if len(rest) < keyLength {
			return one, nil, false
		}
		k := Key(rest[:keyLength])
		*bound.to, rest = &k, rest[keyLength:]
	}
	return one, rest, true
}
