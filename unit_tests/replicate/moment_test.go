package replicate_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/bitstrapped/airbyte"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// clocksSince is the delta link of another table, small and quiet, that is read before the accounts.
func clocksSince(version int) dataverse.Link {
	return dataverse.NewDeltaLink("clocks", []string{"accountid", "modifiedon", "name"}, token(version))
}

// clock is the stream of that table. Its state says what earlier reads have found.
func clock(found replicate.Moment) replicate.Stream {
	table, _ := tableNamed("clock")
	table.Tracked = true
	state := `{"version":2,"phase":"delta","link":"` + escaped(clocksSince(50)) + `",` + ofOrganization()
	if found != replicate.NotKnown {
		state += `,"token_of":"` + string(found) + `"`
	}
	return streamOf(table, airbyte.SyncModeIncremental, state+"}")
}

// follow reads the clock to its end, and then the accounts. Its state begins at version 50 and ends at 60. What is asked of
// it later is answered in turn.
func follow(t *testing.T, s *service, found replicate.Moment, ticks []answer, state string) outcome {
	t.Helper()
	s.answers[clocksSince(50)] = []answer{{delta: clocksSince(60)}}
	asked := clocksSince(60)
	for _, tick := range ticks {
		s.answers[asked] = append(s.answers[asked], tick)
		asked = tick.delta
	}
	var out, log bytes.Buffer
	job := newJob(s, &out, &log)
	_, err := job.Run(t.Context(), []replicate.Stream{clock(found)})
	require.NoError(t, err)
	out.Reset()
	failed, err := job.Run(t.Context(), []replicate.Stream{incremental(state)})
	return outcome{failed: failed, err: err, messages: messages(t, &out), log: log.String()}
}

// still is the clock's answer as long as nothing is written.
func still() answer { return answer{delta: clocksSince(60)} }

// accounts are the requests for pages of accounts.
func (s *service) accounts() []dataverse.Link {
	var links []dataverse.Link
	for _, link := range s.links() {
		if link.EntitySet() == "accounts" {
			links = append(links, link)
		}
	}
	return links
}

// page is the n-th page of a table of accounts, counted from 1.
func page(n int) dataverse.Link {
	if n == 1 {
		return first
	}
	return first + dataverse.Link(fmt.Sprintf("&$skiptoken=%%3Ccookie%%20pagenumber=%%22%d%%22%%20pagingcookie=%%22%%253caccountid%%2520last%%253d%%2522a2%%2522%%253e%%22%%20/%%3E", n))
}

// largeTable has so many pages of one row, and a delta link of a version behind the last.
func largeTable(pages, version int) *service {
	s := script(map[dataverse.Link]answer{changesSince(version): {delta: changesSince(version + 1)}})
	for n := 1; n <= pages; n++ {
		a := answer{rows: []string{row(fmt.Sprintf("a%d", n), "2026-03-01T00:00:00Z")}, next: page(n + 1)}
		if n == pages {
			a.next, a.delta = "", changesSince(version)
		}
		s.answers[page(n)] = []answer{a}
	}
	return s
}

func TestAFirstReadingOfManyPagesAsksForEachOnceWhereTokensStandForFirstPages(t *testing.T) {
	for _, pages := range []int{2, 3, 40} {
		t.Run(fmt.Sprintf("%d pages", pages), func(t *testing.T) {
			s := largeTable(pages, 70)
			got := follow(t, s, replicate.FirstPage, []answer{{delta: clocksSince(70)}}, "")
			require.Zero(t, got.failed, got.messages)
			assert.Len(t, s.accounts(), pages+1, "each page, and the changes since the first")
			assert.Len(t, s.links(), pages+1+2, "the other table's changes, and how far they have come")
			assert.Len(t, got.records(), pages)
			assert.Equal(t, changesSince(70), s.accounts()[pages])
			assert.Contains(t, got.lastState(), `"token_of":"first page"`)
			assert.NotContains(t, got.log, "WARN")
		})
	}
}

func TestWhichPageATokenStandsForIsProvedByVersions(t *testing.T) {
	changed := []string{row("c1", "2026-03-01T00:00:00Z")}
	opaque := first + "&$deltatoken=opaque"
	for name, c := range map[string]struct {
		ticks []answer // between the pages of the rows, behind the first and the fourth
		delta dataverse.Link
		found replicate.Moment
	}{
		"older than another table's token from before the last page":    {[]answer{{delta: clocksSince(70)}, {delta: clocksSince(71)}}, changesSince(70), replicate.FirstPage},
		"as old as another table's from behind the first page":          {[]answer{{delta: clocksSince(70)}, {delta: clocksSince(70)}}, changesSince(70), replicate.NotKnown},
		"newer than another table's from behind the first page":         {[]answer{{delta: clocksSince(70)}, {delta: clocksSince(71)}}, changesSince(72), replicate.LastPage},
		"newer than the first of another table's, as old as the second": {[]answer{{delta: clocksSince(70)}, {delta: clocksSince(72)}}, changesSince(72), replicate.LastPage},
		"older than one from before the first page":                     {[]answer{{delta: clocksSince(70)}, {delta: clocksSince(71)}}, changesSince(59), replicate.NotKnown},
		"nothing else was written at all":                               {[]answer{{delta: clocksSince(60)}, {delta: clocksSince(60)}}, changesSince(60), replicate.NotKnown},
		"the other table's token rises only with its own changes":       {[]answer{{delta: clocksSince(70), rows: changed}, {delta: clocksSince(71), rows: changed}}, changesSince(65), replicate.NotKnown},
		"the other table's token rises without its own, later":          {[]answer{{delta: clocksSince(70), rows: changed}, {delta: clocksSince(71)}}, changesSince(65), replicate.FirstPage},
		"the other table cannot be read any more":                       {[]answer{{err: expired()}}, changesSince(65), replicate.NotKnown},
		"the other table has changed too much":                          {[]answer{{next: clocksSince(61)}}, changesSince(65), replicate.NotKnown},
		"a token of an unknown form":                                    {[]answer{{delta: clocksSince(70)}, {delta: clocksSince(71)}}, opaque, replicate.NotKnown},
		"another table's token of an unknown form":                      {[]answer{{delta: "clocks?$deltatoken=x"}, {delta: "clocks?$deltatoken=y"}}, changesSince(65), replicate.NotKnown},
	} {
		t.Run(name, func(t *testing.T) {
			s := largeTable(5, 100)
			s.answers[page(1)] = append(s.answers[page(1)], s.answers[page(1)]...)
			s.answers[page(5)][0].delta = c.delta
			s.answers[keysLink] = []answer{{delta: keysSince(100)}}
			s.answers[changesSince(100)] = []answer{{delta: changesSince(101)}}
			got := follow(t, s, replicate.NotKnown, c.ticks, "")
			require.Zero(t, got.failed, got.messages)
			assert.Equal(t, []dataverse.Link{page(1), keysLink, page(1), page(2), page(3), page(4), page(5), changesSince(100)}, s.accounts(),
				"as long as nothing is proved, the token is taken before the rows")
			state, err := replicate.ParseState([]byte(got.lastState()))
			require.NoError(t, err)
			assert.Equal(t, c.found, state.TokenOf)
		})
	}
}

func TestAWalkThroughKeysOfManyPagesProvesWhichOneATokenStandsFor(t *testing.T) {
	s := trackedTable()
	s.answers[keysLink][0].next, s.answers[keysLink][0].delta = keysTwo, ""
	s.answers[keysTwo] = []answer{{delta: keysSince(100)}}
	got := follow(t, s, replicate.NotKnown, []answer{{delta: clocksSince(101)}}, "")
	assert.Contains(t, got.lastState(), `"token_of":"first page"`)
	assert.Equal(t, []dataverse.Link{clocksSince(50), first, keysLink, clocksSince(60), keysTwo, first, second, changesSince(100)}, s.links(),
		"once it is known nothing more is asked")
}

func TestTheTokenIsTakenBeforeTheRowsUnlessItIsProvedThatItNeedNot(t *testing.T) {
	for name, c := range map[string]struct {
		found replicate.Moment
		ticks []answer
	}{
		"tokens stand for last pages":                {replicate.LastPage, nil},
		"it is not known what they stand for":        {replicate.NotKnown, []answer{still()}},
		"no other table says how new a token may be": {replicate.FirstPage, []answer{{err: expired()}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			got := follow(t, s, c.found, c.ticks, "")
			require.Zero(t, got.failed, got.messages)
			assert.Equal(t, walkOf(), s.accounts())
		})
	}
	t.Run("an earlier read found it of another organisation", func(t *testing.T) {
		s := trackedTable()
		other := clock(replicate.FirstPage)
		other.State = bytes.ReplaceAll(other.State, []byte(organization), []byte("other"))
		_, small := tableNamed("clock")
		s.answers[small] = []answer{{delta: clocksSince(60)}}
		s.answers[clocksSince(60)] = []answer{{delta: clocksSince(70)}}
		job := newJob(s, &bytes.Buffer{}, &bytes.Buffer{})
		for _, stream := range []replicate.Stream{other, incremental("")} {
			failed, err := job.Run(t.Context(), []replicate.Stream{stream})
			require.NoError(t, err)
			require.Zero(t, failed)
		}
		assert.Equal(t, walkOf(), s.accounts())
	})
}

func TestATokenThatIsLaterThanTheFirstPageIsNotFollowed(t *testing.T) {
	s := largeTable(3, 100)
	for n := 1; n <= 3; n++ {
		s.answers[page(n)] = append(s.answers[page(n)], s.answers[page(n)]...)
	}
	s.answers[page(1)] = append(s.answers[page(1)], s.answers[page(1)][0])
	s.answers[keysLink] = []answer{{delta: keysSince(110)}}
	s.answers[changesSince(110)] = []answer{{delta: changesSince(111)}}
	got := follow(t, s, replicate.FirstPage, []answer{{delta: clocksSince(99)}}, "")
	require.Zero(t, got.failed, got.messages)
	assert.Equal(t, []dataverse.Link{
		page(1), page(2), page(3), page(1), keysLink, page(1), page(2), page(3), changesSince(110),
	}, s.accounts())
	assert.Contains(t, got.log, "its delta token cannot be proved to stand for a time before its rows")
	assert.Contains(t, got.lastState(), `"token_of":"last page"`)
	assert.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`)
	assert.Contains(t, got.log, "may still stand in the destination", "the keys of this table are no GUIDs, so none are held")
}

func TestATokenFromBeforeTheFirstPageIsNotFollowed(t *testing.T) {
	s := largeTable(3, 7) // a backup was restored meanwhile, or another counter gave it
	for n := 1; n <= 3; n++ {
		s.answers[page(n)] = append(s.answers[page(n)], s.answers[page(n)]...)
	}
	s.answers[page(1)] = append(s.answers[page(1)], s.answers[page(1)][0])
	s.answers[keysLink] = []answer{{delta: keysSince(10)}}
	s.answers[changesSince(10)] = []answer{{delta: changesSince(11)}}
	got := follow(t, s, replicate.FirstPage, []answer{{delta: clocksSince(70)}}, "")
	require.Zero(t, got.failed, got.messages)
	assert.Contains(t, got.log, "the table is read once more")
	assert.Contains(t, got.lastState(), "deletions_unknown_since")
}

func TestAKilledReadingWhoseTokenComesWithItsLastPageGoesOn(t *testing.T) {
	whole := follow(t, largeTable(3, 70), replicate.FirstPage, []answer{{delta: clocksSince(70)}}, "")
	states := whole.states()
	require.Len(t, states, 5)
	assert.Equal(t, `{"version":2,"phase":"initial","link":"`+escaped(page(2))+`","bound":"70","floor":"60","token_of":"first page","issued":"2026-04-01T12:00:00Z",`+
		`"greatest":"`+march+`",`+ofOrganization()+`}`, states[1])
	for name, c := range map[string]struct {
		state string
		asked []dataverse.Link
		gap   bool
	}{
		"in its first page, whose rows may have arrived": {states[0], []dataverse.Link{page(1), page(2), page(3), changesSince(70)}, true},
		"behind its first page":                          {states[1], []dataverse.Link{page(2), page(3), changesSince(70)}, false},
		"behind its second page":                         {states[2], []dataverse.Link{page(3), changesSince(70)}, false},
		"behind its last page":                           {states[3], []dataverse.Link{changesSince(70)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := largeTable(3, 70)
			got := follow(t, s, replicate.NotKnown, []answer{{delta: clocksSince(70)}}, c.state)
			require.Zero(t, got.failed, got.messages)
			assert.Equal(t, c.asked, s.accounts())
			assert.Equal(t, c.gap, bytes.Contains([]byte(got.lastState()), []byte("deletions_unknown_since")))
			assert.Equal(t, c.gap, bytes.Contains([]byte(got.log), []byte("may still stand in the destination")))
		})
	}
}

func TestAReadingWhoseTokenWasToComeTellsOfDeletionsWhereItHasToBeginAgain(t *testing.T) {
	s := largeTable(3, 70)
	s.answers[page(2)] = append([]answer{{err: cookieRefused()}}, s.answers[page(2)]...)
	s.answers[page(1)] = append(s.answers[page(1)], s.answers[page(1)]...)
	got := follow(t, s, replicate.FirstPage, []answer{{delta: clocksSince(70)}, {delta: clocksSince(70)}}, "")
	require.Zero(t, got.failed, got.messages)
	assert.Equal(t, []dataverse.Link{page(1), page(2), page(1), page(2), page(3), changesSince(70)}, s.accounts())
	assert.Equal(t, []string{record("a1", march), record("a1", noon), record("a2", afterNoon), record("a3", "2026-04-01T12:00:00.000002Z")}, got.records())
	assert.Contains(t, got.log, "its walk begins again")
	assert.Contains(t, got.lastState(), `"deletions_unknown_since":"2026-04-01T12:00:00Z"`)
	assert.Contains(t, got.log, "may still stand in the destination")
}
