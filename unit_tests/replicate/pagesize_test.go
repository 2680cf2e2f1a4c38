package replicate_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

const inMarch = "2026-03-01T00:00:00Z"

func tooExpensive() error { return refusal(http.StatusBadRequest, "0x80044151") }

// sizes lists the links asked for, each with the size of its page.
func sizes(s *service) []string {
	var all []string
	for _, q := range s.noted {
		less := map[int]string{0: "", 1: " or less", 3: ", in the end less"}[q.ExpensiveAttempts]
		all = append(all, fmt.Sprintf("%s %d%s", pageName(q.Link), q.Size, less))
	}
	return all
}

func pageName(link dataverse.Link) string {
	switch link {
	case first:
		return "first"
	case second, numbered:
		return "second"
	default:
		return "another"
	}
}

// numbered is the second page of a table whose paging cookie holds nothing but the page's number, as a virtual one's.
const numbered = first + "&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"

func TestAPageThatIsTooExpensiveIsRequestedInSmallerOnes(t *testing.T) {
	t.Run("where it is the first", func(t *testing.T) {
		s := &service{responses: map[dataverse.Link][]response{first: {{err: tooExpensive()}, {err: tooExpensive()}, {rows: []string{row("a1", inMarch)}}}}}
		got := run(t, s, nil, fullRefresh(""))
		require.Zero(t, got.failed, got.messages)
		assert.Equal(t, []string{"first 5000 or less", "first 1000 or less", "first 250 or less"}, sizes(s))
		assert.Contains(t, got.log, "A page was too expensive")
	})
	t.Run("in the middle of a scan that continues behind a key", func(t *testing.T) {
		s := &service{responses: map[dataverse.Link][]response{
			first:  {{rows: []string{row("a1", inMarch)}, next: second}},
			second: {{err: tooExpensive()}, {rows: []string{row("a2", inMarch)}}},
		}}
		got := run(t, s, nil, fullRefresh(""))
		require.Zero(t, got.failed, got.messages)
		assert.Equal(t, []string{"first 5000 or less", "second 5000 or less", "second 1000 or less"}, sizes(s))
		assert.NotContains(t, fmt.Sprint(got.messages), "page_size", "its pages may have any size")
	})
	t.Run("in a scan that numbers its pages, which begins again", func(t *testing.T) {
		s := &service{responses: map[dataverse.Link][]response{
			first:    {{rows: []string{row("a1", inMarch)}, next: numbered}, {rows: []string{row("a1", inMarch)}, next: numbered}},
			numbered: {{err: tooExpensive()}, {rows: []string{row("a2", inMarch)}}},
		}}
		got := run(t, s, nil, fullRefresh(""))
		require.Zero(t, got.failed, got.messages)
		assert.Equal(t, []string{"first 5000 or less", "second 5000, in the end less", "first 1000 or less", "second 1000, in the end less"}, sizes(s), "the second is tried more than once")
		assert.Contains(t, got.log, "starts over with smaller pages. Rows already sent are sent again")
	})
	t.Run("down to a single row where it is too large for the memory", func(t *testing.T) {
		large := fmt.Errorf("read a page of account: %w", &dataverse.ResponseTooLargeError{Bytes: 1 << 26})
		s := &service{responses: map[dataverse.Link][]response{first: {{err: large}, {err: large}, {err: large}, {err: large}, {err: large}, {rows: []string{row("a1", inMarch)}}}}}
		got := run(t, s, nil, fullRefresh(""))
		require.Zero(t, got.failed, got.messages)
		assert.Equal(t, "first 1", sizes(s)[5])
	})
	t.Run("also where the service fails without a code", func(t *testing.T) {
		s := &service{responses: map[dataverse.Link][]response{first: {{err: refusal(http.StatusInternalServerError, "")}, {rows: []string{row("a1", inMarch)}}}}}
		got := run(t, s, nil, fullRefresh(""))
		require.Zero(t, got.failed, got.messages)
		assert.Equal(t, []string{"first 5000 or less", "first 1000 or less"}, sizes(s))
	})
	t.Run("until there is no smaller one", func(t *testing.T) {
		s := &service{responses: map[dataverse.Link][]response{first: {{err: tooExpensive()}, {err: tooExpensive()}, {err: tooExpensive()}, {err: tooExpensive()}}}}
		got := run(t, s, nil, fullRefresh(""))
		assert.Equal(t, 1, got.failed)
		assert.Equal(t, []string{"first 5000 or less", "first 1000 or less", "first 250 or less", "first 50"}, sizes(s))
	})
}

func TestPagesGrowAgainOnceTheyAreNotTooExpensive(t *testing.T) {
	for name, example := range map[string]struct {
		link func(n int) dataverse.Link
		last int
	}{
		"where they continue behind a key": {func(n int) dataverse.Link { return keyed(n) }, 5000},
		"but not where they are numbered":  {func(n int) dataverse.Link { return dataverse.Link(fmt.Sprintf("%s&$skiptoken=%d", first, n)) }, 250},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{responses: map[dataverse.Link][]response{first: {{err: tooExpensive()}, {err: tooExpensive()}, {rows: []string{row("a0", inMarch)}, next: example.link(1)}}}}
			for n := 1; n < 40; n++ {
				s.responses[example.link(n)] = []response{{rows: []string{row(fmt.Sprintf("a%d", n), inMarch)}, next: example.link(n + 1)}}
			}
			s.responses[example.link(40)] = []response{{rows: []string{row("z", inMarch)}}}
			got := run(t, s, nil, fullRefresh(""))
			require.Zero(t, got.failed, got.messages)
			assert.Equal(t, example.last, s.noted[len(s.noted)-1].Size)
		})
	}
}

func TestALaterScanOfTheSyncStartsWithTheSizeFound(t *testing.T) {
	s := trackedTable()
	s.responses[first] = append([]response{{err: tooExpensive()}}, s.responses[first]...)
	s.responses[keysLink] = append([]response{{err: tooExpensive()}}, s.responses[keysLink]...)
	got := run(t, s, nil, incremental(""))
	require.Zero(t, got.failed, got.messages)
	var asked []string
	for _, q := range s.asked {
		asked = append(asked, fmt.Sprintf("%s %d", q.Link, q.Size))
	}
	want := func(link dataverse.Link, size int) string { return fmt.Sprintf("%s %d", link, size) }
	assert.Equal(t, []string{
		want(first, 5000), want(first, 1000), want(keysLink, 5000), want(keysLink, 1000), // keys are shorter than rows
		want(first, 1000), want(second, 1000), want(changesSince(100), 1000),
	}, asked)
	assert.Equal(t, 2, strings.Count(got.log, "A page was too expensive"), "one warning for rows, one for keys")
}

func keyed(n int) dataverse.Link {
	return dataverse.Link(fmt.Sprintf("%s&$skiptoken=%%3Ccookie%%20pagenumber=%%22%d%%22%%20pagingcookie=%%22%%253caccountid%%2520last%%253d%%2522a%%2522%%253e%%22%%20/%%3E", first, n))
}

func TestResumedNumberedPagesKeepTheirSize(t *testing.T) {
	s := &service{responses: map[dataverse.Link][]response{first: {{rows: []string{row("a1", inMarch)}, next: numbered}}, numbered: {{err: refusal(http.StatusForbidden, "")}}}}
	got := run(t, s, func(j *replicate.Job) { j.PageSize = 700 }, fullRefresh(""))
	require.Equal(t, 1, got.failed)
	assert.Contains(t, got.lastState(), `"page_size":700`)

	s = &service{responses: map[dataverse.Link][]response{numbered: {{rows: []string{row("a2", inMarch)}}}}}
	got = run(t, s, func(j *replicate.Job) { j.PageSize = 5000 }, fullRefresh(got.lastState()))
	require.Zero(t, got.failed, got.messages)
	assert.Equal(t, []string{"second 700, in the end less"}, sizes(s), "another size would lead to other rows")
}

func TestAThrottledStreamIsShownAsRateLimited(t *testing.T) {
	until := time.Date(2026, 4, 1, 12, 5, 0, 0, time.UTC)
	s := &service{responses: map[dataverse.Link][]response{first: {{rows: []string{row("a1", inMarch)}}}}}
	s.before = func(q dataverse.PageRequest) {
		q.OnThrottled(until)
	}
	got := run(t, s, nil, fullRefresh(""))
	require.Zero(t, got.failed)
	assert.Equal(t, []string{"account STARTED", "account RUNNING RATE_LIMITED until 2026-04-01T12:05:00Z", "account RUNNING"}, got.messages[:3])
}

func TestAnEstimateIsCorrectedOnce(t *testing.T) {
	two := func() map[dataverse.Link][]response {
		return map[dataverse.Link][]response{
			first:  {{rows: []string{row("a1", inMarch), row("a2", inMarch)}, next: second}},
			second: {{rows: []string{row("a3", inMarch)}}},
		}
	}
	counted := func(s replicate.Stream, rows int64) replicate.Stream {
		s.Rows = rows
		return s
	}
	line := `account ESTIMATE %d rows, %d bytes`
	var length int
	for name, example := range map[string]struct {
		stream replicate.Stream
		rows   int
	}{
		"by its first page and the table's rows":        {counted(fullRefresh(""), 300), 300},
		"by what has come, where the count is outdated": {counted(fullRefresh(""), 1), 2},
		"and not where the rows were not counted":       {fullRefresh(""), 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, &service{responses: two()}, nil, example.stream)
			var estimates []string
			for _, m := range got.messages {
				if len(m) > 16 && m[:16] == "account ESTIMATE" {
					estimates = append(estimates, m)
				}
			}
			if example.rows == 0 {
				assert.Empty(t, estimates)
				return
			}
			length = got.recordLength(t)
			require.Len(t, estimates, 2)
			assert.Contains(t, estimates[0], fmt.Sprintf("ESTIMATE %d rows", example.stream.Rows), "before the first page")
			assert.Equal(t, fmt.Sprintf(line, example.rows, example.rows*length), estimates[1])
		})
	}
}

func TestAnOutageDoesNotMakeTheNextOneLonger(t *testing.T) {
	const outages, between = 4, 200
	outage, full, pages := 1, 0, 0
	small := make([]int, outages+1) // pages behind each outage before the full size is back
	s := script(nil)
	s.generate = func(q dataverse.PageRequest) response {
		switch {
		case full == 0 && q.Size > 50 && small[outage] == 0:
			return response{err: refusal(http.StatusInternalServerError, "")}
		case q.Size == 5000:
			full++
		default:
			small[outage]++
		}
		pages++
		page := response{rows: []string{row(fmt.Sprintf("a%d", pages), inMarch)}}
		if full == between {
			if outage++; outage > outages {
				return page
			}
			full = 0
		}
		page.next = dataverse.Link(fmt.Sprintf("%s&$skiptoken=%%20last=%%22%d", first, pages))
		return page
	}
	got := run(t, s, nil, fullRefresh(""))
	require.Equal(t, "account COMPLETE", got.last())
	assert.Equal(t, []int{0, small[1], small[1], small[1], small[1]}, small)
}
