package simulator_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestBulkDelete(t *testing.T) {
	c := serve(t, simulator.Options{Seed: 1, Rows: map[string]int{"account": 5}}, simulator.ServerOptions{})
	post := func(body string) response {
		request := c.request(http.MethodPost, "BulkDelete")
		request.Header.Set("Content-Type", "application/json")
		request.Body = io.NopCloser(strings.NewReader(body))
		return c.send(request)
	}
	query := func(table, condition string) string {
		return `{"@odata.type":"Microsoft.Dynamics.CRM.QueryExpression","EntityName":"` + table + `","Criteria":{"FilterOperator":"And","Conditions":[` + condition + `]}}`
	}
	job := func(queries ...string) string {
		return `{"JobName":"tidy up","SendEmailNotification":false,"RecurrencePattern":"","QuerySet":[` + strings.Join(queries, ",") + `]}`
	}
	ids := column(c.get("accounts?$select=name").values(t), "accountid")
	first, _ := ids[0].(string)
	second, _ := ids[1].(string)

	t.Run("deletes what its query finds and leaves a job", func(t *testing.T) {
		got := post(job(query("account", `{"AttributeName":"accountid","Operator":"In","Values":[{"Value":"`+first+`","Type":"System.Guid"},{"Value":"`+second+`","Type":"System.Guid"}]}`)))
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		assert.Equal(t, ids[2:], column(c.get("accounts?$select=name").values(t), "accountid"))
		id, _ := got.json(t)["JobId"].(string)
		assert.Equal(t, "tidy up", c.get("asyncoperations(" + id + ")").json(t)["name"])
	})
	t.Run("leaves everything if one query fails", func(t *testing.T) {
		post(job(query("account", `{"AttributeName":"name","Operator":"NotNull"}`), query("nope", ""))).refused(t, 404, "0x80041102", "'nope'")
		post(job(query("account", `{"AttributeName":"nome","Operator":"Null"}`))).refused(t, 400, "0x80041103", "'nome'")
		post(job(query("account", `{"AttributeName":"accountid","Operator":"Equal","Values":[{"Value":"x"}]}`))).refused(t, 400, "0x80060888", "accountid")
		post(job(query("account", `{"AttributeName":"name","Operator":"Like"}`))).refused(t, 400, "0x80060888", "'Like'")
		post(job(query("plugintracelog", ""))).refused(t, 403, "0x80040220", "prvDeletePlugInTraceLog")
		post("{}").refused(t, 400, "0x80048d19", "QuerySet")
		assert.Len(t, c.get("accounts?$select=name").values(t), 3)
	})
}
