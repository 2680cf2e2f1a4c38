package simulator_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

// byVersion reads the rows of an untracked table after a row version, in the order of row versions.
func byVersion(c *simulatortest.Caller, after int64) []map[string]any {
	c.T.Helper()
	return c.Get("languagelocale?$select=name,versionnumber&$orderby=versionnumber%20asc&$filter=" +
		url.QueryEscape("versionnumber gt "+strconv.FormatInt(after, 10))).Values(c.T)
}

// tokenVersion returns the row version of a fresh delta token.
func tokenVersion(c *simulatortest.Caller) int64 {
	c.T.Helper()
	link, _ := c.Sized("teams?$select=name", "odata.track-changes").JSON(c.T)["@odata.deltaLink"].(string)
	_, token, _ := strings.Cut(link, "$deltatoken=")
	version, err := strconv.ParseInt(strings.Split(token, "%21")[0], 10, 64)
	require.NoError(c.T, err)
	return version
}

func version(t *testing.T, row map[string]any) int64 {
	t.Helper()
	number, _ := row["versionnumber"].(json.Number)
	v, err := number.Int64()
	require.NoError(t, err)
	return v
}

func TestALateCommitAppearsUnderAnEarlierVersion(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	e := c.Environment
	begun := e.Version()
	transaction := e.Begin()
	_, err := transaction.Create("languagelocale", simulator.Row{"name": "late"})
	require.NoError(t, err)
	_, err = e.Create("languagelocale", simulator.Row{"name": "early"})
	require.NoError(t, err)

	seen := byVersion(c, begun)
	assert.Equal(t, []any{"early"}, simulatortest.Column(seen, "name"))
	assert.Equal(t, begun, tokenVersion(c), "a delta token stands before the open transaction")

	transaction.Commit()
	assert.Empty(t, byVersion(c, version(t, seen[0])), "a reader that has passed the version does not find the row")
	assert.Equal(t, []any{"late", "early"}, simulatortest.Column(byVersion(c, begun), "name"))
	assert.Equal(t, e.Version(), tokenVersion(c))
	transaction.Commit()
	assert.Len(t, byVersion(c, begun), 2, "a second commit does nothing")
}

func TestChangesAreNotLostToALateCommit(t *testing.T) {
	for name, moment := range map[string]simulator.TokenAt{"tokens of the last page": simulator.LastPage, "tokens of the first page": simulator.FirstPage} {
		t.Run(name, func(t *testing.T) {
			c := simulatortest.Serve(t, simulator.Options{Seed: 1, Rows: map[string]int{"team": 6}, Behaviors: simulator.Behaviors{TokenAt: moment}}, simulator.ServerOptions{})
			e := c.Environment
			ids := e.IDs("team")
			link := func(r simulatortest.Response) string {
				next, _ := r.JSON(t)["@odata.deltaLink"].(string)
				return strings.TrimPrefix(next, c.Server.URL)
			}
			start := link(c.Sized("teams?$select=name", "odata.track-changes"))
			transaction := e.Begin()
			require.NoError(t, transaction.Update("team", ids[0], simulator.Row{"name": "late"}))
			require.NoError(t, transaction.Delete("team", ids[1]))
			require.NoError(t, e.Update("team", ids[2], simulator.Row{"name": "early"}))

			first := c.Get(start)
			assert.NotContains(t, simulatortest.Column(first.Values(t), "name"), "late")
			transaction.Commit()
			second := c.Get(link(first))
			assert.Contains(t, simulatortest.Column(second.Values(t), "name"), "late")
			assert.Contains(t, simulatortest.Column(second.Values(t), "id"), any(ids[1]))
			all := append(first.Values(t), second.Values(t)...)
			assert.Contains(t, simulatortest.Column(all, "name"), "early")
			assert.Empty(t, c.Get(link(second)).Values(t))
		})
	}
}

func TestATransaction(t *testing.T) {
	environment := func(t *testing.T) (*simulator.Environment, []string) {
		t.Helper()
		e, err := simulator.New(simulator.Options{Seed: 1, Rows: map[string]int{"task": 3, "contoso_sensordata": 1}})
		require.NoError(t, err)
		return e, e.IDs("task")
	}
	subject := func(e *simulator.Environment, id string) string {
		return string(maps.Collect(e.Rows("task"))[id]["subject"])
	}
	t.Run("that is rolled back leaves nothing but its versions", func(t *testing.T) {
		e, ids := environment(t)
		before, version := maps.Collect(e.Rows("task")), e.Version()
		transaction := e.Begin()
		require.NoError(t, transaction.Update("task", ids[0], simulator.Row{"subject": "x"}))
		transaction.Rollback()
		transaction.Commit()
		assert.Equal(t, before, maps.Collect(e.Rows("task")))
		assert.Equal(t, version+1, e.Version())
	})
	t.Run("is committed by a write to one of its rows", func(t *testing.T) {
		e, ids := environment(t)
		transaction := e.Begin()
		require.NoError(t, transaction.Update("task", ids[0], simulator.Row{"subject": "late", "description": "late"}))
		require.NoError(t, transaction.Update("task", ids[1], simulator.Row{"subject": "late"}))
		require.NoError(t, transaction.Delete("task", ids[2]))
		require.NoError(t, e.Update("task", ids[0], simulator.Row{"subject": "later"}))
		assert.Equal(t, `"later"`, subject(e, ids[0]))
		assert.Equal(t, `"late"`, string(maps.Collect(e.Rows("task"))[ids[0]]["description"]), "both writes count")
		assert.Equal(t, `"late"`, subject(e, ids[1]))
		assert.NotContains(t, e.IDs("task"), ids[2])
		require.Error(t, e.Update("task", ids[2], simulator.Row{"subject": "x"}))
	})
	t.Run("changes a row once", func(t *testing.T) {
		e, ids := environment(t)
		transaction := e.Begin()
		require.NoError(t, transaction.Update("task", ids[0], simulator.Row{"subject": "x"}))
		require.ErrorContains(t, transaction.Delete("task", ids[0]), "has already changed the row")
		transaction.Rollback()
	})
	t.Run("is committed by a change of a definition", func(t *testing.T) {
		e, ids := environment(t)
		transaction := e.Begin()
		require.NoError(t, transaction.Update("task", ids[0], simulator.Row{"subject": "late"}))
		require.NoError(t, e.SetTracked("team", false))
		assert.Equal(t, `"late"`, subject(e, ids[0]))
	})
	t.Run("ends when a backup is restored", func(t *testing.T) {
		e, ids := environment(t)
		backup, before := e.Backup(), subject(e, ids[0])
		transaction := e.Begin()
		require.NoError(t, transaction.Update("task", ids[0], simulator.Row{"subject": "late"}))
		e.Restore(backup, 0)
		transaction.Commit()
		assert.Equal(t, before, subject(e, ids[0]))
	})
	t.Run("does not hold rows of elastic tables", func(t *testing.T) {
		e, _ := environment(t)
		transaction := e.Begin()
		id, err := transaction.Create("contoso_sensordata", simulator.Row{"contoso_value": 5})
		require.NoError(t, err)
		assert.Contains(t, e.IDs("contoso_sensordata"), id)
	})
}

func TestWritesCanCommitLate(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, Behaviors: simulator.Behaviors{LateCommits: 1000 * time.Hour}}, simulator.ServerOptions{})
	begun := c.Environment.Version()
	ctx, goAway := context.WithCancel(t.Context())
	request := c.Request(http.MethodPost, "languagelocale").WithContext(ctx)
	request.Header.Set("Content-Type", "application/json")
	request.Body = io.NopCloser(strings.NewReader(`{"name":"late"}`))
	ended := make(chan error)
	go func() {
		response, err := c.HTTP.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		ended <- err
	}()
	require.Eventually(t, func() bool { return c.Environment.Version() > begun }, time.Minute, time.Millisecond)
	assert.Empty(t, byVersion(c, begun))
	assert.Equal(t, begun, tokenVersion(c))
	goAway()
	require.ErrorIs(t, <-ended, context.Canceled, "the response waits for the commit")
	require.Eventually(t, func() bool { return len(byVersion(c, begun)) == 1 }, time.Minute, time.Millisecond)
}

func TestTiesCanBeUnstable(t *testing.T) {
	s := func(t *testing.T, order string) []any {
		t.Helper()
		c := simulatortest.Serve(t, simulator.Options{Seed: 1, Rows: map[string]int{"languagelocale": 30}, Behaviors: simulator.Behaviors{UnstableTies: true}}, simulator.ServerOptions{})
		var ids []any
		next := "languagelocale?$select=statecode&$orderby=" + order
		for next != "" {
			page := c.Sized(next, "odata.maxpagesize=4")
			ids = append(ids, simulatortest.Column(page.Values(t), "languagelocaleid")...)
			link, _ := page.JSON(t)["@odata.nextLink"].(string)
			next = strings.TrimPrefix(link, c.Server.URL)
		}
		return ids
	}
	distinct := func(ids []any) int {
		found := map[any]bool{}
		for _, id := range ids {
			found[id] = true
		}
		return len(found)
	}
	for _, order := range []string{"statecode,languagelocaleid", "statecode,versionnumber"} {
		ids := s(t, order)
		assert.Len(t, ids, 30, order)
		assert.Equal(t, 30, distinct(ids), order)
	}
	ids := s(t, "statecode")
	assert.Less(t, distinct(ids), 30, "some rows are skipped")
	assert.Less(t, distinct(ids), len(ids), "and some are repeated")
}
