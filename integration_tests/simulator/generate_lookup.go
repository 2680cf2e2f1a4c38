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
			id, ok := parseRowID(b.env.organisation)
			return reference{"organization", id}, ok
		}
	}
	families := b.families(c.Targets)
	if len(families) == 0 {
		return func(uint64) (reference, bool) { return reference{}, false }
	}
	salt, share := b.salt(name), uint64(100)
	switch {
	case name == "createdby" || name == "modifiedby" || name == "ownerid" || name == "owningbusinessunit" || name == "transactioncurrencyid":
	case strings.HasSuffix(name, "onbehalfby"):
		share = 1
	default:
		share = b.share(c)
	}
	presence := mix(salt, hashString("presence"))
	return func(row uint64) (reference, bool) {
		if mix(presence, row)%100 >= share {
			return reference{}, false
		}
		h := mix(salt, row)
		of := families[0]
		if h%4 == 0 { // the first target is the usual one
			of = families[h>>2%word(len(families))]
		}
		return of.member(h >> 8), true
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

// parent is the row that a column of an intersect table names: <table>id by the primary key of the table.
func (b binder) parent(c *Column) referrer {
	salt := b.salt(c.LogicalName)
	families := b.families(b.env.parents(c))
	if len(families) == 0 {
		return func(uint64) (reference, bool) { return reference{}, false }
	}
	return func(row uint64) (reference, bool) { return families[0].member(mix(salt, row)), true }
}

// parents are the tables whose primary key has the column's name.
func (e *Environment) parents(c *Column) []string {
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

func (f family) member(h uint64) reference {
	return reference{f.table, f.ids.id(int(h % word(f.ids.length)))} //nolint:gosec // below length
}

func quoteReference(of referrer) filler {
	return func(dst []byte, row uint64) []byte {
		r, ok := of(row)
		if !ok {
			return dst
		}
		return append(r.id.appendTo(append(dst, '"')), '"')
	}
}
