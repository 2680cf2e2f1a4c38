package replicate_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestAPageThatIsRefusedForGoodIsNoDeadEnd(t *testing.T) {
	for name, refused := range map[string]error{
		"with a code that is not known":    refusal(http.StatusBadRequest, "0x80040203"),
		"without a code":                   refusal(http.StatusBadRequest, ""),
		"because it is gone":               refusal(http.StatusGone, ""),
		"because a row is not found":       refusal(http.StatusNotFound, "0x80040217"),
		"because the segment is not known": refusal(http.StatusNotFound, dataverse.CodeURINotParsed),
		"with the code of a paging cookie": cookieRefused(),
		"by a gateway that says not found": refusal(http.StatusNotFound, ""),
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			s.answers[second] = append([]answer{{err: refused}}, s.answers[second]...)
			s.answers[first] = append(s.answers[first], s.answers[first]...)
			begin := `"begin":"` + escaped(keysSince(100)) + `","issued":"2026-04-01T11:00:00Z","greatest":"` + march + `",` + ofOrganization()
			got := run(t, s, nil, incremental(`{"version":2,"phase":"initial","link":"`+escaped(second)+`",`+begin+`}`))
			require.Zero(t, got.failed, got.messages)
			assert.Equal(t, []dataverse.Link{second, first}, s.links()[:2])
			assert.Contains(t, got.log, "no longer takes the page to go on from")
		})
	}
}

func TestChangesOfWhichAPageIsRefusedForGoodBeginAgainAtTheirBegin(t *testing.T) {
	s := script(map[dataverse.Link]answer{changesTwo: {err: refusal(http.StatusBadRequest, "0x80040203")}, changesSince(50): {delta: changesSince(60)}})
	got := run(t, s, nil, incremental(middleState(changesSince(50), march)))
	require.Zero(t, got.failed, got.messages)
	assert.Equal(t, []dataverse.Link{changesTwo, changesSince(50)}, s.links())
}

func TestAPageThatIsRefusedForGoodEachTimeIsAnError(t *testing.T) {
	s := trackedTable()
	refused := answer{err: refusal(http.StatusNotFound, "0x80040217")}
	s.answers[second] = []answer{refused, refused, refused, refused, refused}
	begin := s.answers[first][0]
	s.answers[first] = []answer{begin, begin, begin, begin, begin}
	got := run(t, s, nil, incremental(initialState(second, `"greatest":"`+march+`",`+ofOrganization())))
	assert.Equal(t, 1, got.failed)
	assert.Len(t, s.answers[second], 1, "it is asked for once and three times more")
}
