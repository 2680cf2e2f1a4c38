package model_test

import (
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The tables of a trial. All are small in columns and long in pages.
const (
	orders = "model_order" // changes are followed
	links  = "model_link"  // the table of an N:N relationship: it has no modifiedon
	notes  = "model_note"  // not tracked: read in full each time
	tags   = "model_tag"   // tracked, without modifiedon, in some trials on one page
)

// organization holds how long delta tokens last. No stream reads it.
const organization = "organization"

var (
	streams = []string{links, notes, orders, tags}
	tracked = []string{links, orders, tags}
)

// tables returns the definitions of a new environment.
func tables() []*schema.Table {
	between := table(links, guid(orders+"id"), guid(tags+"id"))
	between.Intersect, between.CollectionName, between.CanBeTracked = true, "", false
	untracked := table(notes, text(notes+"_name"), number(notes+"_count"), moment("modifiedon"), about(notes), yesNo(notes+"_open"))
	untracked.Tracked = false
	settings := table(organization, number("expirechangetrackingindays"), number("languagecode"))
	settings.EntitySetName, settings.Tracked, settings.CanBeTracked = "organizations", false, false
	return []*schema.Table{
		table(orders, text(orders+"_name"), number(orders+"_count"), amount(orders+"_amount"), moment(orders+"_due"), moment("createdon"), moment("modifiedon"),
			choice(orders+"_status", schema.Picklist), choice(orders+"_colors", schema.MultiSelectPicklist),
			about(orders), owner("ownerid", schema.Owner, users, teams), owner("owninguser", schema.Lookup, users), owner("owningteam", schema.Lookup, teams)),
		between, untracked,
		table(tags, text(tags+"_name"), number(tags+"_count"), choice(tags+"_kind", schema.Picklist), about(tags)),
		settings, table(users), table(teams),
	}
}

// added is a column that a table gets later.
func added(table string) schema.Column { return number(table + "_extra") }

func table(name string, columns ...schema.Column) *schema.Table {
	t := &schema.Table{
		LogicalName: name, SchemaName: name, EntitySetName: name + "s", CollectionName: name + "s", PrimaryID: name + "id",
		Type: schema.Standard, Ownership: "OrganizationOwned", Custom: true, Tracked: true, CanBeTracked: true,
	}
	version := schema.Column{LogicalName: "versionnumber", SchemaName: "versionnumber", Type: schema.BigInt}
	key := guid(t.PrimaryID)
	key.PrimaryID = true
	t.Columns = append(columns, key, version)
	slices.SortFunc(t.Columns, func(a, b schema.Column) int { return strings.Compare(a.LogicalName, b.LogicalName) })
	return t
}

func text(name string) schema.Column {
	return schema.Column{LogicalName: name, SchemaName: name, Type: schema.String, MaxLength: 100}
}

func number(name string) schema.Column {
	return schema.Column{LogicalName: name, SchemaName: name, Type: schema.Integer}
}

func amount(name string) schema.Column {
	return schema.Column{LogicalName: name, SchemaName: name, Type: schema.Decimal, Precision: 2}
}

func moment(name string) schema.Column {
	return schema.Column{LogicalName: name, SchemaName: name, Type: schema.DateTime, Behavior: schema.UserLocal}
}

func guid(name string) schema.Column {
	return schema.Column{LogicalName: name, SchemaName: name, Type: schema.Uniqueidentifier}
}

// kept reports whether the service itself maintains a column, so that neither clients write it nor administrators remove it.
func kept(t schema.Table, column string) bool {
	return column == t.PrimaryID || slices.Contains([]string{"createdon", "modifiedon", "versionnumber", "owninguser", "owningteam"}, column)
}

// streamOf returns the stream whose rows a request's path asks for, "" for any other request. Renamed entity sets begin
// like the first ones.
func streamOf(path string) string {
	rest, found := strings.CutPrefix(path, "/api/data/v9.2/")
	if !found {
		return ""
	}
	for _, stream := range streams {
		if strings.HasPrefix(rest, stream+"s") {
			return stream
		}
	}
	return ""
}
