package dataverse_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func withTargets(o *dataverse.Options) { o.LookupTargets = true }

// lookups is a table with lookups to different numbers of tables.
func lookups() string {
	return strings.Replace(definition("account"), `"Attributes":[`, `"Attributes":[`+
		column("createdby", "LookupType", `"Targets":["systemuser"]`)+","+
		column("ownerid", "OwnerType", `"Targets":["systemuser","team"]`)+","+
		column("modifiedby", "LookupType", `"Targets":["systemuser"]`)+","+
		column("customerid", "CustomerType", `"Targets":["account","contact"]`)+","+
		column("objectid", "LookupType", `"Targets":[]`)+","+
		column("name", "StringType", `"Targets":null`)+",", 1)
}

func polymorphic(t dataverse.Table) []string {
	var properties []string
	for _, c := range t.Columns {
		if c.Polymorphic {
			properties = append(properties, c.Property)
		}
	}
	return properties
}

func TestLookupsThatReferToSeveralTablesAreRecognized(t *testing.T) {
	s := newService(t, changes(lookups()))
	found, err := tables(t, s.client(withTargets), "account")
	require.NoError(t, err)
	assert.Equal(t, []string{"_customerid_value", "_objectid_value", "_ownerid_value"}, polymorphic(found["account"]),
		"a lookup without a list of targets may refer to any table")
	sent, err := url.Parse(s.requests()[0].uri)
	require.NoError(t, err)
	assert.Contains(t, sent.Query().Get("@p1"), `"DateTimeBehavior","Targets"]`)

	found, err = tables(t, s.client(), "account")
	require.NoError(t, err)
	assert.Empty(t, polymorphic(found["account"]), "they were not asked for")
}

func TestPlainDefinitionsAreCompletedWithTargets(t *testing.T) {
	account := strings.Replace(definition("account"), `"Attributes":[`,
		`"Attributes":[`+column("ownerid", "OwnerType", "")+","+column("createdby", "LookupType", "")+",", 1)
	refused := plain(refuse(http.StatusNotImplemented, ""), account+","+definition("contact"))
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.LookupAttributeMetadata") {
			good(`{"value":[{"LogicalName":"createdby","Targets":["systemuser"]},{"LogicalName":"hidden","Targets":["a","b"]},`+
				`{"LogicalName":"ownerid","Targets":["systemuser","team"]}]}`)(w, r)
			return
		}
		refused(w, r)
	})
	found, err := tables(t, s.client(withTargets), "account", "contact")
	require.NoError(t, err)
	assert.Equal(t, []string{"_ownerid_value"}, polymorphic(found["account"]))
	assert.Len(t, s.requests(), 3, "contact has no lookups to ask for")

	_, err = tables(t, s.client(), "account", "contact")
	require.NoError(t, err)
	assert.Len(t, s.requests(), 5, "the targets are not asked for")
}

func TestTheTypesOfLookupsAreRequestedInOnePreference(t *testing.T) {
	s := newService(t, good(emptyPage))
	for _, tracked := range []bool{false, true} {
		_, err := s.client().Page(t.Context(), dataverse.PageRequest{Table: "account", Link: "accounts", Size: 250, LookupTypes: true, TrackChanges: tracked}, &rows{})
		require.NoError(t, err)
	}
	const annotated = `odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname",odata.maxpagesize=250`
	assert.Equal(t, []string{annotated}, s.requests()[0].header["Prefer"])
	assert.Equal(t, []string{"odata.track-changes," + annotated}, s.requests()[1].header["Prefer"])
}
