package catalog_test

import (
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/catalog"
	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// columns are columns of a table by name: those of times and versions have their types, all others are texts.
func columns(names ...string) []dataverse.Column {
	var all []dataverse.Column
	for _, name := range names {
		typ := dataverse.String
		switch name {
		case "versionnumber":
			typ = dataverse.BigInt
		case "modifiedon", "createdon":
			typ = dataverse.DateTime
		}
		all = append(all, dataverse.Column{Property: name, Type: typ})
	}
	return all
}

func TestTheCursorOfAnUntrackedTableIsItsBestColumn(t *testing.T) {
	text := func(name string) []dataverse.Column {
		return []dataverse.Column{{Property: name, Type: dataverse.String}}
	}
	for name, c := range map[string]struct {
		table dataverse.Table
		want  string
	}{
		"a table with all of them":            {dataverse.Table{Columns: columns("createdon", "modifiedon", "versionnumber")}, "versionnumber"},
		"a table without versions":            {dataverse.Table{Columns: columns("createdon", "modifiedon")}, "modifiedon"},
		"a table that may change":             {dataverse.Table{LogicalName: "thing", Columns: columns("createdon")}, ""},
		"audit history, which never changes":  {dataverse.Table{LogicalName: "audit", Columns: columns("createdon")}, "createdon"},
		"a trace of plug-ins, as well":        {dataverse.Table{LogicalName: "plugintracelog", Columns: columns("createdon")}, "createdon"},
		"a table with none of them":           {dataverse.Table{Columns: columns("name")}, ""},
		"a modifiedon that is no time":        {dataverse.Table{Columns: text("modifiedon")}, ""},
		"a table with change tracking":        {dataverse.Table{Tracked: true, Columns: columns("versionnumber")}, ""},
		"a virtual table":                     {dataverse.Table{Virtual: true, Columns: columns("versionnumber", "modifiedon")}, ""},
		"an elastic table":                    {dataverse.Table{Elastic: true, Columns: columns("versionnumber", "modifiedon")}, ""},
		"the table of an N:N relationship":    {dataverse.Table{LogicalName: "a_b", Columns: columns("a_bid", "versionnumber")}, "versionnumber"},
		"a virtual audit, of another product": {dataverse.Table{LogicalName: "audit", Virtual: true, Columns: columns("createdon")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, catalog.UntrackedCursor(c.table))
		})
	}
}

func TestAnUntrackedTableIsIncrementalIfSoConfigured(t *testing.T) {
	table := account()
	table.Tracked, table.Columns = false, append(table.Columns, columns("versionnumber")...)
	s := catalog.Options{CursorForUntracked: true}.Stream(table)
	assert.Equal(t, []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental}, s.SupportedSyncModes)
	assert.Equal(t, []string{"_ab_cdc_updated_at"}, s.DefaultCursorField)
	assert.True(t, s.SourceDefinedCursor)
	var names []string
	for _, p := range s.JSONSchema.Properties {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"_ab_cdc_updated_at", "_ownerid_value", "accountid", "revenue", "versionnumber"}, names, "deletions are not declared")

	table.Columns = table.Columns[:3]
	assert.Equal(t, catalog.Options{}.Stream(table), catalog.Options{CursorForUntracked: true}.Stream(table), "it has no cursor")
	assert.Equal(t, catalog.Options{}.Stream(account()), catalog.Options{CursorForUntracked: true}.Stream(account()), "it is tracked")
}

func TestAConfiguredStreamReadsByCursorOnlyIfItWasOffered(t *testing.T) {
	both := []airbyte.SyncMode{airbyte.SyncModeFullRefresh, airbyte.SyncModeIncremental}
	for name, c := range map[string]struct {
		mode    airbyte.SyncMode
		offered []airbyte.SyncMode
		column  string
		want    string
	}{
		"incremental":                    {airbyte.SyncModeIncremental, both, "_ab_cdc_updated_at", "versionnumber"},
		"a full refresh":                 {airbyte.SyncModeFullRefresh, both, "_ab_cdc_updated_at", ""},
		"a catalog of before":            {airbyte.SyncModeIncremental, both[:1], "name", ""},
		"a catalog with change tracking": {airbyte.SyncModeIncremental, both, "_ab_cdc_deleted_at", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := protocol.ConfiguredStream{SyncMode: c.mode, SupportedSyncModes: c.offered, Columns: map[string]protocol.Property{c.column: {}}}
			assert.Equal(t, c.want, catalog.CursorOf(dataverse.Table{Columns: columns("versionnumber")}, s))
		})
	}
}
