package source_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAServiceThatNeverReturnsChangesIsExplained(t *testing.T) {
	const columns = "accounts?$select=accountid,name&"
	version := 900_000
	link := func(context, member, query string) http.HandlerFunc {
		return good(fmt.Sprintf(`{"@odata.context":"HOST%[1]s$metadata#accounts(accountid,name)%[2]s","value":[],"%[3]s":"HOST%[1]s%[4]s%[5]s"}`,
			api, context, member, columns, query))
	}
	for name, example := range map[string]struct {
		changes func() http.HandlerFunc
		part    string
	}{
		"all rows come in place of changes": {func() http.HandlerFunc { return link("", "@odata.deltaLink", "$deltatoken=900000%21") }, "all rows instead of the changes"},
		"the version falls each time": {func() http.HandlerFunc {
			version -= 10
			return link("/$delta", "@odata.deltaLink", fmt.Sprintf("$deltatoken=%d%%21", version))
		}, "the environment's version is lower"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.respond(api+"accounts", func(w http.ResponseWriter, r *http.Request) {
				switch query := r.URL.RawQuery; {
				case strings.Contains(query, "deltatoken"):
					example.changes()(w, r)
				case strings.Contains(query, "skiptoken"):
					link("", "@odata.deltaLink", fmt.Sprintf("$deltatoken=%d%%21", version))(w, r)
				default:
					link("", "@odata.nextLink", "$skiptoken=2")(w, r)
				}
			})
			code, o := e.run(t, "read", process{catalog: configured("account", "incremental")})
			assert.Equal(t, 1, code, o.text)
			failures := o.failures()
			require.NotEmpty(t, failures, o.text)
			assert.Contains(t, failures[0].Trace.Error.Message, "Dataverse does not return the changes of the table")
			assert.Contains(t, failures[0].Trace.Error.Message, example.part)
		})
	}
}
