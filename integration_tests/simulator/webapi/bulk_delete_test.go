package webapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestBulkDelete(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Rows: map[string]int{"account": 5}}, simulator.ServerOptions{})
	post := func(body string) simulatortest.Response {
		request := c.Request(http.MethodPost, "BulkDelete")
		request.Header.Set("Content-Type", "application/json")
		request.Body = io.NopCloser(strings.NewReader(body))
		return c.Send(request)
	}
	query := func(table, condition string) string {
		return `{"@odata.type":"Microsoft.Dynamics.CRM.QueryExpression","EntityName":"` + table + `","Criteria":{"FilterOperator":"And","Conditions":[` + condition + `]}}`
	}
	job := func(queries ...string) string {
		return `{"JobName":"tidy up","SendEmailNotification":false,"RecurrencePattern":"","QuerySet":[` + strings.Join(queries, ",") + `]}`
	}
	ids := simulatortest.Column(c.Get("accounts?$select=name").Values(t), "accountid")
	first, _ := ids[0].(string)
	second, _ := ids[1].(string)

	t.Run("deletes what its query finds and leaves a job", func(t *testing.T) {
		got := post(job(query("account", `{"AttributeName":"accountid","Operator":"In","Values":[{"Value":"`+first+`","Type":"System.Guid"},{"Value":"`+second+`","Type":"System.Guid"}]}`)))
		require.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
		assert.Equal(t, ids[2:], simulatortest.Column(c.Get("accounts?$select=name").Values(t), "accountid"))
		id, _ := got.JSON(t)["JobId"].(string)
		assert.Equal(t, "tidy up", c.Get("asyncoperations(" + id + ")").JSON(t)["name"])
	})
	t.Run("leaves everything if one query fails", func(t *testing.T) {
		post(job(query("account", `{"AttributeName":"name","Operator":"NotNull"}`), query("nope", ""))).Refused(t, 404, "0x80041102", "'nope'")
		post(job(query("account", `{"AttributeName":"nome","Operator":"Null"}`))).Refused(t, 400, "0x80041103", "'nome'")
		post(job(query("account", `{"AttributeName":"accountid","Operator":"Equal","Values":[{"Value":"x"}]}`))).Refused(t, 400, "0x80060888", "accountid")
		post(job(query("account", `{"AttributeName":"name","Operator":"Like"}`))).Refused(t, 400, "0x80060888", "'Like'")
		post(job(query("plugintracelog", ""))).Refused(t, 403, "0x80040220", "prvDeletePlugInTraceLog")
		post("{}").Refused(t, 400, "0x80048d19", "QuerySet")
		assert.Len(t, c.Get("accounts?$select=name").Values(t), 3)
	})
}
