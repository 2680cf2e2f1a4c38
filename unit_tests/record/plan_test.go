package record_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

func TestThePlanSelectsWhatIsNeeded(t *testing.T) {
	cases := map[string]struct {
		table    dataverse.Table
		columns  []string
		selected []string
	}{
		"the selection, sorted, and the key": {account(), []string{"wallclock", "name"}, []string{"accountid", "name", "wallclock"}},
		"nothing twice":                      {account(), []string{"accountid", "modifiedon", "_ab_cdc_updated_at"}, []string{"accountid", "modifiedon"}},
		"nothing more for the cursor":        {account(), []string{"name", "_ab_cdc_updated_at"}, []string{"accountid", "name"}},
		"both parts of a key":                {sensor(), []string{"sensorid"}, []string{"partitionid", "sensorid"}},
		"no modifiedon that is not there":    {sensor(), []string{"sensorid", "_ab_cdc_updated_at"}, []string{"partitionid", "sensorid"}},
		"no column that is not there":        {account(), []string{"name", "ownerid"}, []string{"accountid", "name"}},
		"no column that the connector makes": {account(), []string{"name", "_ab_cdc_deleted_at"}, []string{"accountid", "name"}},
		"no modifiedon that is not selected": {account(), []string{"accountid"}, []string{"accountid"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.selected, compile(t, c.table, configured(c.table, c.columns...)).Select())
		})
	}
}

func TestFollowedChangesComeWithTheirVersion(t *testing.T) {
	versioned := account()
	versioned.Columns = append(versioned.Columns, dataverse.Column{Property: "versionnumber", Type: dataverse.BigInt})
	offered := configured(versioned, "accountid", "name")
	offered.SyncMode = airbyte.SyncModeIncremental // it never offered that
	elastic := sensor()
	elastic.Columns = append(elastic.Columns, dataverse.Column{Property: "versionnumber", Type: dataverse.BigInt})
	for name, c := range map[string]struct {
		table  dataverse.Table
		stream protocol.ConfiguredStream
		want   []string
	}{
		"where the table has it":      {versioned, followed(versioned, "accountid", "name"), []string{"accountid", "name", "versionnumber"}},
		"once where it is configured": {versioned, followed(versioned, "accountid", "versionnumber"), []string{"accountid", "versionnumber"}},
		"not where the table has not": {account(), followed(account(), "accountid", "name"), []string{"accountid", "name"}},
		"not in a full refresh":       {versioned, configured(versioned, "accountid", "name"), []string{"accountid", "name"}},
		"not where it is not offered": {versioned, offered, []string{"accountid", "name"}},
		"not of an elastic table":     {elastic, followed(elastic, "sensorid"), []string{"partitionid", "sensorid"}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := compile(t, c.table, c.stream)
			assert.Equal(t, c.want, plan.Select())
			if name == "where the table has it" {
				got := lines(t, newEncoder(plan, record.Options{}), pageTime(), `[{"accountid":"a1","name":"n","versionnumber":7}]`)
				assert.Equal(t, line("account", `"accountid":"a1","name":"n"`), got, "it is delivered only where it is configured")
			}
		})
	}
}

func TestASelectionTooLongForAURLIsLeftOut(t *testing.T) {
	table := account()
	columns := []string{"accountid", "name"}
	for i := range 600 {
		name := fmt.Sprintf("contoso_columnwithalongname%04d_%020d", i, i)
		table.Columns = append(table.Columns, dataverse.Column{Property: name, Type: dataverse.String})
		columns = append(columns, name)
	}
	assert.NotEmpty(t, compile(t, table, configured(table, columns[:500]...)).Select())
	plan := compile(t, table, configured(table, columns...))
	assert.Empty(t, plan.Select())

	e := newEncoder(plan, record.Options{})
	got := lines(t, e, pageTime(), `[{"accountid":"a1","anything":5,"name":"n"}]`)
	assert.Contains(t, got, `"data":{"accountid":"a1","name":"n","contoso_column`)
	assert.NotContains(t, got, "anything", "the plan still picks")
}

func TestConfiguredColumnsThatDoNotExistAreNamed(t *testing.T) {
	table := account()
	table.Columns = append(table.Columns,
		dataverse.Column{Property: "_ownerid_value", Type: dataverse.Owner},
		dataverse.Column{Property: "_new_customer_value", Type: dataverse.Customer})
	s := configured(table, "accountid", "_ownerid_value", "_ab_cdc_updated_at", "_ab_cdc_deleted_at")
	for _, name := range []string{"ownerid", "new_customer", "createdbyname", "dropped"} { // the first three are the Python connector's
		s.Columns[name] = protocol.Property{Type: []string{"null", "string"}}
	}
	plan := compile(t, table, s)
	assert.Equal(t, []string{"createdbyname", "dropped", "new_customer", "ownerid"}, plan.Missing)
	assert.Equal(t, []string{"_ownerid_value", "accountid"}, plan.Select())

	e := newEncoder(plan, record.Options{})
	row := `[{"accountid":"a1","modifiedon":"2026-01-01T00:00:00Z","ownerid":"o0","_ownerid_value":"o1","_new_customer_value":"c1"}]`
	want := line("account", `"accountid":"a1","_ownerid_value":"o1","_ab_cdc_updated_at":"`+pageCursor+`","_ab_cdc_deleted_at":null`)
	assert.Equal(t, want, lines(t, e, pageTime(), row))
}

func TestAStreamWithoutAnyColumnOfItsTableIsRefused(t *testing.T) {
	selections := map[string][]string{
		"none selected":                    nil,
		"all of them gone":                 {"dropped", "removed"},
		"only those that a connector adds": {"_ab_cdc_updated_at", "_ab_cdc_deleted_at"},
	}
	for name, columns := range selections {
		t.Run(name, func(t *testing.T) {
			_, err := record.Compile(account(), configured(account(), columns...), nil)
			var nothing *record.NothingToReadError
			require.True(t, errors.As(err, &nothing), "%v", err)
			assert.Equal(t, "account", nothing.Stream)
			assert.EqualError(t, err, "none of the selected columns of account exists in Dataverse")
		})
	}
}
