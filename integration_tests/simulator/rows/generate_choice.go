package rows

import (
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// flag makes the values of a Boolean column. Most flags are off in most rows.
func (b binder) flag(c *schema.Column) Filler {
	salt, one := b.salt(c.LogicalName), uint64(4)
	if strings.Contains(c.LogicalName, "disabled") || strings.Contains(c.LogicalName, "deleted") {
		one = 25
	}
	if c.LogicalName == "merged" && b.store.Table.Column("masterid") != nil { // a merged row names its master
		merged := b.present(b.store.Table.Column("masterid"))
		return func(dst []byte, row uint64) []byte { return strconv.AppendBool(dst, row > 0 && merged(row)) }
	}
	return func(dst []byte, row uint64) []byte {
		on := Draw(salt, row)%one == 0 && (row > 0 || c.LogicalName != "isdisabled") // the first user is the signed-in one
		return strconv.AppendBool(dst, on)
	}
}

// choice draws from a column's options. A status is one of those that belong to the row's state.
func (b binder) choice(c *schema.Column) Filler {
	salt := b.salt(c.LogicalName)
	values := make([]int, 0, len(c.Options))
	for _, o := range c.Options {
		values = append(values, o.Value)
	}
	if len(values) == 0 {
		return nothing
	}
	switch c.Type {
	case schema.MultiSelectPicklist:
		slices.Sort(values)
		return func(dst []byte, row uint64) []byte { return appendSelection(dst, values, Draw(salt, row)) }
	case schema.State:
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendInt(dst, int64(values[stateAt(salt, row, len(values))]), 10)
		}
	case schema.Status:
		return b.status(c)
	default:
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendInt(dst, int64(values[below(Draw(salt, row), Word(len(values)))]), 10)
		}
	}
}

// states returns how many states the table has.
func (b binder) states() int {
	if state := b.store.Table.Column("statecode"); state != nil {
		return len(state.Options)
	}
	return 0
}

// stateAt returns the number of a row's state among its table's: the first for most rows.
func stateAt(salt, row uint64, states int) uint64 {
	h := Draw(salt, row)
	if h%5 > 0 {
		return 0
	}
	return h / 5 % Word(states)
}

func (b binder) status(c *schema.Column) Filler {
	salt, state := b.salt(c.LogicalName), b.store.Table.Column("statecode")
	byState := [][]int{{}}
	if state != nil && len(state.Options) > 0 {
		byState = make([][]int, len(state.Options))
		for i, s := range state.Options {
			for _, o := range c.Options {
				if o.State == s.Value {
					byState[i] = append(byState[i], o.Value)
				}
			}
		}
	}
	stateSalt := b.salt("statecode")
	return func(dst []byte, row uint64) []byte {
		of := byState[stateAt(stateSalt, row, len(byState))]
		if len(of) == 0 {
			return strconv.AppendInt(dst, int64(c.Options[0].Value), 10)
		}
		return strconv.AppendInt(dst, int64(of[below(Draw(salt, row), Word(len(of)))]), 10)
	}
}

// appendSelection writes some of the values, which are sorted, as a multi-select column does: "1,2,3".
func appendSelection(dst []byte, values []int, h uint64) []byte {
	start := len(dst)
	dst = append(dst, '"')
	for i, v := range values {
		if h>>(Word(i)&63)&1 == 0 {
			continue
		}
		if len(dst) > start+1 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(v), 10)
	}
	if len(dst) == start+1 {
		return dst[:start]
	}
	return append(dst, '"')
}
