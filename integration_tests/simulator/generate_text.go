package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// text makes the values of a String, Memo or EntityName column.
func (b binder) text(c *Column) filler {
	salt, limit := b.salt(c.LogicalName), c.MaxLength
	if limit == 0 {
		limit = 100
	}
	wording := b.wording(c)
	return func(dst []byte, row uint64) []byte {
		text, ok := wording(mix(salt, row), row)
		if !ok {
			return dst
		}
		return appendQuoted(dst, cut(text, limit))
	}
}

// wording is what a column's texts look like, by its format and its name. It is false for null.
func (b binder) wording(c *Column) func(h, row uint64) (string, bool) {
	v, name := b.env.words, c.LogicalName
	free := func(text func(uint64) string) func(h, row uint64) (string, bool) {
		return func(h, _ uint64) (string, bool) { return v.odd(text(h), h), true }
	}
	plain := func(text func(uint64) string) func(h, row uint64) (string, bool) {
		return func(h, _ uint64) (string, bool) { return text(h), true }
	}
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
	}
	switch {
	case c.Type == EntityName:
		return plain(b.entityName())
	case name == "partitionid":
		return partition
	case c.AttributeOf != "" && strings.HasSuffix(name, "_url"):
		return b.imageURL(c)
	case c.AttributeOf != "" && strings.HasSuffix(name, "_name"):
		return plain(func(h uint64) string { return pick(v.companies, h) + ".pdf" })
	case c.Format == "Email" || has("emailaddress"):
		return plain(func(h uint64) string { return fmt.Sprintf("user%d@example.com", h%100_000) })
	case c.Format == "Phone" || has("telephone", "phone", "fax"):
		return plain(func(h uint64) string { return fmt.Sprintf("+1 (%03d) 555-%04d", h%900+100, h/900%10_000) })
	case c.Format == "Url" || has("websiteurl"):
		return plain(func(h uint64) string { return fmt.Sprintf("https://www.example.com/?q=%d&r=%%20", h%1000) })
	case has("number", "postalcode"):
		return plain(func(h uint64) string { return "0" + strconv.FormatUint(h%1_000_000, 10) })
	case name == "firstname":
		return free(func(h uint64) string { return pick(v.given, h) })
	case name == "lastname":
		return free(func(h uint64) string { return pick(v.family, h) })
	case has("fullname", "contactname"):
		return free(v.person)
	case has("city"):
		return free(func(h uint64) string { return pick(v.cities, h) })
	case has("country", "stateorprovince"):
		return free(func(h uint64) string { return pick(v.countries, h) })
	case has("line1", "line2", "street"):
		return free(func(h uint64) string { return strconv.FormatUint(h%200+1, 10) + " " + pick(v.streets, h>>8) })
	case c.Type == Memo:
		return free(v.paragraph)
	case has("subject", "title"):
		return free(func(h uint64) string { return pick(v.titles, h) })
	default:
		return free(v.company)
	}
}

// partition is the partitionid of an elastic row, which is null for rows of the default partition.
func partition(h, _ uint64) (string, bool) {
	return fmt.Sprintf("Device-ABC-%04d", h%50), h%3 != 0
}

// entityName draws from the tables that the lookups of the same table point to.
func (b binder) entityName() func(h uint64) string {
	names := []string{b.store.table.LogicalName}
	for i := range b.store.table.Columns {
		names = append(names, b.store.table.Columns[i].Targets...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return func(h uint64) string { return pick(names, h) }
}

// imageURL is the address from which the service offers an image column's picture.
func (b binder) imageURL(c *Column) func(h, row uint64) (string, bool) {
	table, image := b.store.table.LogicalName, strings.TrimSuffix(c.LogicalName, "_url")
	id, stamp := b.salt(c.AttributeOf), b.salt(image+"_timestamp")
	return func(_, row uint64) (string, bool) {
		return fmt.Sprintf("/Image/download.aspx?Entity=%s&Attribute=%s&Id=%s&Timestamp=%d",
			table, image, randomGUID(mix(id, row)), imageTimestamp(mix(stamp, row))), true
	}
}

func imageTimestamp(h uint64) uint64 { return 637_000_000_000_000_000 + h%1_000_000_000_000_000 }
