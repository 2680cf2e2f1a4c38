package edit

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

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Coerce turns a written value into the JSON that rows will show, or refuses it as the service validates it.
func Coerce(s *rows.Store, c *schema.Column, raw json.RawMessage) (rows.Value, *odata.Error) {
	if string(raw) == "null" {
		return rows.Value{}, nil
	}
	var shown []byte
	var refusal *odata.Error
	switch c.Type {
	case schema.ManagedProperty:
		shown, refusal = managed(s, c, raw)
	case schema.Integer, schema.BigInt, schema.Picklist, schema.State, schema.Status:
		shown, refusal = integer(s, c, raw)
	case schema.Money, schema.Decimal, schema.Double:
		shown, refusal = fraction(s, c, raw)
	case schema.Boolean:
		if text := string(raw); text != "true" && text != "false" {
			return rows.Value{}, mismatch(s, raw, "Edm.Boolean")
		}
		shown = raw
	default:
		if raw[0] != '"' {
			return rows.Value{}, mismatch(s, raw, "Edm.String")
		}
		shown, refusal = quoted(s, c, odata.Plain(raw), raw)
	}
	return rows.Value{Json: slices.Clone(shown)}, refusal
}

// mismatch returns the error for a value of the wrong type.
func mismatch(s *rows.Store, raw json.RawMessage, edm string) *odata.Error {
	return odata.BadPayload(s.Table.EntitySetName, "Cannot convert the literal '%s' to the expected type '%s'.", odata.Plain(raw), edm)
}

func invalid(code, format string, args ...any) *odata.Error {
	e := odata.Refuse(http.StatusBadRequest, code, format, args...)
	e.Message = "A validation error occurred. " + e.Message
	return e
}

// quoted reads the types that JSON writes as strings.
func quoted(s *rows.Store, c *schema.Column, text string, raw json.RawMessage) ([]byte, *odata.Error) {
	switch {
	case c.Type == schema.DateTime:
		return dateTime(s, c, text, raw)
	case c.Type == schema.Uniqueidentifier || c.Type == schema.File:
		id, ok := guid.Parse(text)
		if !ok {
			return nil, mismatch(s, raw, "Edm.Guid")
		}
		return odata.AppendQuoted(nil, id.String()), nil
	case c.Type == schema.MultiSelectPicklist:
		return selection(s, c, text)
	case c.Type == schema.Image:
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return nil, mismatch(s, raw, "Edm.Binary")
		}
	case c.MaxLength > 0 && odata.Units(text) > c.MaxLength:
		return nil, invalid("0x80044331", "The length of the '%s' attribute of the '%s' entity exceeded the maximum allowed length of '%d'.",
			c.LogicalName, s.Table.LogicalName, c.MaxLength)
	}
	return odata.AppendQuoted(nil, text), nil
}

func dateTime(s *rows.Store, c *schema.Column, text string, raw json.RawMessage) ([]byte, *odata.Error) {
	at, err := time.Parse(time.DateOnly, text)
	if c.Behavior == schema.DateOnly {
		if err != nil {
			return nil, mismatch(s, raw, "Edm.Date")
		}
		return odata.AppendUnixDate(nil, at.Unix()), nil
	}
	if err != nil {
		at, err = time.Parse(time.RFC3339Nano, text)
	}
	if err != nil {
		return nil, mismatch(s, raw, "Edm.DateTimeOffset")
	}
	const earliest = 1753
	if at.UTC().Year() < earliest {
		return nil, odata.Refuse(http.StatusBadRequest, "0x80040239", "DateTime is less than minumum value supported by CrmDateTime. Actual value: %s, Minimum value supported: 01/01/1753 00:00:00", //nolint:misspell // the service's spelling
			at.UTC().Format(odata.StampTime))
	}
	return odata.AppendUnix(nil, at.Unix()), nil
}

func integer(s *rows.Store, c *schema.Column, raw json.RawMessage) ([]byte, *odata.Error) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case err != nil && c.Type == schema.BigInt:
		return nil, mismatch(s, raw, "Edm.Int64")
	case err != nil || c.Type != schema.BigInt && (n > math.MaxInt32 || n < math.MinInt32):
		return nil, mismatch(s, raw, "Edm.Int32")
	case len(c.Options) > 0 && !slices.ContainsFunc(c.Options, func(o schema.Option) bool { return int64(o.Value) == n }):
		return nil, outside(s, c, string(raw))
	}
	return strconv.AppendInt(nil, n, 10), nil
}

// outside returns the error for a choice that the column does not offer.
func outside(s *rows.Store, c *schema.Column, value string) *odata.Error {
	var accepted []string
	for _, o := range c.Options {
		accepted = append(accepted, strconv.Itoa(o.Value))
	}
	return invalid("0x8004431A", "The value %s of '%s' on record of type '%s' is outside the valid range. Accepted Values: %s",
		value, c.LogicalName, s.Table.LogicalName, strings.Join(accepted, ","))
}

func selection(s *rows.Store, c *schema.Column, text string) ([]byte, *odata.Error) {
	if text == "" {
		return nil, nil
	}
	var chosen []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || !slices.ContainsFunc(c.Options, func(o schema.Option) bool { return o.Value == n }) {
			return nil, outside(s, c, part)
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
func fraction(s *rows.Store, c *schema.Column, raw json.RawMessage) ([]byte, *odata.Error) {
	if _, err := strconv.ParseFloat(string(raw), 64); err != nil || raw[0] == '"' {
		edm := "Edm.Decimal"
		if c.Type == schema.Double {
			edm = "Edm.Double"
		}
		return nil, mismatch(s, raw, edm)
	}
	exact, ok := new(big.Rat).SetString(string(raw))
	if !ok {
		return nil, mismatch(s, raw, "Edm.Decimal")
	}
	if c.Type == schema.Double {
		text := strings.TrimRight(exact.FloatString(max(1, min(c.Precision, 5))), "0")
		if strings.HasSuffix(text, ".") {
			text += "0"
		}
		return []byte(text), nil
	}
	scale := rows.DecimalScale
	if c.Type == schema.Money {
		scale = rows.MoneyScale
	}
	precision := min(c.Precision, scale)
	text := exact.FloatString(precision)
	if precision == 0 {
		text += "."
	}
	return []byte(text + strings.Repeat("0", scale-precision)), nil
}

// InBounds refuses numbers that the columns of an edit do not allow.
func InBounds(s *rows.Store, made Edit) *odata.Error {
	for _, name := range slices.Sorted(maps.Keys(made.Values)) {
		c, raw := s.Table.Column(name), string(made.Values[name].Json)
		n, err := strconv.ParseFloat(raw, 64)
		switch {
		case err != nil: // null, or no number
		case c.Type == schema.Integer && !Within(c, n):
			return invalid("0x8004432F", "An integer provided is outside of the allowed values for this attribute.")
		case (c.Type == schema.Decimal || c.Type == schema.Double || c.Type == schema.Money) && !Within(c, n):
			return invalid("0x80044330", "A decimal value provided is outside of the allowed values for this attribute.")
		}
	}
	return nil
}

// Within reports whether a number is between the column's bounds.
func Within(c *schema.Column, f float64) bool {
	minimum, maximum := c.Bounds()
	return float64(minimum) <= f && f <= float64(maximum)
}

// managed reads a managed property: an object of which only Value can be written.
func managed(s *rows.Store, c *schema.Column, raw json.RawMessage) ([]byte, *odata.Error) {
	var given struct{ Value *bool }
	if json.Unmarshal(raw, &given) != nil || given.Value == nil {
		return nil, mismatch(s, raw, "Microsoft.Dynamics.CRM.BooleanManagedProperty")
	}
	dst := strconv.AppendBool([]byte(`{"Value":`), *given.Value)
	dst = append(dst, `,"CanBeChanged":true,"ManagedPropertyLogicalName":`...)
	return append(odata.AppendQuoted(dst, c.LogicalName), '}'), nil
}
