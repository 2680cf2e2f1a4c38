package record_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
	"source-microsoft-dataverse/source/record"
)

// note is a table whose rows show the types of some of their lookups in other columns.
func note(name string) dataverse.Table {
	return dataverse.Table{
		LogicalName: name, EntitySet: name + "s", PrimaryID: "id", Tracked: true,
		Columns: []dataverse.Column{
			{Property: "_about_value", Type: dataverse.Lookup, Polymorphic: true},
			{Property: "_objectid_value", Type: dataverse.Lookup, Polymorphic: true},
			{Property: "_ownerid_value", Type: dataverse.Owner, Polymorphic: true},
			{Property: "_owningteam_value", Type: dataverse.Lookup},
			{Property: "_owninguser_value", Type: dataverse.Lookup},
			{Property: "id", Type: dataverse.UniqueIdentifier},
			{Property: "objecttypecode", Type: dataverse.EntityName},
		},
	}
}

func TestTypesComeFromOtherColumnsWhereTheseHaveThem(t *testing.T) {
	elastic, bare := note("annotation"), note("annotation")
	elastic.Elastic = true
	bare.Columns = bare.Columns[:3]
	bare.Columns = append(bare.Columns, dataverse.Column{Property: "id", Type: dataverse.UniqueIdentifier})
	for name, c := range map[string]struct {
		table     dataverse.Table
		columns   []string
		want      []string
		annotated bool
	}{
		"of an owner":             {note("x"), []string{"id", "_ownerid_value_type"}, []string{"_owningteam_value", "_owninguser_value", "id"}, false},
		"of an elastic owner":     {elastic, []string{"id", "_ownerid_value_type"}, []string{"_ownerid_value", "id"}, true},
		"of an owner without":     {bare, []string{"id", "_ownerid_value_type"}, []string{"_ownerid_value", "id"}, true},
		"of a note":               {note("annotation"), []string{"id", "_objectid_value_type"}, []string{"_objectid_value", "id", "objecttypecode"}, false},
		"of an audit":             {note("audit"), []string{"id", "_objectid_value_type"}, []string{"_objectid_value", "id", "objecttypecode"}, false},
		"of a note without":       {bare, []string{"id", "_objectid_value_type"}, []string{"_objectid_value", "id"}, true},
		"of any other table":      {note("x"), []string{"id", "_objectid_value_type"}, []string{"_objectid_value", "id"}, true},
		"of any other lookup":     {note("annotation"), []string{"id", "_about_value_type"}, []string{"_about_value", "id"}, true},
		"of several":              {note("x"), []string{"id", "_about_value", "_about_value_type", "_ownerid_value_type"}, []string{"_about_value", "_owningteam_value", "_owninguser_value", "id"}, true},
		"of none that is offered": {note("x"), []string{"id", "_about_value", "_ownerid_value"}, []string{"_about_value", "_ownerid_value", "id"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			plan := compile(t, c.table, configured(c.table, c.columns...))
			selected := plan.Select()
			if c.table.Elastic {
				assert.Subset(t, selected, c.want)
			} else {
				assert.Equal(t, c.want, selected)
			}
			assert.Equal(t, c.annotated, plan.LookupTypes())
			assert.Empty(t, plan.Missing)
		})
	}
}

func TestTheTypeOfALookupIsThatOfItsRow(t *testing.T) {
	const about = `"_about_value@Microsoft.Dynamics.CRM.lookuplogicalname"`
	for name, c := range map[string]struct{ row, want string }{
		"an annotation": {
			about + `:"contact","_about_value":"c1"`, `"_about_value":"c1","_about_value_type":"contact"`,
		},
		"an annotation behind its value": {
			`"_about_value":"c1",` + about + `:"contact"`, `"_about_value":"c1","_about_value_type":"contact"`,
		},
		"a lookup of null": {
			`"_about_value":null`, `"_about_value":null,"_about_value_type":null`,
		},
		"an annotation that is no text": {
			about + `:7,"_about_value":"c1"`, `"_about_value":"c1","_about_value_type":null`,
		},
		"a user": {
			`"_ownerid_value":"u1","_owninguser_value":"u1","_owningteam_value":null`, `"_ownerid_value":"u1","_ownerid_value_type":"systemuser"`,
		},
		"a team, with the nulls behind": {
			`"_ownerid_value":"t1","_owningteam_value":"t1","_owninguser_value":null`, `"_ownerid_value":"t1","_ownerid_value_type":"team"`,
		},
		"no owner": {
			`"_ownerid_value":null,"_owninguser_value":null,"_owningteam_value":null`, `"_ownerid_value":null,"_ownerid_value_type":null`,
		},
		"a note of a contact": {
			`"_objectid_value":"c1","objecttypecode":"contact"`, `"_objectid_value":"c1","_objectid_value_type":"contact"`,
		},
		"a note of a custom table": {
			`"objecttypecode":"contoso_order2","_objectid_value":"c1"`, `"_objectid_value":"c1","_objectid_value_type":"contoso_order2"`,
		},
		"a note of nothing": {
			`"_objectid_value":null,"objecttypecode":"none"`, `"_objectid_value":null,"_objectid_value_type":null`,
		},
		"a note of an unknown row": {
			`"_objectid_value":"c1","objecttypecode":null`, `"_objectid_value":"c1","_objectid_value_type":null`,
		},
		"a note with a number": {
			`"_objectid_value":"c1","objecttypecode":1`, `"_objectid_value":"c1","_objectid_value_type":null`,
		},
		"a note with a text that is no name": {
			`"_objectid_value":"c1","objecttypecode":"a\"b"`, `"_objectid_value":"c1","_objectid_value_type":null`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			lookup, _, _ := strings.Cut(strings.TrimPrefix(c.want, `"`), `"`)
			e := encoderOf(t, note("annotation"), "id", lookup, lookup+"_type")
			row := `{"id":"n1",` + c.row + `}`
			for range 2 { // the second row follows the first one's order
				assert.JSONEq(t, `{"id":"n1",`+c.want+`}`, dataOf(t, lines(t, e, pageTime(), "["+row+"]")), "the fast path")
			}
			assert.JSONEq(t, `{"id":"n1",`+c.want+`}`, dataOf(t, lines(t, e, pageTime(), "[{ "+row[1:]+"]")), "the decoder")
		})
	}
}

// dataOf is the data of the only record among lines.
func dataOf(t *testing.T, text string) string {
	t.Helper()
	_, data, found := strings.Cut(text, `"data":`)
	require.True(t, found)
	end := strings.Index(data, `}`) + 1
	return data[:end]
}

func TestAnOwnerOfTheRowBeforeIsForgotten(t *testing.T) {
	e := encoderOf(t, note("x"), "id", "_ownerid_value_type")
	got := lines(t, e, pageTime(), `[{"id":"n1","_owninguser_value":"u1","_owningteam_value":null},{"id":"n2","_owninguser_value":null,"_owningteam_value":"t1"},{"id":"n3"}]`)
	want := line("x", `"id":"n1","_ownerid_value_type":"systemuser"`) + line("x", `"id":"n2","_ownerid_value_type":"team"`) + line("x", `"id":"n3","_ownerid_value_type":null`)
	assert.Equal(t, want, got, "the lookups that it comes from are not delivered")
}

func TestSelectedOwnersAreDeliveredBesideTheirType(t *testing.T) {
	e := encoderOf(t, note("x"), "id", "_owninguser_value", "_owningteam_value", "_ownerid_value_type")
	got := lines(t, e, pageTime(), `[{"id":"n1","_owninguser_value":"u1","_owningteam_value":null}]`)
	assert.Equal(t, line("x", `"id":"n1","_owninguser_value":"u1","_owningteam_value":null,"_ownerid_value_type":"systemuser"`), got)
}

func TestADeletionHasNoTypes(t *testing.T) {
	e := newEncoder(compile(t, note("x"), followed(note("x"), "id", "_ownerid_value_type", "_ab_cdc_deleted_at")), record.Options{})
	require.NoError(t, begin(e, pageTime(), "["+deletion("n1")+"]"))
	e.Delete("n1")
	assert.Equal(t, line("x", `"id":"n1","_ab_cdc_deleted_at":"`+pageCursor+`"`), taken(t, e))
}

func TestTheTypeOfALookupThatIsGoneIsMissing(t *testing.T) {
	table := note("x").Without("_about_value")
	s := configured(note("x"), "id", "_about_value", "_about_value_type")
	plan := compile(t, table, s)
	assert.Equal(t, []string{"_about_value", "_about_value_type"}, plan.Missing)
	assert.False(t, plan.LookupTypes())
	assert.Empty(t, plan.Derived())
}

func TestATypeThatNoRowHasIsNotReported(t *testing.T) {
	var stats record.ColumnStats
	plan := compile(t, note("x"), configured(note("x"), "id", "_about_value_type", "_ownerid_value_type"))
	assert.Equal(t, []string{"_about_value_type", "_ownerid_value_type"}, plan.Derived())
	e := newEncoder(plan, record.Options{Stats: &stats})
	lines(t, e, pageTime(), `[{"id":"n1","_about_value":null}]`)
	assert.Empty(t, stats.NeverSeen(plan), "all lookups may be null")
}

func TestTypesNeedNoDecoder(t *testing.T) {
	e := encoderOf(t, note("annotation"), "id", "_about_value", "_about_value_type", "_objectid_value_type", "_ownerid_value_type")
	require.NoError(t, e.Begin(context.Background(), pageTime()))
	row := `{"@odata.etag":"W/\"1\"","id":"n1","_about_value@Microsoft.Dynamics.CRM.lookuplogicalname":"contact","_about_value":"c1",` +
		`"_objectid_value@Microsoft.Dynamics.CRM.lookuplogicalname":"account","_objectid_value":"a1","objecttypecode":"account","_owninguser_value":"u1","_owningteam_value":null}`
	assertFast(t, e, []byte(row))
	allocated := testing.AllocsPerRun(100, func() { e.FastRow([]byte(row)) })
	assert.LessOrEqual(t, allocated, 2.0, "the bytes of the row, and now and then more memory for the page")
	e.Records().Release()
}

func TestTheSchemaOfATypeMayHaveAnyForm(t *testing.T) {
	s := configured(note("x"), "id", "_about_value_type")
	s.Columns["_about_value_type"] = protocol.Property{}
	got := lines(t, newEncoder(compile(t, note("x"), s), record.Options{}), pageTime(), `[{"id":"n1","_about_value@Microsoft.Dynamics.CRM.lookuplogicalname":"contact"}]`)
	assert.Equal(t, line("x", `"id":"n1","_about_value_type":"contact"`), got)
}
