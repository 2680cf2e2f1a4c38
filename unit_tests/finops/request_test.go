package finops_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/finops"
)

const groups = "/data/DataManagementDefinitionGroups"

func TestThrottlingPausesTheRequestsForAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		first := true
		s.sets[groups] = func(*http.Request) reply {
			if first {
				first = false
				return reply{status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "90"}, body: "{}"}
			}
			return rows(t)
		}
		client := s.client(t, finops.Options{})
		began := time.Now()
		require.NoError(t, client.Try(t.Context()))
		assert.GreaterOrEqual(t, time.Since(began), 90*time.Second)
	})
}

func TestThrottlingBeyondTheBudgetEndsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.sets[groups] = func(*http.Request) reply {
			return reply{status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "7200"}, body: "{}"}
		}
		var refused *finops.APIError
		require.ErrorAs(t, s.client(t, finops.Options{}).Try(t.Context()), &refused)
		assert.Equal(t, http.StatusTooManyRequests, refused.Status)
		assert.Equal(t, 1, s.count("GET"))
	})
}

func TestEachFailureGetsTheAttemptsThatMayHelp(t *testing.T) {
	web := map[string]string{"Content-Type": "text/html"}
	for name, c := range map[string]struct {
		reply    reply
		attempts int
	}{
		"an outage":                        {reply{status: http.StatusServiceUnavailable}, 8},
		"a connection that breaks":         {reply{err: errors.New("connection reset by peer")}, 8},
		"a response that is cut off":       {reply{body: `{"value":[`, cut: true}, 8},
		"a web page in place of JSON":      {reply{body: "<html>", header: web}, 3},
		"a proxy that forbids":             {reply{status: http.StatusForbidden, body: "<html><title>Blocked</title>", header: web}, 3},
		"the application is not known":     {reply{status: http.StatusForbidden, body: ""}, 1},
		"a refusal of the service":         {refusal(http.StatusBadRequest, "An invalid query."), 1},
		"something that the proxy invents": {reply{status: http.StatusNotFound, body: "not found"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				s.sets[groups] = func(*http.Request) reply { return c.reply }
				require.Error(t, s.client(t, finops.Options{}).Try(t.Context()))
				assert.Equal(t, c.attempts, s.count("GET"))
			})
		})
	}
}

func TestOnlyTheServiceForbidsTheApplication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.sets[groups] = func(*http.Request) reply { return reply{status: http.StatusForbidden} }
		var refused *finops.APIError
		require.ErrorAs(t, s.client(t, finops.Options{}).Try(t.Context()), &refused)
		assert.True(t, refused.Forbidden())
		s.sets[groups] = func(*http.Request) reply {
			return reply{status: http.StatusForbidden, body: "<html><title>Blocked</title>", header: map[string]string{"Content-Type": "text/html"}}
		}
		require.ErrorAs(t, s.client(t, finops.Options{}).Try(t.Context()), &refused)
		assert.False(t, refused.Forbidden())
	})
}

func TestProjectIsFoundByItsExactName(t *testing.T) {
	s := newService()
	s.sets[groups] = func(r *http.Request) reply {
		assert.Equal(t, "Name eq 'Bob''s *'", r.URL.Query().Get("$filter"))
		return rows(t, map[string]any{"Name": "Bob's import", "OperationType": "Import"}, map[string]any{"Name": "Bob's *", "OperationType": "Export"})
	}
	s.sets["/data/DataManagementDefinitionGroupDetails"] = func(*http.Request) reply {
		line := func(entity string, changed ...string) map[string]any {
			row := map[string]any{
				"DefinitionGroupId": "Bob's *", "EntityName": entity, "SourceFormat": "EXCEL", "DefaultRefreshType": "FullPush", "ValidationStatus": "Yes", "Disable": "No",
			}
			for i := 0; i < len(changed); i += 2 {
				row[changed[i]] = changed[i+1]
			}
			return row
		}
		return rows(t, line("Customers"), line("Vendors", "DefaultRefreshType", "IncrementalPush"), line("Items", "ValidationStatus", "No"),
			line("Workers", "Disable", "Yes"), line("Other", "DefinitionGroupId", "Bob's import"))
	}
	p, err := s.client(t, finops.Options{}).Project(t.Context(), "Bob's *")
	require.NoError(t, err)
	assert.Equal(t, &finops.Project{Name: "Bob's *", Exports: true, Lines: []finops.Line{
		{Entity: "Customers", Format: "EXCEL"}, {Entity: "Vendors", Format: "EXCEL", Incremental: true},
		{Entity: "Items", Format: "EXCEL", Unmapped: true}, {Entity: "Workers", Format: "EXCEL", Disabled: true},
	}}, p)
}

func TestProjectThatDoesNotExistIsNil(t *testing.T) {
	s := newService()
	s.sets[groups] = func(*http.Request) reply {
		return rows(t, map[string]any{"Name": "Sales 2", "OperationType": "Export"})
	}
	p, err := s.client(t, finops.Options{}).Project(t.Context(), "Sales*")
	require.NoError(t, err)
	assert.Nil(t, p)
}

func TestNextLinksAreFollowedOnTheOwnHost(t *testing.T) {
	s := newService()
	s.sets["/data/LegalEntities"] = func(r *http.Request) reply {
		if r.URL.Query().Get("$skip") == "2" {
			return reply{body: `{"value":[{"LegalEntityId":"DEMF"}]}`}
		}
		return reply{body: "\ufeff" + `{"value":[{"LegalEntityId":"USMF"}],"@odata.nextLink":"https://internal.example/data/LegalEntities?$skip=2"}`}
	}
	companies, err := s.client(t, finops.Options{}).Companies(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"USMF", "DEMF"}, companies)
}

func TestNextLinksThatLeadNowhereEndTheRequest(t *testing.T) {
	for _, link := range []string{"https://contoso.operations.dynamics.com/data/LegalEntities?$skip=2", "https://contoso.operations.dynamics.com/api/else"} {
		s := newService()
		s.sets["/data/LegalEntities"] = func(*http.Request) reply { return reply{body: `{"value":[],"@odata.nextLink":"` + link + `"}`} }
		_, err := s.client(t, finops.Options{}).Companies(t.Context())
		require.ErrorIs(t, err, finops.ErrLinkOutside)
	}
}

func TestEntityHasTheTypesOfThePublicMetadata(t *testing.T) {
	s := newService()
	s.sets["/data/DataManagementEntities"] = func(*http.Request) reply {
		return rows(t, map[string]any{"EntityName": "Customer groups 2"},
			map[string]any{"EntityName": "Customer groups", "TargetName": "CustCustomerGroupEntity", "IsShared": "No"})
	}
	s.sets["/metadata/DataEntities"] = func(r *http.Request) reply {
		assert.Equal(t, "Name eq 'CustCustomerGroupEntity'", r.URL.Query().Get("$filter"))
		return rows(t, map[string]any{"Name": "CustCustomerGroupEntity", "PublicEntityName": "CustomerGroup", "DataServiceEnabled": true})
	}
	s.sets["/metadata/PublicEntities('CustomerGroup')"] = func(*http.Request) reply {
		return reply{body: `{"Name":"CustomerGroup","Properties":[{"Name":"dataAreaId","TypeName":"Edm.String","DataType":"String","IsKey":true},` +
			`{"Name":"CustomerGroupId","TypeName":"Edm.String","DataType":"String","IsKey":true},` +
			`{"Name":"IsTax","TypeName":"Microsoft.Dynamics.DataEntities.NoYes","DataType":"Enum","IsKey":false}]}`}
	}
	e, err := s.client(t, finops.Options{}).Entity(t.Context(), "Customer groups")
	require.NoError(t, err)
	assert.Equal(t, &finops.Entity{
		Label: "Customer groups", Name: "CustCustomerGroupEntity", PublicName: "CustomerGroup",
		Properties: []finops.Property{
			{Name: "dataAreaId", Type: finops.String, Key: true}, {Name: "CustomerGroupId", Type: finops.String, Key: true}, {Name: "IsTax", Type: finops.Enum},
		},
	}, e)
}

func TestEntityThatIsNotPublicHasNoProperties(t *testing.T) {
	s := newService()
	s.sets["/data/DataManagementEntities"] = func(*http.Request) reply {
		return rows(t, map[string]any{"EntityName": "Setup", "TargetName": "SetupEntity", "IsShared": "Yes"})
	}
	s.sets["/metadata/DataEntities"] = func(*http.Request) reply {
		return rows(t, map[string]any{"Name": "SetupEntity", "PublicEntityName": "", "DataServiceEnabled": false})
	}
	e, err := s.client(t, finops.Options{}).Entity(t.Context(), "Setup")
	require.NoError(t, err)
	assert.Equal(t, &finops.Entity{Label: "Setup", Name: "SetupEntity", Shared: true}, e)
}

func TestTypesFollowFromTypeNameAndDataType(t *testing.T) {
	for _, c := range []struct {
		typeName, dataType string
		want               finops.Type
	}{
		{"Edm.String", "String", finops.String},
		{"Edm.Guid", "Guid", finops.GUID},
		{"Edm.Int32", "Int32", finops.Integer},
		{"Edm.Int64", "Int64", finops.Integer},
		{"Edm.Decimal", "Decimal", finops.Number},
		{"Edm.Double", "", finops.Number},
		{"Microsoft.Dynamics.DataEntities.NoYes", "Enum", finops.Enum},
		{"Microsoft.Dynamics.DataEntities.NoYes", "", finops.Enum},
		{"Edm.DateTimeOffset", "Date", finops.Date},
		{"Edm.DateTimeOffset", "UtcDateTime", finops.DateTime},
		{"Edm.DateTimeOffset", "", finops.DateTime},
		{"Edm.Binary", "Container", finops.String},
	} {
		assert.Equal(t, c.want, finops.TypeOf(c.typeName, c.dataType), "%s %s", c.typeName, c.dataType)
	}
}

func TestMessagesAreGroupedAlsoIfTheyAreNotJSON(t *testing.T) {
	broken := `[{"RecordId":"1","Field":"A","ErrorMessage":"The value "x" in field 'A' is
not valid"},{"RecordId":"2","Field":"A","ErrorMessage":"Account is locked"},{"RecordId":"3","Field":"A","ErrorMessage":"Account is locked"}]`
	assert.Equal(t, []string{"Account is locked (2 times)", `The value "x" in field 'A' is not valid`}, finops.GroupMessages(broken))
	assert.Equal(t, []string{"one"}, finops.GroupMessages(`[{"RecordId":"1","Field":"","ErrorMessage":"one"}]`))
	assert.Empty(t, finops.GroupMessages("[]"))
	many := `[{"ErrorMessage":"a"},{"ErrorMessage":"b"},{"ErrorMessage":"c"},{"ErrorMessage":"d"},{"ErrorMessage":"e"}]`
	assert.Equal(t, []string{"a", "b", "c", "and 2 other messages"}, finops.GroupMessages(many))
}

func TestMessagesOfTheServiceHideSignatures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.sets[groups] = func(*http.Request) reply {
			return refusal(http.StatusBadRequest, "cannot read https://storage.blob.core.windows.net/dmf/x?sv=1&sig=SECRET at all (query: se=2&sig=SECRET)")
		}
		err := s.client(t, finops.Options{}).Try(t.Context())
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "SECRET")
		assert.Contains(t, err.Error(), "at all")
	})
}

func TestExecutionIDsAreUniqueAndShort(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 5, time.UTC)
	project, company := strings.Repeat("Very long: a project's name / 1 ", 5), "USMF"
	seen := map[string]bool{}
	for range 100 {
		x := finops.NewExecution(project, company, now)
		require.LessOrEqual(t, len(x.ID), 80)
		require.NotContains(t, x.ID, "'")
		require.False(t, seen[x.ID])
		seen[x.ID] = true
		again, ok := finops.ExecutionOf(x.ID, project, company)
		require.True(t, ok)
		require.Equal(t, x, again)
	}
	for _, other := range []string{"", "ab-", "Sales-2026-11-28T12:00:00", finops.NewExecution(project, "DEMF", now).ID, finops.NewExecution("Other", company, now).ID} {
		_, ok := finops.ExecutionOf(other, project, company)
		assert.False(t, ok, other)
	}
}

func TestReviewFindsWhatKeepsAProjectFromBeingExported(t *testing.T) {
	good := finops.Project{Name: "Sales", Exports: true, Lines: []finops.Line{{Entity: "Customers", Format: "XML-Element"}}}
	with := func(lines ...finops.Line) *finops.Project {
		return &finops.Project{Name: "Sales", Exports: true, Lines: append(good.Lines, lines...)}
	}
	for name, c := range map[string]struct {
		facts finops.Facts
		want  []finops.Problem
	}{
		"nothing is wrong": {finops.Facts{Found: &good, Companies: []string{"usmf"}, Known: []string{"USMF"}}, nil},
		"no such project":  {finops.Facts{}, []finops.Problem{{Fault: finops.ProjectMissing}}},
		"it imports":       {finops.Facts{Found: &finops.Project{Name: "Sales"}}, []finops.Problem{{Fault: finops.ProjectImports}}},
		"it has no entity": {finops.Facts{Found: &finops.Project{Exports: true, Lines: []finops.Line{{Disabled: true}}}}, []finops.Problem{{Fault: finops.ProjectEmpty}}},
		"every entity is incremental": {
			finops.Facts{Found: &finops.Project{Exports: true, Lines: []finops.Line{{Entity: "Items", Incremental: true}}}},
			[]finops.Problem{{Fault: finops.ProjectEmpty}, {Fault: finops.Incremental, Subject: "Items"}},
		},
		"a company is mistyped":  {finops.Facts{Found: &good, Companies: []string{"USM"}, Known: []string{"USMF"}}, []finops.Problem{{Fault: finops.CompanyMissing, Subject: "USM"}}},
		"a line is not mapped":   {finops.Facts{Found: with(finops.Line{Entity: "Items", Unmapped: true})}, []finops.Problem{{Fault: finops.Unmapped, Subject: "Items"}}},
		"that line is disabled":  {finops.Facts{Found: with(finops.Line{Entity: "Items", Unmapped: true, Disabled: true})}, nil},
		"a line is incremental":  {finops.Facts{Found: with(finops.Line{Entity: "Items", Incremental: true})}, []finops.Problem{{Fault: finops.Incremental, Subject: "Items"}}},
		"a format cuts texts":    {finops.Facts{Found: with(finops.Line{Entity: "Items", Format: "EXCEL"})}, []finops.Problem{{Fault: finops.TextCut, Subject: "Items"}}},
		"an execution runs":      {finops.Facts{Found: &good, Running: []string{"x"}}, []finops.Problem{{Fault: finops.ExecutionRunning, Subject: "x"}}},
		"what stops comes first": {finops.Facts{Found: with(finops.Line{Entity: "A", Format: "EXCEL"}, finops.Line{Entity: "B", Unmapped: true})}, []finops.Problem{{Fault: finops.Unmapped, Subject: "B"}, {Fault: finops.TextCut, Subject: "A"}}},
	} {
		assert.Equal(t, c.want, finops.Review(c.facts), name)
	}
}
