package simulator

import "strings"

// family is a table whose generated rows a lookup may point to.
type family struct {
	table string
	ids   sequence
}

// lookup makes the values of a Lookup, Customer or Owner column. It points to generated rows of the column's
// targets, which may since have been deleted.
func (b binder) lookup(c *Column) referrer {
	name := c.LogicalName
	if name == "owninguser" || name == "owningteam" {
		return b.owning(name)
	}
	if len(c.Targets) == 1 && c.Targets[0] == "organization" {
		return func(uint64) (reference, bool) {
			id, ok := parseRowID(b.env.organizationID)
			return reference{"organization", id}, ok
		}
	}
	families := b.families(c.Targets)
	if len(families) == 0 {
		return func(uint64) (reference, bool) { return reference{}, false }
	}
	salt, share := b.salt(name), b.referred(name)
	presence := mix(salt, hashString("presence"))
	return func(row uint64) (reference, bool) {
		if draw(presence, row)%100 >= share {
			return reference{}, false
		}
		h := draw(salt, row)
		of := families[0]
		if h%4 == 0 { // the first target is the usual one
			of = families[h>>2%word(len(families))]
		}
		switch {
		case name == "transactioncurrencyid", name == "businessunitid" && row == 0: // the base currency; the root
			return of.member(0), true
		case of.table == b.store.table.LogicalName && name != "createdby" && name != "modifiedby": // no row is above itself
			return of.member(below(draw(h, 1), row)), row > 0
		}
		return of.member(below(draw(h, 1), word(of.ids.length))), true
	}
}

// referred is the percentage of rows that have a value in a lookup.
func (b binder) referred(name string) uint64 {
	switch {
	case name == "createdby" || name == "modifiedby" || name == "ownerid" || name == "owningbusinessunit" ||
		name == "transactioncurrencyid" || name == "businessunitid" || name == "parentbusinessunitid":
		return 100
	case strings.HasSuffix(name, "onbehalfby"):
		return 1
	default:
		return b.share(b.store.table.Column(name))
	}
}

// owning is the owner if it is a user, or if it is a team.
func (b binder) owning(name string) referrer {
	owner := b.store.table.Column("ownerid")
	table := strings.TrimPrefix(name, "owning")
	if table == "user" {
		table = "systemuser"
	}
	if owner == nil {
		return func(uint64) (reference, bool) { return reference{}, false }
	}
	of := b.lookup(owner)
	return func(row uint64) (reference, bool) {
		r, ok := of(row)
		return r, ok && r.table == table
	}
}

// parent is the row that a column of an intersect table names: <table>id by the primary key of the table. No two rows
// join the same pair until all pairs are joined.
func (b binder) parent(c *Column) referrer {
	mine := b.families(b.env.parents(c))
	if len(mine) == 0 {
		return func(uint64) (reference, bool) { return reference{}, false }
	}
	for i := range b.store.table.Columns {
		other := &b.store.table.Columns[i]
		if first := b.families(b.env.parents(other)); len(first) > 0 && first[0].table != mine[0].table {
			if other.LogicalName > c.LogicalName {
				break // this column's is the first of the pair
			}
			several, mine := word(first[0].ids.length), mine[0]
			return func(row uint64) (reference, bool) {
				return mine.member((row/several + row%several) % word(mine.ids.length)), true
			}
		}
	}
	return func(row uint64) (reference, bool) { return mine[0].member(row % word(mine[0].ids.length)), true }
}

// parents are the tables whose primary key has the column's name, for a column that is not its own table's key.
func (e *Environment) parents(c *Column) []string {
	if c.PrimaryID {
		return nil
	}
	if s := e.stores[strings.TrimSuffix(c.LogicalName, "id")]; s != nil && s.table.PrimaryID == c.LogicalName {
		return []string{s.table.LogicalName}
	}
	return nil
}

func (b binder) families(targets []string) []family {
	var all []family
	for _, t := range targets {
		if s := b.env.stores[t]; s != nil && s.ids.length > 0 {
			all = append(all, family{t, s.ids})
		}
	}
	return all
}

func (f family) member(row uint64) reference {
	return reference{f.table, f.ids.id(int(row))}
}

func quoteReference(of referrer) filler {
	return func(dst []byte, row uint64) []byte {
		r, ok := of(row)
		if !ok {
			return dst
		}
		return r.id.appendQuotedTo(dst)
	}
}
