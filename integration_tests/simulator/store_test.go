package simulator

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheIndexKeepsIDsInOrder(t *testing.T) {
	var index idIndex
	var want []rowID
	at := func(i int) rowID { return newSequence(mix(word(i)), "x", 0).id(0) }
	for i := range 3000 {
		index.insert(at(i))
		index.insert(at(i)) // once more changes nothing
	}
	for i := range 3000 {
		if i%3 == 0 {
			index.remove(at(i))
			index.remove(at(i))
			continue
		}
		want = append(want, at(i))
	}
	slices.SortFunc(want, rowID.compare)
	got := slices.Collect(index.from(rowID{}))
	assert.Equal(t, want, got)
	assert.Len(t, got, index.n)
	middle := got[1234]
	assert.Equal(t, got[1234:], slices.Collect(index.from(middle)))
	middle[15]++
	assert.Equal(t, got[1235:], slices.Collect(index.from(middle)))
	for _, id := range got {
		index.remove(id)
	}
	assert.Empty(t, slices.Collect(index.from(rowID{})))
}

func TestTablesThatCannotStandTogether(t *testing.T) {
	small := func(name, set string) *Table {
		return &Table{LogicalName: name, EntitySetName: set, PrimaryID: "id", Columns: []Column{{LogicalName: "id", Type: Uniqueidentifier}}}
	}
	for name, tables := range map[string][]*Table{
		"two of one name":       {small("a", "as"), small("a", "bs")},
		"two of one entity set": {small("a", "as"), small("b", "as")},
		"one without a key":     {{LogicalName: "a", PrimaryID: "id"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(Options{Tables: tables})
			require.Error(t, err)
		})
	}
	t.Run("an organization that is no guid", func(t *testing.T) {
		_, err := New(Options{Tables: []*Table{}, Organization: "contoso"})
		require.ErrorContains(t, err, "not a guid")
	})
}

func TestDrivingFromGo(t *testing.T) {
	s := newService(t, map[string]int{"account": 1, "contact": 2, "systemuser": 1, "team": 1})
	account, contact, team := s.ids("account")[0], s.ids("contact")[1], s.ids("team")[0]
	require.NoError(t, s.env.Update("account", account, Row{"_primarycontactid_value": contact, "_ownerid_value": team, "revenue": 12.345}))
	page := []content{s.get("accounts")}
	assert.Equal(t, []string{contact}, column(page, "_primarycontactid_value"))
	assert.Equal(t, []string{team}, column(page, "_owningteam_value"), "the owner is a team")
	assert.Equal(t, []string{"null"}, column(page, "_owninguser_value"))
	assert.Equal(t, column(page, "revenue"), column(page, "revenue_base"))
	for name, err := range map[string]error{
		"no table":     s.env.Update("nothing", account, nil),
		"no such row":  s.env.Delete("account", contact),
		"no guid":      s.env.Delete("account", "1"),
		"wrong option": s.env.Update("account", account, Row{"industrycode": 4711}),
		"wrong status": s.env.Update("account", account, Row{"statecode": 0, "statuscode": 2}),
		"wrong type":   s.env.Update("account", account, Row{"name": 5}),
		"no reference": s.env.Update("account", account, Row{"_primarycontactid_value": "x"}),
	} {
		assert.Error(t, err, name)
	}
	var refusal *apiError
	require.ErrorAs(t, s.env.Update("account", account, Row{"industrycode": 4711}), &refusal)
	assert.Equal(t, "0x8004431A", refusal.code)
	require.ErrorAs(t, s.env.Update("account", account, Row{"statecode": 0, "statuscode": 2}), &refusal)
	assert.Equal(t, "0x80048408", refusal.code)
	assert.Equal(t, "2 is not a valid status code for state code AccountState.Active on account with Id "+account+".", refusal.message)
}

func TestManyClientsAtOnce(t *testing.T) {
	s := newService(t, map[string]int{"account": 50})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 20 {
				_, err := s.env.Create("account", Row{"name": "x"})
				assert.NoError(t, err)
				assert.Equal(t, http.StatusOK, s.do(http.MethodGet, "accounts?$select=name", "", "Prefer: odata.track-changes").status)
			}
		})
	}
	clients.Wait()
	assert.Len(t, s.ids("account"), 130)
}

func FuzzParseCookie(f *testing.F) {
	f.Add(`<cookie pagenumber="2" pagingcookie="%3ccookie%20page%3d%221%22%3e%3ccontactid%20last%3d%22%7bA%7d%22%20first%3d%22%7bA%7d%22%20%2f%3e%3c%2fcookie%3e" istracking="False" />`)
	f.Add(`<cookie pagenumber="3" istracking="True" />`)
	f.Fuzz(func(t *testing.T, text string) {
		c, refusal := parseCookie(text)
		if refusal != nil {
			return
		}
		if c.text() != text {
			t.Errorf("%q was taken for %q", text, c.text())
		}
	})
}
