package integration_tests_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

func TestDiscoverTwiceGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1})
	args := []string{"discover", "--config", l.configFile()}
	first, second := catalogOf(t, l.run(args...)), catalogOf(t, l.run(args...))
	assert.Equal(t, first, second)
}

// catalogOf is the one catalog of an output.
func catalogOf(t *testing.T, result binary.Result) string {
	t.Helper()
	var catalogs []string
	for _, m := range messages(t, result) {
		if m.Catalog != nil {
			catalogs = append(catalogs, string(m.Catalog))
		}
	}
	require.Len(t, catalogs, 1)
	return catalogs[0]
}

func TestTheCatalogIsTheExpectedOne(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["exclude_tables"] = []string{"contoso_wide"} // 300 columns of five kinds
	written := render(l.discover())
	path := filepath.Join("testdata", "catalog.txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(written), 0o600))
	}
	expected, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(expected), written, "if the change is meant: go test ./integration_tests -run %s -update", t.Name())
}

// render writes a catalog so that a person can read a difference.
func render(streams []destination.Stream) string {
	var text strings.Builder
	for _, s := range streams {
		fmt.Fprintf(&text, "%s\n  modes %v, key %v, cursor %v, source-defined cursor %v, resumable %v\n",
			s.Name, s.SupportedSyncModes, s.SourceDefinedPrimaryKey, s.DefaultCursorField, s.SourceDefinedCursor, s.IsResumable)
		for _, name := range slices.Sorted(maps.Keys(s.JSONSchema.Properties)) {
			fmt.Fprintf(&text, "    %s: %s\n", name, kindOf(s.JSONSchema.Properties[name]))
		}
	}
	return text.String()
}

// kindOf is a property's schema in words. Every column may be null.
func kindOf(p destination.Property) string {
	return strings.TrimSpace(strings.Join(p.Type, "|") + " " + p.Format + " " + p.AirbyteType)
}

func TestEachColumnTypeHasItsProperty(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	streams := byName(l.discover())
	const (
		text, integer, number, boolean = "null|string", "null|integer", "null|number", "null|boolean"
		object, day, instant           = "null|object", "null|string date", "null|string date-time timestamp_with_timezone"
		wallClock, absent              = "null|string date-time timestamp_without_timezone", ""
	)
	for _, column := range []struct{ stream, property, kind string }{
		{"contoso_everything", "contoso_everythingid", text},
		{"contoso_everything", "contoso_name", text},
		{"contoso_everything", "contoso_memo", text},
		{"contoso_everything", "contoso_json", text},
		{"contoso_everything", "contoso_integer", integer},
		{"contoso_everything", "contoso_bigint", integer},
		{"contoso_everything", "contoso_decimal", number},
		{"contoso_everything", "contoso_wholedecimal", number},
		{"contoso_everything", "contoso_double", number},
		{"contoso_everything", "contoso_money", number},
		{"contoso_everything", "contoso_money_base", number},
		{"contoso_everything", "contoso_flag", boolean},
		{"contoso_everything", "contoso_flagname", absent},
		{"contoso_everything", "contoso_userlocal", instant},
		{"contoso_everything", "contoso_dateonly", day},
		{"contoso_everything", "contoso_zoneindependent", wallClock},
		{"contoso_everything", "contoso_choice", integer},
		{"contoso_everything", "contoso_choices", text},
		{"contoso_everything", "contoso_managed", object},
		{"contoso_everything", "contoso_tablename", text},
		{"contoso_everything", "contoso_guid", text},
		{"contoso_everything", "contoso_document", text},
		{"contoso_everything", "contoso_document_name", text},
		{"contoso_everything", "contoso_photo", absent}, // a content
		{"contoso_everything", "contoso_photo_timestamp", integer},
		{"contoso_everything", "contoso_photo_url", text},
		{"contoso_everything", "contoso_photoid", text},
		{"contoso_everything", "_contoso_contact_value", text},
		{"contoso_everything", "contoso_contact", absent},
		{"contoso_everything", "contoso_contactname", absent},
		{"contoso_everything", "_contoso_customer_value", text},
		{"contoso_everything", "contoso_customer", absent},
		{"contoso_everything", "_contoso_anything_value", text},
		{"contoso_everything", "_ownerid_value", text},
		{"contoso_everything", "ownerid", absent},
		{"contoso_everything", "contoso_parties", absent},
		{"contoso_everything", "contoso_rules", absent},
		{"contoso_everything", "contoso_calculated", number},
		{"contoso_everything", "contoso_childcount", integer},
		{"contoso_everything", "contoso_childcount_date", instant},
		{"contoso_everything", "contoso_secret", text},
		{"contoso_everything", "contoso_writeonly", absent},
		{"contoso_everything", "statecode", integer},
		{"contoso_everything", "statuscode", integer},
		{"contoso_everything", "versionnumber", integer},
		{"contoso_everything", destination.UpdatedAt, instant},
		{"contoso_everything", destination.DeletedAt, instant},
		{"account", "isprivate", absent},
		{"account", "address1_latitude", number},
		{"account", "address1_addressid", text},
		{"contact", "birthdate", day},
		{"email", "sender", text},
		{"email", "from", absent},
		{"contoso_child", "contoso_bornon", day},
		{"contoso_child", destination.UpdatedAt, instant},
		{"contoso_child", destination.DeletedAt, absent},
		{"contoso_legacyorder", destination.UpdatedAt, absent},
		{"systemform", "iscustomizable", object},
	} {
		t.Run(column.stream+" "+column.property, func(t *testing.T) {
			property, there := streams[column.stream].JSONSchema.Properties[column.property]
			require.Equal(t, column.kind != absent, there)
			assert.Equal(t, column.kind, kindOf(property))
		})
	}
}

func TestEachKindOfTableIsOfferedAsItCanBeRead(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	streams := byName(l.discover())
	const none, full, both = "", "full_refresh", "full_refresh incremental"
	for _, table := range []struct{ what, name, key, modes string }{
		{"a tracked table", "account", "accountid", both},
		{"an activity", "task", "activityid", both},
		{"the table of all activities", "activitypointer", "activityid", both},
		{"an N:N table", "systemuserroles", "systemuserroleid", both},
		{"a table whose tracking cannot be switched", "team", "teamid", both},
		{"a table with a key of another name in OData", "systemuser", "systemuserid", both},
		{"a table with a key that is not called after it", "systemform", "formid", both},
		{"a table whose set has no plural", "feedback", "feedbackid", both},
		{"a custom table", "contoso_everything", "contoso_everythingid", both},
		{"a table that is not tracked", "contoso_child", "contoso_childid", both},
		{"a table that cannot be tracked", "asyncoperation", "asyncoperationid", both},
		{"a table keyed by another's id", "usersettings", "systemuserid", both},
		{"a virtual table", "contoso_legacyorder", "contoso_legacyorderid", full},
		{"an elastic table", "contoso_sensordata", "contoso_sensordataid partitionid", full},
		{"a table without an entity set", "sharepointdocument", "", none},
	} {
		t.Run(table.what, func(t *testing.T) {
			stream, there := streams[table.name]
			require.Equal(t, table.modes != none, there)
			assert.Equal(t, table.modes, strings.Join(stream.SupportedSyncModes, " "))
			assert.Equal(t, table.key, strings.Join(slices.Concat(stream.SourceDefinedPrimaryKey...), " "))
			assert.Equal(t, there, stream.SourceDefinedCursor)
			assert.Equal(t, there, stream.IsResumable)
			if table.modes == both {
				assert.Equal(t, []string{destination.UpdatedAt}, stream.DefaultCursorField)
			}
		})
	}
}

func TestPatternsChooseTheTablesThatAreOffered(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["include_tables"] = []string{"Account", "contoso_*"}
	l.config["exclude_tables"], l.config["metadata_streams"] = []string{"*wide"}, false
	assert.Equal(t, []string{"account", "contoso_child", "contoso_everything", "contoso_legacyorder", "contoso_sensordata"},
		slices.Sorted(maps.Keys(byName(l.discover()))))
}

func byName(streams []destination.Stream) map[string]destination.Stream {
	named := map[string]destination.Stream{}
	for _, s := range streams {
		named[s.Name] = s
	}
	return named
}
