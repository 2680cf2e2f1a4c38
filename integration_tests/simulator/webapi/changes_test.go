package webapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// deletions returns the ids that a delta reports as deleted, upserts the other ones.
func deletions(pages []content) []string {
	return slices.DeleteFunc(column(pages, "id"), func(id string) bool { return id == "" })
}

func upserts(pages []content) []string {
	return slices.DeleteFunc(column(pages, "accountid"), func(id string) bool { return id == "" })
}

func TestTheFirstTrackedReadEndsInADeltaLink(t *testing.T) {
	s := newService(t, map[string]int{"account": 5})
	pages := s.scan("accounts?$select=name", "Prefer: odata.track-changes,odata.maxpagesize=2")
	require.Len(t, pages, 3)
	for _, page := range pages[:2] {
		assert.Empty(t, page.DeltaLink)
		assert.Contains(t, page.NextLink, "istracking=%22True%22")
	}
	assert.Equal(t, testBase+"/$metadata#accounts(name)", pages[2].Context)
	version := strconv.FormatInt(s.env.Version(), 10)
	assert.Equal(t, testBase+"/accounts?$select=name&$deltatoken="+version+"%2108%2f22%2f2026%2008%3a10%3a44", pages[2].DeltaLink)
	a := s.do(http.MethodGet, "accounts", "", "Prefer: odata.track-changes, odata.maxpagesize=2")
	assert.Equal(t, "odata.maxpagesize=2,odata.track-changes", a.header.Get("Preference-Applied"))
}

func TestADelta(t *testing.T) {
	s := newService(t, map[string]int{"account": 6})
	ids := s.ids("account")
	link := s.track("accounts?$select=name")
	quiet := s.get(link)
	assert.Empty(t, quiet.Value)
	assert.Equal(t, link, quiet.DeltaLink, "nothing has moved on")

	require.NoError(t, edit.Update(s.env, "account", ids[4], map[string]any{"name": "fifth"}))
	created := s.create("account", map[string]any{"name": "new"})
	require.NoError(t, edit.Delete(s.env, "account", ids[0]))
	ghost := s.create("account", map[string]any{"name": "ghost"})
	require.NoError(t, edit.Delete(s.env, "account", ghost))
	require.NoError(t, edit.Update(s.env, "account", ids[2], map[string]any{"name": "third"}))
	require.NoError(t, edit.Update(s.env, "account", ids[4], map[string]any{"name": "fifth again"}))

	page := s.get(link)
	assert.Equal(t, testBase+"/$metadata#accounts(name)/$delta", page.Context)
	assert.Equal(t, []string{"new", "third", "fifth again"}, column([]content{page}, "name")[:3], "changes come by version")
	assert.Equal(t, []string{created, ids[2], ids[4]}, upserts([]content{page}))
	assert.Equal(t, []string{ids[0], ghost}, deletions([]content{page}), "a row never seen is deleted too")
	deletion := page.Value[3]
	assert.JSONEq(t, `"`+testBase+`/$metadata#accounts/$deletedEntity"`, string(deletion["@odata.context"]))
	assert.JSONEq(t, `"deleted"`, string(deletion["reason"]))
	assert.Len(t, deletion, 3)

	assert.Equal(t, "5", s.do(http.MethodGet, strings.Replace(link, "accounts?", "accounts/$count?", 1), "").body)
	assert.Equal(t, page.Value, s.get(link).Value, "an old token returns the same again")
	assert.Empty(t, s.get(page.DeltaLink).Value)
}

func TestADeltaIsPagedAcrossItsHalves(t *testing.T) {
	for _, size := range []string{"1", "2", "3", "100"} {
		t.Run("pages of "+size, func(t *testing.T) {
			s := newService(t, map[string]int{"account": 20})
			ids := s.ids("account")
			link := s.track("accounts")
			for i := range 5 {
				require.NoError(t, edit.Update(s.env, "account", ids[i], map[string]any{"name": "changed"}))
				require.NoError(t, edit.Delete(s.env, "account", ids[10+i]))
			}
			pages := s.scan(link, "Prefer: odata.maxpagesize="+size)
			assert.Equal(t, ids[:5], upserts(pages))
			assert.Equal(t, ids[10:15], deletions(pages))
			last := pages[len(pages)-1]
			assert.Empty(t, s.get(last.DeltaLink).Value)
			for _, page := range pages[:len(pages)-1] {
				assert.Empty(t, page.DeltaLink)
			}
		})
	}
}

func TestChangesDuringAScanOfChangesAreNotLost(t *testing.T) {
	s := newService(t, map[string]int{"account": 10})
	ids := s.ids("account")
	link := s.track("accounts")
	for i := range 4 {
		require.NoError(t, edit.Delete(s.env, "account", ids[i]))
	}
	require.NoError(t, edit.Update(s.env, "account", ids[9], map[string]any{"name": "before"}))
	first := s.get(link, "Prefer: odata.maxpagesize=3")
	require.NoError(t, edit.Update(s.env, "account", ids[8], map[string]any{"name": "meanwhile"}))
	rest := s.scan(first.NextLink, "Prefer: odata.maxpagesize=3")
	assert.Contains(t, upserts(rest), ids[8])
}

func TestARecreatedRow(t *testing.T) {
	for name, once := range map[string]bool{"stands in both lists": false, "stands among the changes alone where that is chosen": true} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, map[string]int{"account": 3}, behave(rows.Behaviors{RecreatedOnlyUpserted: once}))
			id := s.ids("account")[1]
			link := s.track("accounts")
			require.NoError(t, edit.Delete(s.env, "account", id))
			s.create("account", map[string]any{"accountid": id, "name": "again"})
			page := []content{s.get(link)}
			assert.Equal(t, []string{id}, upserts(page))
			assert.Equal(t, !once, slices.Contains(deletions(page), id))
			assert.Len(t, s.ids("account"), 3)
		})
	}
}

func TestDeletionsAtPageEnds(t *testing.T) {
	s := newService(t, map[string]int{"account": 20}, behave(rows.Behaviors{DeletionsAtPageEnd: true}))
	ids := s.ids("account")
	link := s.track("accounts")
	for i := range 6 {
		require.NoError(t, edit.Update(s.env, "account", ids[i], map[string]any{"name": "changed"}))
		require.NoError(t, edit.Delete(s.env, "account", ids[10+i]))
	}
	pages := s.scan(link, "Prefer: odata.maxpagesize=4")
	assert.Len(t, deletions(pages[:1]), 1)
	assert.Len(t, upserts(pages[:1]), 3)
	assert.Equal(t, ids[:6], upserts(pages))
	assert.Equal(t, ids[10:16], deletions(pages))
}

func TestRepeatedRows(t *testing.T) {
	s := newService(t, map[string]int{"account": 7}, behave(rows.Behaviors{RepeatRows: true}))
	for name, target := range map[string]string{"by key": "accounts", "by name": "accounts?$orderby=name"} {
		t.Run(name, func(t *testing.T) {
			pages := s.scan(target, "Prefer: odata.maxpagesize=3")
			require.Len(t, pages, 3)
			assert.Equal(t, upserts(pages[:1])[2], upserts(pages[1:2])[0])
			assert.ElementsMatch(t, s.ids("account"), slices.Compact(upserts(pages)))
		})
	}
	t.Run("in a delta", func(t *testing.T) {
		link := s.track("accounts")
		ids := s.ids("account")
		for _, id := range ids {
			require.NoError(t, edit.Update(s.env, "account", id, map[string]any{"name": "changed"}))
		}
		pages := s.scan(link, "Prefer: odata.maxpagesize=3")
		assert.Equal(t, upserts(pages[:1])[2], upserts(pages[1:2])[0])
		assert.Equal(t, ids, slices.Compact(upserts(pages)))
	})
}

func TestReadDepth(t *testing.T) {
	s := newService(t, map[string]int{"account": 400})
	link := s.track("accounts")
	all := s.ids("account")
	var reached int
	for _, d := range []schema.Depth{schema.Basic, schema.Local, schema.Deep} {
		s.env.SetReadDepth("account", d)
		rows := upserts(s.scan("accounts?$select=name", "Prefer: odata.maxpagesize=30"))
		assert.Greater(t, len(rows), reached, "%s reaches further", d)
		assert.Subset(t, all, rows)
		reached = len(rows)
		for _, target := range []string{"accounts", link} {
			a := s.do(http.MethodGet, target, "", "Prefer: odata.track-changes")
			code, message := a.refusal(t)
			assert.Equal(t, http.StatusForbidden, a.status)
			assert.Equal(t, "0x80040220", code)
			assert.Contains(t, message, "is missing prvReadAccount privilege")
		}
	}
	assert.Less(t, reached, 400)
	s.env.SetReadDepth("account", schema.None)
	a := s.do(http.MethodGet, "accounts", "")
	_, message := a.refusal(t)
	assert.Equal(t, http.StatusForbidden, a.status)
	assert.Regexp(t, `^Principal user \(Id=[0-9a-f-]{36}, type=8, roleCount=5, privilegeCount=465, accessMode=0\), is missing prvReadAccount privilege \(Id=[0-9a-f-]{36}\) on OTC=1 for entity 'account'. context.Caller=[0-9a-f-]{36}$`, message)
	s.env.SetReadDepth("account", schema.Global)
	assert.Empty(t, s.get(link).Value, "the token is good again with the role")
}

func TestAnIntersectTableNeedsTrackedParents(t *testing.T) {
	s := newService(t, map[string]int{"systemuserroles": 2})
	s.track("systemuserrolescollection")
	require.NoError(t, s.env.SetTracked("role", false))
	a := s.do(http.MethodGet, "systemuserrolescollection", "", "Prefer: odata.track-changes")
	code, message := a.refusal(t)
	assert.Equal(t, "0x80072492", code)
	assert.Equal(t, "Changes cannot be retrieved for intersect entity systemuserroles since both related entities are not enabled for change tracking.", message)
}

func TestARowDeletedTwiceIsReportedOnce(t *testing.T) {
	s := newService(t, map[string]int{"account": 2})
	id, other := s.ids("account")[0], s.ids("account")[1]
	link := s.track("accounts")
	for range 2 {
		require.NoError(t, edit.Delete(s.env, "account", id))
		s.create("account", map[string]any{"accountid": id})
	}
	require.NoError(t, edit.Delete(s.env, "account", id))
	assert.Equal(t, []string{id}, deletions([]content{s.get(link)}))
	s.create("account", map[string]any{"accountid": id})
	set := changeSet("DELETE accounts("+id+") HTTP/1.1\n", "DELETE accounts("+other+") HTTP/1.1\n",
		"DELETE accounts(00000000-0000-0000-0000-00000000000a) HTTP/1.1\n")
	assert.Equal(t, http.StatusBadRequest, s.batch(set+"--batch_1--").status)
	page := []content{s.get(link)}
	assert.Equal(t, []string{id}, deletions(page), "a change set that failed leaves the earlier deletion")
	assert.Equal(t, []string{id}, upserts(page))
}
