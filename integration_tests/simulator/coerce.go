package simulator

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// coerce turns a written value into the JSON that rows will show, or refuses it as the service validates it.
func (s *store) coerce(c *Column, raw json.RawMessage) (storedValue, *apiError) {
	if string(raw) == "null" {
		return storedValue{}, nil
	}
	var shown []byte
	var refusal *apiError
	switch c.Type {
	case ManagedProperty:
		shown, refusal = s.managed(c, raw)
	case Integer, BigInt, Picklist, State, Status:
		shown, refusal = s.whole(c, raw)
	case Money, Decimal, Double:
		shown, refusal = s.fraction(c, raw)
	case Boolean:
		if text := string(raw); text != "true" && text != "false" {
			return storedValue{}, s.mismatch(raw, "Edm.Boolean")
		}
		shown = raw
	default:
		if raw[0] != '"' {
			return storedValue{}, s.mismatch(raw, "Edm.String")
		}
		shown, refusal = s.quoted(c, plain(raw), raw)
	}
	return storedValue{json: slices.Clone(shown)}, refusal
}

// mismatch is the answer to a value of the wrong type.
func (s *store) mismatch(raw json.RawMessage, edm string) *apiError {
	return badPayload(s.table.EntitySetName, "Cannot convert the literal '%s' to the expected type '%s'.", plain(raw), edm)
}

func (s *store) invalid(code, format string, args ...any) *apiError {
	e := refuse(http.StatusBadRequest, code, format, args...)
	e.message = "A validation error occurred. " + e.message
	return e
}

// quoted reads the types that JSON writes as strings.
func (s *store) quoted(c *Column, text string, raw json.RawMessage) ([]byte, *apiError) {
	switch {
	case c.Type == DateTime:
		return s.dateTime(c, text, raw)
	case c.Type == Uniqueidentifier || c.Type == File:
		id, ok := parseRowID(text)
		if !ok {
			return nil, s.mismatch(raw, "Edm.Guid")
		}
		return appendQuoted(nil, id.String()), nil
	case c.Type == MultiSelectPicklist:
		return s.selection(c, text)
	case c.Type == Image:
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return nil, s.mismatch(raw, "Edm.Binary")
		}
	case c.MaxLength > 0 && units(text) > c.MaxLength:
		return nil, s.invalid("0x80044331", "The length of the '%s' attribute of the '%s' entity exceeded the maximum allowed length of '%d'.",
			c.LogicalName, s.table.LogicalName, c.MaxLength)
	}
	return appendQuoted(nil, text), nil
}

func (s *store) dateTime(c *Column, text string, raw json.RawMessage) ([]byte, *apiError) {
	at, err := time.Parse(time.DateOnly, text)
	if c.Behavior == DateOnly {
		if err != nil {
			return nil, s.mismatch(raw, "Edm.Date")
		}
		return appendUnixDate(nil, at.Unix()), nil
	}
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, text)
	}
	if err != nil {
		return nil, s.mismatch(raw, "Edm.DateTimeOffset")
	}
	const earliest = 1753
	if at.UTC().Year() < earliest {
		return nil, refuse(http.StatusBadRequest, "0x80040239", "DateTime is less than minumum value supported by CrmDateTime. Actual value: %s, Minimum value supported: 01/01/1753 00:00:00", //nolint:misspell // the service's spelling
			at.UTC().Format(stampTime))
	}
	return appendUnix(nil, at.Unix()), nil
}

func (s *store) whole(c *Column, raw json.RawMessage) ([]byte, *apiError) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case err != nil && c.Type == BigInt:
		return nil, s.mismatch(raw, "Edm.Int64")
	case err != nil || c.Type != BigInt && (n > math.MaxInt32 || n < math.MinInt32):
		return nil, s.mismatch(raw, "Edm.Int32")
	case len(c.Options) > 0 && !slices.ContainsFunc(c.Options, func(o Option) bool { return int64(o.Value) == n }):
		return nil, s.outside(c, string(raw))
	}
	return strconv.AppendInt(nil, n, 10), nil
}

// outside is the answer to a choice that the column does not offer.
func (s *store) outside(c *Column, value string) *apiError {
	var accepted []string
	for _, o := range c.Options {
		accepted = append(accepted, strconv.Itoa(o.Value))
	}
	return s.invalid("0x8004431A", "The value %s of '%s' on record of type '%s' is outside the valid range. Accepted Values: %s",
		value, c.LogicalName, s.table.LogicalName, strings.Join(accepted, ","))
}

func (s *store) selection(c *Column, text string) ([]byte, *apiError) {
	if text == "" {
		return nil, nil
	}
	var chosen []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || !slices.ContainsFunc(c.Options, func(o Option) bool { return o.Value == n }) {
			return nil, s.outside(c, part)
		}
		chosen = append(chosen, n)
	}
	slices.Sort(chosen)
	dst := []byte{'"'}
	for i, n := range slices.Compact(chosen) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	return append(dst, '"'), nil
}

// fraction reads an amount, decimal or double. Digits beyond the column's precision are rounded away, and those that
// SQL Server keeps are written out.
func (s *store) fraction(c *Column, raw json.RawMessage) ([]byte, *apiError) {
	if _, err := strconv.ParseFloat(string(raw), 64); err != nil || raw[0] == '"' {
		edm := "Edm.Decimal"
		if c.Type == Double {
			edm = "Edm.Double"
		}
		return nil, s.mismatch(raw, edm)
	}
	exact, ok := new(big.Rat).SetString(string(raw))
	if !ok {
		return nil, s.mismatch(raw, "Edm.Decimal")
	}
	if c.Type == Double {
		text := strings.TrimRight(exact.FloatString(max(1, min(c.Precision, 5))), "0")
		if strings.HasSuffix(text, ".") {
			text += "0"
		}
		return []byte(text), nil
	}
	scale := decimalScale
	if c.Type == Money {
		scale = moneyScale
	}
	precision := min(c.Precision, scale)
	text := exact.FloatString(precision)
	if precision == 0 {
		text += "."
	}
	return []byte(text + strings.Repeat("0", scale-precision)), nil
}

// inBounds refuses numbers that the columns of an edit do not allow.
func (s *store) inBounds(made edit) *apiError {
	for _, name := range slices.Sorted(maps.Keys(made.values)) {
		c, raw := s.table.Column(name), string(made.values[name].json)
		n, err := strconv.ParseFloat(raw, 64)
		switch {
		case err != nil: // null, or no number
		case c.Type == Integer && !c.within(n):
			return s.invalid("0x8004432F", "An integer provided is outside of the allowed values for this attribute.")
		case (c.Type == Decimal || c.Type == Double || c.Type == Money) && !c.within(n):
			return s.invalid("0x80044330", "A decimal value provided is outside of the allowed values for this attribute.")
		}
	}
	return nil
}

// within says whether a number is between the column's bounds.
func (c *Column) within(f float64) bool {
	least, greatest := c.bounds()
	return float64(least) <= f && f <= float64(greatest)
}

// managed reads a managed property: an object of which only Value can be written.
func (s *store) managed(c *Column, raw json.RawMessage) ([]byte, *apiError) {
	var given struct{ Value *bool }
	if json.Unmarshal(raw, &given) != nil || given.Value == nil {
		return nil, s.mismatch(raw, "Microsoft.Dynamics.CRM.BooleanManagedProperty")
	}
	dst := strconv.AppendBool([]byte(`{"Value":`), *given.Value)
	dst = append(dst, `,"CanBeChanged":true,"ManagedPropertyLogicalName":`...)
	return append(appendQuoted(dst, c.LogicalName), '}'), nil
}
