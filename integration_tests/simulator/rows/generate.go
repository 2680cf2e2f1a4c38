package rows

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// binder makes the fillers of a table's columns. A generated value is a function of the seed, the table, the column
// and the row's number.
type binder struct {
	env   *Database
	store *Store
}

// cell returns the cell of a column, which fills its rows. Composed cells get their parts later, by compose.
func (b binder) cell(c *schema.Column) *Cell {
	made := newCell(c, c.Property())
	made.unfilled = b.store.Unfilled[c.LogicalName]
	made.null = b.env.Behaviors.ElasticWithoutOwningColumns && b.store.Table.Type == schema.Elastic &&
		(c.LogicalName == "owninguser" || c.LogicalName == "owningteam")
	switch {
	case c.LogicalName == b.store.Table.PrimaryID:
		made.Role = KeyRole
	case c.LogicalName == "versionnumber":
		made.Role = VersionRole
	case c.LogicalName == "createdon":
		made.Role = createdRole
	case c.LogicalName == "modifiedon":
		made.Role = modifiedRole
	case c.TypeOf != "":
		made.fill = b.tableOf(b.store.Table.Column(c.TypeOf))
	case b.body(c) != nil:
		made.fill = b.described(c, b.body(c))
	case c.IsLookup():
		made.reference = b.lookup(c)
		made.fill = quoteReference(made.reference)
	default:
		made.fill = b.sparse(c, b.filler(c))
	}
	return made
}

// salt separates the values of one column from those of every other.
func (b binder) salt(column string) uint64 { return Mix(b.store.salt, HashString(column)) }

// filler returns the function that makes the column's values, whether or not a row has one.
func (b binder) filler(c *schema.Column) Filler {
	switch salt := b.salt(c.LogicalName); {
	case c.Type == schema.String || c.Type == schema.Memo || c.Type == schema.EntityName:
		return b.text(c)
	case c.Type == schema.Money || c.Type == schema.Decimal || c.Type == schema.Double || c.Type == schema.Integer || c.Type == schema.BigInt:
		return b.number(c)
	case c.Type == schema.Boolean:
		return b.flag(c)
	case c.Type == schema.Picklist || c.Type == schema.State || c.Type == schema.Status || c.Type == schema.MultiSelectPicklist:
		return b.choice(c)
	case c.Type == schema.DateTime:
		return b.moment(c)
	case c.Type == schema.Uniqueidentifier && c.LogicalName == "organizationid":
		return func(dst []byte, _ uint64) []byte { return odata.AppendQuoted(dst, b.env.organizationID) }
	case c.Type == schema.Uniqueidentifier && b.store.Table.Intersect:
		return quoteReference(b.parent(c))
	case c.Type == schema.Uniqueidentifier || c.Type == schema.File:
		return func(dst []byte, row uint64) []byte { return randomID(Draw(salt, row)).AppendQuotedTo(dst) }
	case c.Type == schema.Image:
		return func(dst []byte, row uint64) []byte {
			picture := strconv.AppendUint([]byte("\x89PNG\r\n\x1a\n"), Draw(salt, row), 36)
			return append(base64.StdEncoding.AppendEncode(append(dst, '"'), picture), '"')
		}
	case c.Type == schema.ManagedProperty:
		rest := string(append(odata.AppendQuoted([]byte(`,"CanBeChanged":true,"ManagedPropertyLogicalName":`), c.LogicalName), '}'))
		return func(dst []byte, row uint64) []byte {
			dst = strconv.AppendBool(append(dst, `{"Value":`...), Draw(salt, row)%2 == 0)
			return append(dst, rest...)
		}
	}
	return nothing
}

// nothing returns the filler of a column that is null in every row.
func nothing(dst []byte, _ uint64) []byte { return dst }

// sparse leaves a share of the rows without a value, as most columns of real tables are mostly empty.
func (b binder) sparse(c *schema.Column, fill Filler) Filler {
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

// present returns which rows have a value in the column; nil is all. Columns that belong together (the name of a file,
// the base of an amount, the time of a rollup) are empty together, and what ends a row's life only closed rows have.
func (b binder) present(c *schema.Column) func(row uint64) bool {
	leader := b.leader(c)
	share := b.share(leader)
	switch {
	case share == 100:
		return nil
	case slices.Contains([]string{"actualend", "actualclosedate", "actualvalue", "completedon"}, leader.LogicalName) && b.states() > 1:
		state, states := b.salt("statecode"), b.states()
		return func(row uint64) bool { return stateAt(state, row, states) > 0 }
	}
	presence := Mix(b.salt(leader.LogicalName), HashString("presence"))
	return func(row uint64) bool { return Draw(presence, row)%100 < share }
}

// leader returns the column that decides whether the given one has a value.
func (b binder) leader(c *schema.Column) *schema.Column {
	t := b.store.Table
	if of := t.Column(c.AttributeOf); of != nil {
		return of
	}
	for _, suffix := range []string{"_base", "_date"} {
		name, companion := strings.CutSuffix(c.LogicalName, suffix)
		if of := t.Column(name); companion && of != nil && (suffix == "_base" || of.SourceType == schema.RollupSource) {
			return of
		}
	}
	return c
}

// share returns the percentage of rows that have a value.
func (b binder) share(c *schema.Column) uint64 {
	name := c.LogicalName
	switch {
	case name == b.store.Table.PrimaryName, name == "lastname", c.Type == schema.State, c.Type == schema.Status, c.Type == schema.Boolean,
		c.Type == schema.ManagedProperty, name == "exchangerate", strings.HasSuffix(name, "_addressid"), b.rollupState(c),
		name == "activitytypecode", name == "organizationid", b.store.Table.Intersect:
		return 100
	case name == "overriddencreatedon" || name == "importsequencenumber" || name == "applicationid" || name == "masterid":
		return 2
	}
	shares := []uint64{95, 80, 60, 30, 8}
	if b.store.Table.Custom { // their columns are there because somebody uses them
		shares = shares[:3]
	}
	return shares[b.salt(name)%Word(len(shares))]
}

// rollupState reports whether the column is the state of a rollup's calculation.
func (b binder) rollupState(c *schema.Column) bool {
	name, companion := strings.CutSuffix(c.LogicalName, "_state")
	of := b.store.Table.Column(name)
	return companion && of != nil && of.SourceType == schema.RollupSource
}
