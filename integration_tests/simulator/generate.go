package simulator

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// binder makes the fillers of a table's columns. A generated value is a function of the seed, the table, the column
// and the row's number.
type binder struct {
	env   *Environment
	store *store
}

// cell gives a column the means to fill its rows. Cells that are made of others get those later, by compose.
func (b binder) cell(c *Column) *cell {
	made := newCell(c, c.Property())
	made.unfilled = b.store.unfilled[c.LogicalName]
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
func (b binder) salt(column string) uint64 { return mix(b.store.salt, hashString(column)) }

// filler is how the column's values are made, leaving aside which rows have none.
func (b binder) filler(c *Column) filler {
	switch salt := b.salt(c.LogicalName); {
	case c.Type == String || c.Type == Memo || c.Type == EntityName:
		return b.text(c)
	case c.Type == Money || c.Type == Decimal || c.Type == Double || c.Type == Integer || c.Type == BigInt:
		return b.number(c)
	case c.Type == Boolean:
		return b.flag(c)
	case c.Type == Picklist || c.Type == State || c.Type == Status || c.Type == MultiSelectPicklist:
		return b.choice(c)
	case c.Type == DateTime:
		return b.moment(c)
	case c.Type == Uniqueidentifier && c.LogicalName == "organizationid":
		return func(dst []byte, _ uint64) []byte { return appendQuoted(dst, b.env.organizationID) }
	case c.Type == Uniqueidentifier && b.store.table.Intersect:
		return quoteReference(b.parent(c))
	case c.Type == Uniqueidentifier || c.Type == File:
		return func(dst []byte, row uint64) []byte { return randomID(draw(salt, row)).appendQuotedTo(dst) }
	case c.Type == Image:
		return func(dst []byte, row uint64) []byte {
			picture := strconv.AppendUint([]byte("\x89PNG\r\n\x1a\n"), draw(salt, row), 36)
			return append(base64.StdEncoding.AppendEncode(append(dst, '"'), picture), '"')
		}
	case c.Type == ManagedProperty:
		rest := string(append(appendQuoted([]byte(`,"CanBeChanged":true,"ManagedPropertyLogicalName":`), c.LogicalName), '}'))
		return func(dst []byte, row uint64) []byte {
			dst = strconv.AppendBool(append(dst, `{"Value":`...), draw(salt, row)%2 == 0)
			return append(dst, rest...)
		}
	}
	return nothing
}

// nothing is the filler of a column that is null in every row.
func nothing(dst []byte, _ uint64) []byte { return dst }

// sparse leaves a share of the rows without a value, as most columns of real tables are mostly empty.
func (b binder) sparse(c *Column, fill filler) filler {
	present := b.present(c)
	if present == nil {
		return fill
	}
	return func(dst []byte, row uint64) []byte {
		if !present(row) {
			return dst
		}
		return fill(dst, row)
	}
}

// present says which rows have a value in the column; nil is all. Columns that belong together (the name of a file,
// the base of an amount, the time of a rollup) are empty together, and what ends a row's life only closed rows have.
func (b binder) present(c *Column) func(row uint64) bool {
	leader := b.leader(c)
	share := b.share(leader)
	switch {
	case share == 100:
		return nil
	case slices.Contains([]string{"actualend", "actualclosedate", "actualvalue", "completedon"}, leader.LogicalName) && b.states() > 1:
		state, states := b.salt("statecode"), b.states()
		return func(row uint64) bool { return stateAt(state, row, states) > 0 }
	}
	presence := mix(b.salt(leader.LogicalName), hashString("presence"))
	return func(row uint64) bool { return draw(presence, row)%100 < share }
}

// leader is the column that decides whether the given one has a value.
func (b binder) leader(c *Column) *Column {
	t := b.store.table
	if of := t.Column(c.AttributeOf); of != nil {
		return of
	}
	for _, suffix := range []string{"_base", "_date"} {
		name, companion := strings.CutSuffix(c.LogicalName, suffix)
		if of := t.Column(name); companion && of != nil && (suffix == "_base" || of.SourceType == rollupSource) {
			return of
		}
	}
	return c
}

// share is the percentage of rows that have a value.
func (b binder) share(c *Column) uint64 {
	name := c.LogicalName
	switch {
	case name == b.store.table.PrimaryName, name == "lastname", c.Type == State, c.Type == Status, c.Type == Boolean,
		c.Type == ManagedProperty, name == "exchangerate", strings.HasSuffix(name, "_addressid"), b.rollupState(c),
		name == "activitytypecode", name == "organizationid", b.store.table.Intersect:
		return 100
	case name == "overriddencreatedon" || name == "importsequencenumber" || name == "applicationid" || name == "masterid":
		return 2
	}
	shares := []uint64{95, 80, 60, 30, 8}
	if b.store.table.Custom { // their columns are there because somebody uses them
		shares = shares[:3]
	}
	return shares[b.salt(name)%word(len(shares))]
}

// rollupState says whether the column tells how the calculation of a rollup went.
func (b binder) rollupState(c *Column) bool {
	name, companion := strings.CutSuffix(c.LogicalName, "_state")
	of := b.store.table.Column(name)
	return companion && of != nil && of.SourceType == rollupSource
}
