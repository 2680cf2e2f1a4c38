package simulator

import (
	"math"
	"slices"
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
		return b.exchangeRate(salt)
	case b.rollupState(c):
		return b.calculationState(c)
	case c.Type == Money:
		return b.money(c)
	case c.Type == Decimal || c.Type == Double:
		return b.fraction(c)
	case c.Type == BigInt && strings.HasSuffix(c.LogicalName, "_timestamp"):
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendUint(dst, imageTimestamp(draw(salt, row)), 10)
		}
	case c.Type == BigInt:
		least, greatest := -1<<62, 1<<62
		if !b.store.table.Custom {
			least, greatest = 0, 1<<30
		}
		return integerBetween(salt, least, greatest)
	case strings.HasSuffix(c.LogicalName, "timezonecode"):
		return integerAmong(salt, 4, 35, 85, 92, 95, 105, 110, 190, 235)
	case slices.Contains([]string{"uilanguageid", "localeid", "languagecode"}, c.LogicalName):
		return integerAmong(salt, 1033, 1031, 1036, 1041, 1045)
	}
	least, greatest := c.usual(100_000)
	if c.Min == 0 && c.Max == 0 && !b.store.table.Custom {
		least, greatest = 0, 1000
	}
	if few, small := usuallyFew()[c.LogicalName]; small {
		least, greatest = 0, few
	}
	return integerBetween(salt, least, greatest)
}

// usuallyFew are the columns whose numbers are far below what their bounds allow.
func usuallyFew() map[string]int {
	return map[string]int{
		"numberofchildren": 5, "actualdurationminutes": 480, "scheduleddurationminutes": 480, "timezoneruleversionnumber": 4,
		"deliveryattempts": 3, "attachmentcount": 5, "currencyprecision": 4, "transactioncurrencyprecision": 4, "userlicensetype": 20,
	}
}

func integerAmong(salt uint64, values ...int64) filler {
	return func(dst []byte, row uint64) []byte {
		return strconv.AppendInt(dst, values[below(draw(salt, row), word(len(values)))], 10)
	}
}

// usual are the bounds of a column's values, no further from zero than is common.
func (c *Column) usual(far int) (least, greatest int) {
	least, greatest = c.bounds()
	return max(least, -far), min(greatest, far)
}

func integerBetween(salt uint64, least, greatest int) filler {
	return func(dst []byte, row uint64) []byte {
		return strconv.AppendInt(dst, between(draw(salt, row), int64(least), int64(greatest)), 10)
	}
}

// between is a number of the range, below zero in no more than one case of sixteen.
func between(h uint64, least, greatest int64) int64 {
	if least < 0 && greatest > 0 {
		if h>>60 == 0 {
			greatest = -1
		} else {
			least = 0
		}
	}
	return least + int64(below(draw(h, 1), uint64(greatest-least+1)))
}

// exchangeRate is 1 in every generated row, for all are in the base currency; of the currencies themselves only the
// first is the base.
func (b binder) exchangeRate(salt uint64) filler {
	currency := b.store.table.LogicalName == "transactioncurrency"
	return func(dst []byte, row uint64) []byte {
		rate := int64(10_000)
		if currency && row > 0 {
			rate = 1000 + int64(below(draw(salt, row), 19_000))
		}
		return appendScaled(dst, rate, 4, decimalScale)
	}
}

// calculationState tells of a rollup that its value was calculated (1), or has not been yet (0).
func (b binder) calculationState(c *Column) filler {
	present := b.present(b.store.table.Column(strings.TrimSuffix(c.LogicalName, "_state")))
	return func(dst []byte, row uint64) []byte {
		if present == nil || present(row) {
			return append(dst, '1')
		}
		return append(dst, '0')
	}
}

func (b binder) fraction(c *Column) filler {
	salt := b.salt(c.LogicalName)
	precision := min(c.Precision, decimalScale)
	if c.Type == Double {
		precision = min(c.Precision, 5)
	}
	unit := int64(math.Pow10(precision))
	least, greatest := c.usual(100_000)
	return func(dst []byte, row uint64) []byte {
		n := between(draw(salt, row), int64(least)*unit, int64(greatest)*unit)
		if c.Type == Double {
			return appendDouble(dst, n, precision)
		}
		return appendScaled(dst, n, precision, decimalScale)
	}
}

// money makes an amount. The column with the suffix _base is the same amount in the base currency.
func (b binder) money(c *Column) filler {
	of := b.leader(c)
	salt, precision := b.salt(of.LogicalName), min(of.Precision, moneyScale)
	unit := int64(math.Pow10(precision))
	least, greatest := of.usual(50_000_000)
	if slices.Contains([]string{"contoso_salary", "annualincome"}, of.LogicalName) {
		greatest = 400_000
	}
	return func(dst []byte, row uint64) []byte {
		h := draw(salt, row)
		n := between(h, int64(least)*unit, int64(greatest)*unit)
		if h%4 == 0 { // round amounts are common
			n = n / (1000 * unit) * 1000 * unit
		}
		return appendScaled(dst, n, precision, moneyScale)
	}
}
