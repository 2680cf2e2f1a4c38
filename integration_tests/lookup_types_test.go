package integration_tests_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// The columns of a row to which these tests give owners of both types.
const (
	ownerType    = "_ownerid_value_type"
	customerType = "_contoso_customer_value_type"
)

// typedLab is an environment whose catalog offers the types of lookups.
func typedLab(t *testing.T, o simulator.Options) *lab {
	t.Helper()
	l := newLab(t, o)
	l.config["lookup_types"] = true
	return l
}

// typesOf returns the properties of a stream that are types of lookups.
func typesOf(c destination.Catalog, stream string) []string {
	names := slices.Sorted(maps.Keys(c.Stream(stream).Stream.JSONSchema.Properties))
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, "_value_type") })
}

// countTypes returns how many rows of a stream have each type of a lookup.
func countTypes(d *destination.Destination, stream, column string) map[string]int {
	counts := map[string]int{}
	for _, row := range d.Rows(stream) {
		counts[string(row[column])]++
	}
	return counts
}

func TestLookupsToSeveralTablesComeWithTheirType(t *testing.T) {
	t.Parallel()
	streams := []string{"account", "contoso_everything", "contoso_sensordata", "systemuser", "task", "teammembership"}
	for name, behaviors := range map[string]simulator.Behaviors{
		"by default":                      {},
		"without RetrieveMetadataChanges": {MetadataChangesUnavailable: true},
		"where annotations cost a link":   {AnnotationsDropDeltaLink: true},
		"where tokens keep their columns": {EditedSelect: simulator.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			l := typedLab(t, simulator.Options{Seed: 15, DefaultRows: 60, Behaviors: behaviors})
			c := l.configured(streams...)
			assert.Equal(t, []string{"_contoso_anything_value_type", customerType, ownerType}, typesOf(c, "contoso_everything"))
			assert.Equal(t, []string{"_ownerid_value_type", "_regardingobjectid_value_type"}, typesOf(c, "task"))
			assert.Empty(t, typesOf(c, "systemuser"), "its lookups refer to one table each")
			d := destination.New()
			l.sync(d, c)
			l.equal(d, streams...)
			for _, column := range []string{ownerType, customerType} {
				assert.Len(t, countTypes(d, "contoso_everything", column), 2+strings.Count(column, "customer"), "both types occur, and a customer may be null")
			}
			for i := range 2 {
				changeOwners(t, l, i)
				l.sync(d, c)
				l.equal(d, streams...)
			}
		})
	}
}

// changeOwners gives rows the other type of owner and customer, and deletes one.
func changeOwners(t *testing.T, l *lab, round int) {
	t.Helper()
	targets := map[string]string{}
	for _, table := range []string{"systemuser", "team", "account", "contact"} {
		targets[table] = l.environment.IDs(table)[round]
	}
	for table, lookup := range map[string]string{"contoso_everything": "_contoso_customer_value", "account": "", "task": "_regardingobjectid_value"} {
		ids := l.environment.IDs(table)
		require.NoError(t, l.environment.Delete(table, ids[50+round]))
		for i, id := range ids[:20] {
			row := simulator.Row{"_ownerid_value": targets[[]string{"systemuser", "team"}[(i+round)%2]]}
			if lookup != "" {
				row[lookup] = []any{targets["account"], targets["contact"], nil}[(i+round)%3]
			}
			require.NoError(t, l.environment.Update(table, id, row))
		}
	}
}

func TestAnnotationsAreRequestedOnlyWhereNoTokenIsLost(t *testing.T) {
	t.Parallel()
	l := typedLab(t, simulator.Options{Seed: 16, Rows: map[string]int{"contoso_everything": 60, "account": 60}, Behaviors: simulator.Behaviors{AnnotationsDropDeltaLink: true}})
	c := l.configured("account", "contoso_everything")
	d := destination.New()
	report := l.sync(d, c)
	assert.NotEmpty(t, warnings(report, "Dataverse does not return changes together with the types of lookups"))
	assert.Contains(t, string(d.State("contoso_everything")), `"types_by_keys":true`)
	assert.NotContains(t, string(d.State("account")), `"types_by_keys":true`, "the owner's type needs no annotation")

	before := len(l.server.Requests())
	changeRow(t, l, "contoso_everything")
	report = l.sync(d, c)
	assert.Empty(t, warnings(report, "types of lookups"), "it was reported before")
	l.equal(d, "account", "contoso_everything")
	for _, r := range l.server.Requests()[before:] {
		if strings.Contains(r.RawQuery, "deltatoken") {
			assert.NotContains(t, r.Prefer, "annotations", "the state knows what the service does")
		}
	}
}

// changeRow changes one row of a table.
func changeRow(t *testing.T, l *lab, table string) {
	t.Helper()
	require.NoError(t, l.environment.Update(table, l.environment.IDs(table)[0], simulator.Row{"contoso_name": "changed"}))
}

func TestANoteHasTheTypeOfItsRow(t *testing.T) {
	t.Parallel()
	l := typedLab(t, simulator.Options{Seed: 17, Rows: map[string]int{"annotation": 60, "account": 5, "contact": 5, "opportunity": 5}})
	require.NoError(t, l.environment.RetypeColumn("annotation", schema.Column{LogicalName: "objecttypecode", SchemaName: "ObjectTypeCode", Type: schema.EntityName}))
	types := 0
	for id, row := range maps.Collect(l.environment.Rows("annotation")) {
		objectType := row["_objectid_value@Microsoft.Dynamics.CRM.lookuplogicalname"]
		if objectType == nil {
			objectType = json.RawMessage(`"none"`)
		} else {
			types++
		}
		require.NoError(t, l.environment.Update("annotation", id, simulator.Row{"objecttypecode": objectType}))
	}
	require.Positive(t, types)
	c := l.configured("annotation")
	c.Stream("annotation").Deselect("objecttypecode")
	d := destination.New()
	l.sync(d, c)
	l.equal(d, "annotation")
	for _, r := range l.server.Requests() {
		assert.NotContains(t, r.Prefer, "annotations", "the rows hold the types in other columns")
	}
}

func TestTypesAreDeliveredAsTheCatalogSelectsThem(t *testing.T) {
	t.Parallel()
	l := typedLab(t, simulator.Options{Seed: 18, Rows: map[string]int{"contoso_everything": 50}})
	c := l.configured("contoso_everything")
	stream := c.Stream("contoso_everything")
	for _, name := range slices.Sorted(maps.Keys(stream.Stream.JSONSchema.Properties)) {
		if name != "contoso_everythingid" && name != customerType && !strings.HasPrefix(name, "_ab_cdc") {
			stream.Deselect(name)
		}
	}
	delete(l.config, "lookup_types") // it was turned off, and the catalog not refreshed
	d := destination.New()
	l.sync(d, c)
	l.equal(d, "contoso_everything")
	for _, row := range d.Rows("contoso_everything") {
		require.NotContains(t, row, "_contoso_customer_value", "the lookup itself is requested and not delivered")
	}
	assert.Empty(t, typesOf(l.configured("contoso_everything"), "contoso_everything"), "no new catalog offers them")
}

func TestARowScanWithTypesResumesFromEachOfItsStates(t *testing.T) {
	t.Parallel()
	const table = "contoso_everything"
	for _, drops := range []bool{false, true} {
		t.Run(fmt.Sprintf("annotations cost a link: %t", drops), func(t *testing.T) {
			l := typedLab(t, simulator.Options{Seed: 19, DefaultRows: 60, Behaviors: simulator.Behaviors{AnnotationsDropDeltaLink: drops}})
			c := l.configured(table)
			first := l.run(l.readArgs(destination.New(), c)...)
			base := destination.New()
			l.apply(base, c, first)
			changeOwners(t, l, 0)
			second := l.run(l.readArgs(base, c)...)
			for _, place := range cuts(first) {
				d := destination.New()
				l.apply(d, c, killed(first, place))
				l.sync(d, c)
				l.equal(d, table)
			}
			for _, place := range cuts(second) {
				d := destination.New()
				l.apply(d, c, first)
				l.apply(d, c, killed(second, place))
				l.sync(d, c)
				l.equal(d, table)
			}
		})
	}
}
