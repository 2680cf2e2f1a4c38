package simulator

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// binder makes the fillers of a table's columns. A generated value is a function of the seed, the table, the column
// and the row's number.
type binder struct {
	env   *Environment
	store *store
}

func (b binder) cell(c *Column) *cell {
	made := &cell{column: c, property: c.Property(), unfilled: b.store.unfilled[c.LogicalName]}
	switch {
	case c.LogicalName == b.store.table.PrimaryID:
		made.role = keyRole
	case c.LogicalName == "versionnumber":
		made.role = versionRole
	case c.LogicalName == "createdon":
		made.role = createdRole
	case c.LogicalName == "modifiedon":
		made.role = modifiedRole
	case c.IsLookup():
		made.reference = b.lookup(c)
		made.fill = quoteReference(made.reference)
	default:
		made.fill = b.sparse(c, b.filler(c))
	}
	return made
}

// salt separates the values of one column from those of every other.
func (b binder) salt(column string) uint64 { return mix(b.store.ids.salt, hashString(column)) }

// filler is how the column's values are made, leaving aside which rows have none.
func (b binder) filler(c *Column) filler {
	switch salt := b.salt(c.LogicalName); {
	case c.Type == String || c.Type == Memo || c.Type == EntityName:
		return b.text(c)
	case c.Type == Money || c.Type == Decimal || c.Type == Double || c.Type == Integer || c.Type == BigInt:
		return b.number(c)
	case c.Type == Boolean:
		return func(dst []byte, row uint64) []byte { return strconv.AppendBool(dst, mix(salt, row)%4 == 0) }
	case c.Type == Picklist || c.Type == State || c.Type == Status || c.Type == MultiSelectPicklist:
		return b.choice(c)
	case c.Type == DateTime:
		return moment(c, salt)
	case c.Type == Uniqueidentifier && b.store.table.Intersect:
		return quoteReference(b.parent(c))
	case c.Type == Uniqueidentifier || c.Type == File:
		return func(dst []byte, row uint64) []byte {
			return append(append(append(dst, '"'), randomGUID(mix(salt, row))...), '"')
		}
	case c.Type == Image:
		return func(dst []byte, row uint64) []byte {
			h := mix(salt, row)
			picture := append([]byte("\x89PNG\r\n\x1a\n"), strconv.FormatUint(h, 36)...)
			return append(append(append(dst, '"'), base64.StdEncoding.EncodeToString(picture)...), '"')
		}
	case c.Type == ManagedProperty:
		return func(dst []byte, row uint64) []byte {
			dst = strconv.AppendBool(append(dst, `{"Value":`...), mix(salt, row)%2 == 0)
			dst = append(dst, `,"CanBeChanged":true,"ManagedPropertyLogicalName":`...)
			return append(appendQuoted(dst, c.LogicalName), '}')
		}
	}
	return func(dst []byte, _ uint64) []byte { return dst }
}

// sparse leaves a share of the rows without a value, as most columns of real tables are mostly empty. Columns that
// belong together (the name of a file, the base of an amount) are empty together.
func (b binder) sparse(c *Column, fill filler) filler {
	share := b.share(c)
	if share == 100 {
		return fill
	}
	owner := c.LogicalName
	if c.AttributeOf != "" {
		owner = c.AttributeOf
	} else if c.Type == Money {
		owner = strings.TrimSuffix(c.LogicalName, "_base")
	}
	presence := mix(b.salt(owner), hashString("presence"))
	return func(dst []byte, row uint64) []byte {
		if mix(presence, row)%100 >= share {
			return dst
		}
		return fill(dst, row)
	}
}

// share is the percentage of rows that have a value.
func (b binder) share(c *Column) uint64 {
	switch {
	case c.LogicalName == b.store.table.PrimaryName, c.Type == State, c.Type == Status, c.Type == Boolean,
		c.Type == ManagedProperty, c.LogicalName == "exchangerate", strings.HasSuffix(c.LogicalName, "_addressid"),
		b.store.table.Intersect:
		return 100
	case c.LogicalName == "overriddencreatedon" || c.LogicalName == "importsequencenumber":
		return 2
	}
	owner := c.LogicalName
	if c.AttributeOf != "" {
		owner = c.AttributeOf
	} else if c.Type == Money {
		owner = strings.TrimSuffix(owner, "_base")
	}
	shares := []uint64{95, 80, 60, 30, 8}
	if b.store.table.Custom { // their columns are there because somebody uses them
		shares = shares[:3]
	}
	return shares[b.salt(owner)%word(len(shares))]
}

// choice draws from a column's options. A status is one of those that belong to the row's state.
func (b binder) choice(c *Column) filler {
	salt := b.salt(c.LogicalName)
	values := make([]int, 0, len(c.Options))
	for _, o := range c.Options {
		values = append(values, o.Value)
	}
	if len(values) == 0 {
		return func(dst []byte, _ uint64) []byte { return dst }
	}
	switch c.Type {
	case MultiSelectPicklist:
		return func(dst []byte, row uint64) []byte { return appendSelection(dst, values, mix(salt, row)) }
	case State:
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendInt(dst, int64(values[stateAt(salt, row, len(values))]), 10)
		}
	case Status:
		return b.status(c)
	default:
		return func(dst []byte, row uint64) []byte {
			return strconv.AppendInt(dst, int64(values[mix(salt, row)%word(len(values))]), 10)
		}
	}
}

// stateAt is the number of a row's state among its table's: the first for most rows.
func stateAt(salt, row uint64, states int) uint64 {
	h := mix(salt, row)
	if h%5 > 0 {
		return 0
	}
	return h / 5 % word(states)
}

func (b binder) status(c *Column) filler {
	salt, state := b.salt(c.LogicalName), b.store.table.Column("statecode")
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
		return strconv.AppendInt(dst, int64(of[mix(salt, row)%word(len(of))]), 10)
	}
}

// appendSelection writes some of the values as a multi-select column does: "1,2,3".
func appendSelection(dst []byte, values []int, h uint64) []byte {
	begin := len(dst)
	dst = append(dst, '"')
	for i, v := range slices.Sorted(slices.Values(values)) {
		if mix(h, word(i))%2 == 0 {
			continue
		}
		if len(dst) > begin+1 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(v), 10)
	}
	if len(dst) == begin+1 {
		return dst[:begin]
	}
	return append(dst, '"')
}

// moment draws a time of the last years.
func moment(c *Column, salt uint64) filler {
	const sixYears = 6 * 365 * 24 * 60 * 60
	begin := time.Date(2019, time.January, 1, 0, 0, 0, 0, time.UTC)
	at := func(row uint64) time.Time {
		return begin.Add(time.Duration(mix(salt, row)%sixYears) * time.Second) //nolint:gosec // six years at most
	}
	if c.Behavior == DateOnly {
		return func(dst []byte, row uint64) []byte { return appendDate(dst, at(row)) }
	}
	return func(dst []byte, row uint64) []byte { return appendTime(dst, at(row)) }
}
