package webapi

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
)

func TestARangeOfKeysHasItsRowsInOrder(t *testing.T) {
	for _, keys := range []rows.KeyPattern{rows.OneNode, rows.ThreeNodes, rows.RandomKeys} {
		s := newService(t, map[string]int{"contact": 30}, func(o *rows.Options) { o.Keys = keys })
		for range 10 {
			s.create("contact", map[string]any{"lastname": "made"})
		}
		all := s.ids("contact")
		low, high := all[7], all[25]
		tests := map[string]struct {
			target string
			want   []string
		}{
			"half-open":         {"contacts?$filter=contactid gt " + low + " and contactid le " + high + "&$orderby=contactid asc", all[8:26]},
			"closed":            {"contacts?$filter=contactid ge " + low + " and contactid le " + high + "&$orderby=contactid", all[7:26]},
			"without an end":    {"contacts?$filter=contactid gt " + low + "&$orderby=contactid asc", all[8:]},
			"without a start":   {"contacts?$filter=contactid lt " + high + "&$orderby=contactid asc", all[:25]},
			"empty":             {"contacts?$filter=contactid gt " + high + " and contactid le " + low + "&$orderby=contactid asc", []string{}},
			"beside a name":     {"contacts?$filter=contactid gt " + low + " and lastname eq null or contactid eq " + low, []string{low}},
			"of two conditions": {"contacts?$filter=contactid gt " + low + " and not contactid gt " + high, all[8:26]},
		}
		for name, test := range tests {
			got := column(s.scan(test.target, "Prefer: odata.maxpagesize=4"), "contactid")
			assert.Equal(t, test.want, append([]string{}, got...), "%s, pattern %d", name, keys)
		}
		last := s.get("contacts?$filter=contactid le "+high+"&$orderby=contactid desc", "Prefer: odata.maxpagesize=3")
		assert.Equal(t, []string{all[25], all[24], all[23]}, column([]content{last}, "contactid"))
	}
}

func TestKeysAreComparedAsTheSwitchRequires(t *testing.T) {
	const seven = 7
	target := func(s service) (string, []string) {
		all := s.ids("contact")
		return "contacts?$select=contactid&$filter=contactid gt " + all[seven], all
	}
	t.Run("as text", func(t *testing.T) {
		s := newService(t, map[string]int{"contact": 30}, behave(rows.Behaviors{KeyComparison: rows.KeysComparedAsText}))
		path, all := target(s)
		want := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id <= all[seven] })
		got := column([]content{s.get(path)}, "contactid")
		assert.Equal(t, want, got, "still in the order of SQL Server")
		assert.NotEqual(t, all[seven+1:], got)
	})
	t.Run("not at all", func(t *testing.T) {
		s := newService(t, map[string]int{"contact": 30}, behave(rows.Behaviors{KeyComparison: rows.KeysNotCompared}))
		path, all := target(s)
		assert.Equal(t, all, column([]content{s.get(path)}, "contactid"))
		assert.Len(t, s.get("contacts?$filter=contactid eq "+all[seven]).Value, 1)
	})
	t.Run("with a refusal", func(t *testing.T) {
		s := newService(t, map[string]int{"contact": 30}, behave(rows.Behaviors{KeyComparison: rows.KeyComparisonRefused}))
		path, all := target(s)
		code, _ := s.do(http.MethodGet, path, "").refusal(t)
		assert.Equal(t, "0x80041120", code)
		assert.Len(t, s.get("contacts?$filter=contactid eq "+all[seven]).Value, 1)
	})
}

func TestATrackedScanCanReturnRowsByVersion(t *testing.T) {
	for _, repeat := range []bool{false, true} {
		s := newService(t, map[string]int{"contact": 25}, behave(rows.Behaviors{ScanByVersion: true, RepeatRows: repeat}))
		all := s.ids("contact")
		require.NoError(t, edit.Update(s.env, "contact", all[3], map[string]any{"lastname": "changed"}))
		require.NoError(t, edit.Delete(s.env, "contact", all[4]))
		made := s.create("contact", map[string]any{"lastname": "made"})
		pages := s.scan("contacts?$select=contactid", "Prefer: odata.track-changes,odata.maxpagesize=4")
		ids := slices.Compact(column(pages, "contactid"))
		assert.ElementsMatch(t, s.ids("contact"), ids)
		assert.Equal(t, []string{all[3], made}, ids[len(ids)-2:])
		assert.False(t, slices.Equal(s.ids("contact"), ids))
		assert.NotEmpty(t, pages[len(pages)-1].DeltaLink)
		assert.Equal(t, s.ids("contact"), slices.Compact(column(s.scan("contacts?$select=contactid", "Prefer: odata.maxpagesize=4"), "contactid")), "other scans return rows by key")
	}
}

func TestARowThatChangesInAScanByVersionIsReturnedAgain(t *testing.T) {
	s := newService(t, map[string]int{"contact": 10}, behave(rows.Behaviors{ScanByVersion: true}))
	first := s.get("contacts?$select=contactid", "Prefer: odata.track-changes,odata.maxpagesize=4")
	sent := column([]content{first}, "contactid")[0]
	require.NoError(t, edit.Update(s.env, "contact", sent, map[string]any{"lastname": "changed"}))
	rest := column(s.scan(first.NextLink, "Prefer: odata.maxpagesize=4"), "contactid")
	assert.Len(t, rest, 7)
	assert.Equal(t, sent, rest[6])
}
