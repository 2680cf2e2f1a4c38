package rows

import (
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// wording appends what a column's texts say, escaped as JSON wants it but without quotes.
type wording func(dst []byte, h uint64) []byte

// text makes the values of a String, Memo or EntityName column.
func (b binder) text(c *schema.Column) Filler {
	if c.AttributeOf != "" && strings.HasSuffix(c.LogicalName, "_url") {
		return b.imageURL(c)
	}
	say := b.wording(c)
	if say == nil {
		return nothing
	}
	salt, limit := b.salt(c.LogicalName), c.MaxLength
	if limit == 0 {
		limit = 100
	}
	return func(dst []byte, row uint64) []byte {
		start := len(dst)
		dst = append(say(append(dst, '"'), Draw(salt, row)), '"')
		if len(dst)-start-2 > limit { // in bytes, and perhaps not in characters
			dst = odata.AppendQuoted(dst[:start], odata.Cut(odata.Plain(dst[start:]), limit))
		}
		return dst
	}
}

// wording finds the words for a column by its type, its format and its name. It returns nil for a column that is never filled.
func (b binder) wording(c *schema.Column) wording {
	v := b.env.words
	if c.Type == schema.EntityName {
		return among(b.entityNames(c)...)
	}
	switch c.Format {
	case "Email":
		return emailAddress
	case "Phone":
		return phoneNumber
	case "Json":
		return func(dst []byte, h uint64) []byte {
			return append(strconv.AppendUint(append(dst, `{\"power\":`...), below(h, 1000), 10), `,\"unit\":\"kWh\"}`...)
		}
	case "TickerSymbol":
		return letters(4)
	case "VersionNumber":
		return among("1.0.0.0", "5.0.0.0", "9.0.0.0", "9.1.0.1")
	case "Url":
		if strings.HasPrefix(c.LogicalName, "ftp") {
			return numbered("ftp://ftp.example.com/incoming/", 1000, "")
		}
		return numbered("https://www.example.com/?q=", 1000, "&r=%20")
	}
	name := c.LogicalName
	if _, part, postal := strings.Cut(name, "_"); postal && strings.HasPrefix(name, "address") {
		name = "address_" + part
	}
	if say, known := v.byName[name]; known {
		return say
	}
	switch {
	case c.AttributeOf != "" && strings.HasSuffix(name, "_name"):
		return numbered("drawing ", 10_000, ".pdf")
	case name == "name" && b.store.Table.LogicalName == "businessunit":
		return v.free(v.units)
	case name == "name" && b.store.Table.LogicalName == "role":
		return v.free(v.roles)
	case c.Type == schema.Memo:
		return v.paragraph
	case strings.Contains(name, "number"):
		return numbered("", 10_000_000, "")
	default:
		return v.company
	}
}

// entityNames returns the tables that an EntityName column may name: an activity its own kind, others what the table's
// lookups point to.
func (b binder) entityNames(c *schema.Column) []string {
	t := b.store.Table
	switch {
	case c.LogicalName == "activitytypecode" && t.LogicalName == "activitypointer":
		return []string{"task", "email", "phonecall"}
	case c.LogicalName == "activitytypecode":
		return []string{t.LogicalName}
	}
	names := []string{t.LogicalName}
	for i := range t.Columns {
		names = append(names, t.Columns[i].Targets...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// imageURL returns the address from which the service offers an image column's picture.
func (b binder) imageURL(c *schema.Column) Filler {
	image := strings.TrimSuffix(c.LogicalName, "_url")
	start := `"/Image/download.aspx?Entity=` + b.store.Table.LogicalName + `&Attribute=` + image + `&Id=`
	id, stamp := b.salt(c.AttributeOf), b.salt(image+"_timestamp")
	return func(dst []byte, row uint64) []byte {
		dst = randomID(Draw(id, row)).AppendTo(append(dst, start...))
		return append(strconv.AppendUint(append(dst, "&Timestamp="...), imageTimestamp(Draw(stamp, row)), 10), '"')
	}
}

func imageTimestamp(h uint64) uint64 { return 637_000_000_000_000_000 + h%1_000_000_000_000_000 }
