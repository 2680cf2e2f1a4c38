package rows

import (
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// family is a table whose generated rows a lookup may point to.
type family struct {
	table string
	ids   Sequence
}

// lookup makes the values of a Lookup, Customer or Owner column. It points to generated rows of the column's
// targets, which may since have been deleted.
func (b binder) lookup(c *schema.Column) Referrer {
	name := c.LogicalName
	if name == "owninguser" || name == "owningteam" {
		return b.owning(name)
	}
	if len(c.Targets) == 1 && c.Targets[0] == "organization" {
		return func(uint64) (Reference, bool) {
			id, ok := guid.Parse(b.env.organizationID)
			return Reference{"organization", id}, ok
		}
	}
	families := b.families(c.Targets)
	if len(families) == 0 {
		return func(uint64) (Reference, bool) { return Reference{}, false }
	}
	salt, share := b.salt(name), b.referred(name)
	presence := Mix(salt, HashString("presence"))
	return func(row uint64) (Reference, bool) {
		if Draw(presence, row)%100 >= share {
			return Reference{}, false
		}
		h := Draw(salt, row)
		of := families[0]
		if h%4 == 0 { // the first target is the usual one
			of = families[h>>2%Word(len(families))]
		}
		switch {
		case name == "transactioncurrencyid", name == "businessunitid" && row == 0: // the base currency; the root
			return of.member(0), true
		case of.table == b.store.Table.LogicalName && name != "createdby" && name != "modifiedby": // no row is above itself
			return of.member(below(Draw(h, 1), row)), row > 0
		}
		return of.member(below(Draw(h, 1), Word(of.ids.Length))), true
	}
}

// referred returns the percentage of rows that have a value in a lookup.
func (b binder) referred(name string) uint64 {
	switch {
	case name == "createdby" || name == "modifiedby" || name == "ownerid" || name == "owningbusinessunit" ||
		name == "transactioncurrencyid" || name == "businessunitid" || name == "parentbusinessunitid":
		return 100
	case strings.HasSuffix(name, "onbehalfby"):
		return 1
	default:
		return b.share(b.store.Table.Column(name))
	}
}

// owning returns the owner if it is a user, or if it is a team.
func (b binder) owning(name string) Referrer {
	owner := b.store.Table.Column("ownerid")
	table := strings.TrimPrefix(name, "owning")
	if table == "user" {
		table = "systemuser"
	}
	if owner == nil {
		return func(uint64) (Reference, bool) { return Reference{}, false }
	}
	of := b.lookup(owner)
	return func(row uint64) (Reference, bool) {
		r, ok := of(row)
		return r, ok && r.Table == table
	}
}

// tableOf writes the logical name of the table that a lookup points to.
func (b binder) tableOf(lookup *schema.Column) Filler {
	if lookup == nil {
		return nothing
	}
	of := b.lookup(lookup)
	return func(dst []byte, row uint64) []byte {
		if r, ok := of(row); ok {
			return odata.AppendQuoted(dst, r.Table)
		}
		return dst
	}
}

// parent returns the row that a column of an intersect table names: <table>id by the primary key of the table. No two rows
// join the same pair until all pairs are joined.
func (b binder) parent(c *schema.Column) Referrer {
	mine := b.families(b.env.Parents(c))
	if len(mine) == 0 {
		return func(uint64) (Reference, bool) { return Reference{}, false }
	}
	for i := range b.store.Table.Columns {
		other := &b.store.Table.Columns[i]
		if first := b.families(b.env.Parents(other)); len(first) > 0 && first[0].table != mine[0].table {
			if other.LogicalName > c.LogicalName {
				break // this column's is the first of the pair
			}
			several, mine := Word(first[0].ids.Length), mine[0]
			return func(row uint64) (Reference, bool) {
				return mine.member((row/several + row%several) % Word(mine.ids.Length)), true
			}
		}
	}
	return func(row uint64) (Reference, bool) { return mine[0].member(row % Word(mine[0].ids.Length)), true }
}

// Parents returns the tables whose primary key has the column's name, for a column that is not its own table's key.
func (db *Database) Parents(c *schema.Column) []string {
	if c.PrimaryID {
		return nil
	}
	if s := db.Stores[strings.TrimSuffix(c.LogicalName, "id")]; s != nil && s.Table.PrimaryID == c.LogicalName {
		return []string{s.Table.LogicalName}
	}
	return nil
}

func (b binder) families(targets []string) []family {
	var all []family
	for _, t := range targets {
		if s := b.env.Stores[t]; s != nil && s.IDs.Length > 0 {
			all = append(all, family{t, s.IDs})
		}
	}
	return all
}

func (f family) member(row uint64) Reference {
	return Reference{f.table, f.ids.Id(int(row))}
}

func quoteReference(of Referrer) Filler {
	return func(dst []byte, row uint64) []byte {
		r, ok := of(row)
		if !ok {
			return dst
		}
		return r.ID.AppendQuotedTo(dst)
	}
}
