package simulator

import (
	"math"
	"strconv"
	"strings"
)

// SQL Server's scales of money and of the service's decimal columns.
const (
	moneyScale   = 4
	decimalScale = 10
)

// number makes the values of a numeric column.
func (b binder) number(c *Column) filler {
	salt := b.salt(c.LogicalName)
	switch {
	case c.LogicalName == "exchangerate":
		return func(dst []byte, _ uint64) []byte { return appendScaled(dst, 1, 0, decimalScale) }
	case c.Type == Money:
		return b.money(c)
	case c.Type == Decimal:
		return func(dst []byte, row uint64) []byte {
			return appendScaled(dst, signed(mix(salt, row), 1_000_000_000), min(c.Precision, decimalScale), decimalScale)
		}
	case c.Type == Double:
		return func(dst []byte, row uint64) []byte {
			return appendDouble(dst, float64(signed(mix(salt, row), 18_000_000))/math.Pow10(min(c.Precision, 5)))
		}
	case c.Type == BigInt && strings.HasSuffix(c.LogicalName, "_timestamp"):
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendUint(dst, imageTimestamp(mix(salt, row)), 10)
		}
	case strings.Contains(c.LogicalName, "timezone"):
		return func(dst []byte, row uint64) []byte { return strconv.AppendUint(dst, mix(salt, row)%300, 10) }
	case c.Type == BigInt:
		return func(dst []byte, row uint64) []byte { return strconv.AppendInt(dst, signed(mix(salt, row), 1<<62), 10) }
	default:
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendInt(dst, signed(mix(salt, row), 100_000), 10)
		}
	}
}

// money makes an amount. The column with the suffix _base is the same amount in the base currency, whose exchange
// rate is 1 in every generated row.
func (b binder) money(c *Column) filler {
	name := c.LogicalName
	if amount := strings.TrimSuffix(name, "_base"); b.store.table.Column(amount) != nil {
		name = amount
	}
	salt, precision := b.salt(name), min(c.Precision, moneyScale)
	if of := b.store.table.Column(name); of != nil {
		precision = min(of.Precision, moneyScale)
	}
	return func(dst []byte, row uint64) []byte {
		h := mix(salt, row)
		units := signed(h, 5_000_000_000)
		if h%4 == 0 { // whole amounts are common
			return appendScaled(dst, units/10_000_000*1000, 0, moneyScale)
		}
		return appendScaled(dst, units, precision, moneyScale)
	}
}

// signed is a number below limit, negative in one case of sixteen.
func signed(h, limit uint64) int64 {
	n := int64(h % limit) //nolint:gosec // limits are below 2^63
	if h>>60 == 0 {
		return -n
	}
	return n
}
