package replicate_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/replicate"
)

// inconclusive returns errors that are no evidence against a link or a token.
func inconclusive() map[string]error {
	return map[string]error{
		"400 without a code":             refusal(http.StatusBadRequest, ""),
		"404 without a code":             refusal(http.StatusNotFound, ""),
		"410 without a code":             refusal(http.StatusGone, ""),
		"400 of a plug-in":               refusal(http.StatusBadRequest, "0x80040265"),
		"400 of an invalid argument":     refusal(http.StatusBadRequest, "0x80040203"),
		"400 of another code":            refusal(http.StatusBadRequest, "0x80048d19"),
		"404 of a row that is not found": refusal(http.StatusNotFound, dataverse.CodeNotFound),
	}
}

func TestARefusalWithoutEvidenceLeavesTheStateAlone(t *testing.T) {
	snapshot := snapshotState(second, `"max_cursor":"`+march+`",`+ofOrganization())
	for place, c := range map[string]struct {
		stream replicate.Stream
		link   dataverse.Link
	}{
		"in the middle of a full refresh": {fullRefresh(fullState(`"link":"` + escaped(second) + `",` + ofOrganization())), second},
		"at the start of a full refresh":  {fullRefresh(""), first},
		"at the start":                    {incremental(""), first},
		"in a token scan":                 {incremental(`{"version":2,"phase":"token_scan","link":"` + escaped(keysTwo) + `",` + ofOrganization() + `}`), keysTwo},
		"in a snapshot":                   {incremental(snapshot), second},
		"at a delta link":                 {incremental(changesState(100, march)), changesSince(100)},
		"at an edited delta link":         {incremental(stateOf(narrow())), changesSince(100)},
		"in the middle of changes":        {incremental(middleState(changesSince(100), march)), changesTwo},
		"by the keys of changed rows":     {incremental(narrowByKeys()), narrow()},
	} {
		for name, refused := range inconclusive() {
			t.Run(place+", "+name, func(t *testing.T) {
				s := script(map[dataverse.Link]response{c.link: {err: refused}})
				got := run(t, s, func(j *replicate.Job) { j.FailOnExpiry = true }, c.stream)
				assert.Equal(t, []dataverse.Link{c.link}, s.links())
				assert.Equal(t, []string{"account ERROR " + refused.Error(), "account INCOMPLETE"}, got.messages[len(got.messages)-2:])
				assert.Empty(t, got.states(), "the saved one stays")
			})
		}
	}
}

func TestAScanWhosePageIsUnknownStartsOver(t *testing.T) {
	for name, refused := range map[string]error{
		"because the segment is not known": refusal(http.StatusNotFound, dataverse.CodeURINotParsed),
		"because it cannot be parsed":      refusal(http.StatusBadRequest, dataverse.CodeURINotParsed),
		"by the number in its cookie":      cookieRefused(),
		"by the order in its cookie":       refusal(http.StatusBadRequest, dataverse.CodePageOrder),
		"by its token":                     expired(),
	} {
		t.Run(name, func(t *testing.T) {
			s := trackedTable()
			s.responses[second] = append([]response{{err: refused}}, s.responses[second]...)
			got := run(t, s, nil, incremental(snapshotState(second, `"max_cursor":"`+march+`",`+ofOrganization())))
			require.Zero(t, got.failed, got.messages)
			assert.Equal(t, []dataverse.Link{second, first}, s.links()[:2])
			assert.Contains(t, got.log, "no longer accepts the page to continue with")
		})
	}
}

func TestAPageOfChangesThatIsRefusedLeadsBackToTheDeltaLink(t *testing.T) {
	s := script(map[dataverse.Link]response{changesTwo: {err: cookieRefused()}, changesSince(50): {delta: changesSince(60)}})
	got := run(t, s, nil, incremental(middleState(changesSince(50), march)))
	require.Zero(t, got.failed, got.messages)
	assert.Equal(t, []dataverse.Link{changesTwo, changesSince(50)}, s.links())
}

func TestAPageThatIsRefusedEachTimeIsAnError(t *testing.T) {
	s := trackedTable()
	refused := response{err: cookieRefused()}
	s.responses[second] = []response{refused, refused, refused, refused, refused}
	begin := s.responses[first][0]
	s.responses[first] = []response{begin, begin, begin, begin, begin}
	got := run(t, s, nil, incremental(snapshotState(second, `"max_cursor":"`+march+`",`+ofOrganization())))
	assert.Equal(t, 1, got.failed)
	assert.Len(t, s.responses[second], 1, "it is asked for once and three times more")
}
