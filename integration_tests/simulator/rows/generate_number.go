package rows

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// SQL Server's scales of money and of the service's decimal columns.
const (
	MoneyScale   = 4
	DecimalScale = 10
)

// number makes the values of a numeric column.
func (b binder) number(c *schema.Column) Filler {
	salt := b.salt(c.LogicalName)
	switch {
	case c.LogicalName == "exchangerate":
		return b.exchangeRate(salt)
	case b.rollupState(c):
		return b.calculationState(c)
	case c.Type == schema.Money:
		return b.money(c)
	case c.Type == schema.Decimal || c.Type == schema.Double:
		return b.fraction(c)
	case c.Type == schema.BigInt && strings.HasSuffix(c.LogicalName, "_timestamp"):
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendUint(dst, imageTimestamp(Draw(salt, row)), 10)
		}
	case c.Type == schema.BigInt:
		least, greatest := -1<<62, 1<<62
		if !b.store.Table.Custom {
			least, greatest = 0, 1<<30
		}
		return integerBetween(salt, least, greatest)
	case strings.HasSuffix(c.LogicalName, "timezonecode"):
		return integerAmong(salt, 4, 35, 85, 92, 95, 105, 110, 190, 235)
	case slices.Contains([]string{"uilanguageid", "localeid", "languagecode"}, c.LogicalName):
		return integerAmong(salt, 1033, 1031, 1036, 1041, 1045)
	}
	least, greatest := usual(c, 100_000)
	if c.Min == 0 && c.Max == 0 && !b.store.Table.Custom {
		least, greatest = 0, 1000
	}
	if few, small := usuallyFew()[c.LogicalName]; small {
		least, greatest = 0, few
	}
	return integerBetween(salt, least, greatest)
}

// usuallyFew returns the columns whose numbers are far below what their bounds allow.
func usuallyFew() map[string]int {
	return map[string]int{
		"numberofchildren": 5, "actualdurationminutes": 480, "scheduleddurationminutes": 480, "timezoneruleversionnumber": 4,
		"deliveryattempts": 3, "attachmentcount": 5, "currencyprecision": 4, "transactioncurrencyprecision": 4, "userlicensetype": 20,
	}
}

func integerAmong(salt uint64, values ...int64) Filler {
	return func(dst []byte, row uint64) []byte {
		return strconv.AppendInt(dst, values[below(Draw(salt, row), Word(len(values)))], 10)
	}
}

// usual returns the bounds of a column's values, no further from zero than is common.
func usual(c *schema.Column, far int) (least, greatest int) {
	least, greatest = c.Bounds()
	return max(least, -far), min(greatest, far)
}

func integerBetween(salt uint64, least, greatest int) Filler {
	return func(dst []byte, row uint64) []byte {
		return strconv.AppendInt(dst, between(Draw(salt, row), int64(least), int64(greatest)), 10)
	}
}

// between returns a number of the range, below zero in no more than one case of sixteen.
func between(h uint64, least, greatest int64) int64 {
	if least < 0 && greatest > 0 {
		if h>>60 == 0 {
			greatest = -1
		} else {
			least = 0
		}
	}
	return least + int64(below(Draw(h, 1), uint64(greatest-least+1)))
}

// exchangeRate returns 1 in every generated row, for all are in the base currency; of the currencies themselves only the
// first is the base.
func (b binder) exchangeRate(salt uint64) Filler {
	currency := b.store.Table.LogicalName == "transactioncurrency"
	return func(dst []byte, row uint64) []byte {
		rate := int64(10_000)
		if currency && row > 0 {
			rate = 1000 + int64(below(Draw(salt, row), 19_000))
		}
		return odata.AppendScaled(dst, rate, 4, DecimalScale)
	}
}

// calculationState returns 1 for a rollup whose value was calculated, and 0 for one that was not yet.
func (b binder) calculationState(c *schema.Column) Filler {
	present := b.present(b.store.Table.Column(strings.TrimSuffix(c.LogicalName, "_state")))
	return func(dst []byte, row uint64) []byte {
		if present == nil || present(row) {
			return append(dst, '1')
		}
		return append(dst, '0')
	}
}

func (b binder) fraction(c *schema.Column) Filler {
	salt := b.salt(c.LogicalName)
	precision := min(c.Precision, DecimalScale)
	if c.Type == schema.Double {
		precision = min(c.Precision, 5)
	}
	unit := int64(math.Pow10(precision))
	least, greatest := usual(c, 100_000)
	return func(dst []byte, row uint64) []byte {
		n := between(Draw(salt, row), int64(least)*unit, int64(greatest)*unit)
		if c.Type == schema.Double {
			return odata.AppendDouble(dst, n, precision)
		}
		return odata.AppendScaled(dst, n, precision, DecimalScale)
	}
}

// money makes an amount. The column with the suffix _base is the same amount in the base currency.
func (b binder) money(c *schema.Column) Filler {
	of := b.leader(c)
	salt, precision := b.salt(of.LogicalName), min(of.Precision, MoneyScale)
	unit := int64(math.Pow10(precision))
	least, greatest := usual(of, 50_000_000)
	if slices.Contains([]string{"contoso_salary", "annualincome"}, of.LogicalName) {
		greatest = 400_000
	}
	return func(dst []byte, row uint64) []byte {
		h := Draw(salt, row)
		n := between(h, int64(least)*unit, int64(greatest)*unit)
		if h%4 == 0 { // round amounts are common
			n = n / (1000 * unit) * 1000 * unit
		}
		return odata.AppendScaled(dst, n, precision, MoneyScale)
	}
}
