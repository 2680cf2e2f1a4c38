package replicate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestATableWithARowWithoutAVersionIsReadInFull(t *testing.T) {
	s := scripted(map[dataverse.Link]response{withoutVersion: {rows: []string{`{"accountid":"a2"}`}}},
		map[dataverse.Link]response{versionedRows: {rows: []string{at("a1", 8), row("a2", inMarch)}}})
	got := run(t, s, nil, byVersion(""))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Len(t, got.records(), 2)
	assert.Contains(t, got.log, "cannot be selected by versionnumber, so the table is read in full.")
	assert.Contains(t, got.log, "some rows of the table have no version")

	s = scripted(map[dataverse.Link]response{withoutVersion: {err: tooExpensive()}, after(0, 0): {rows: []string{at("a1", 8)}}}, nil)
	got = run(t, s, nil, byVersion(""))
	assert.Equal(t, "account COMPLETE", got.last(), "the question is too expensive, but the rows are not")
}

func TestANewColumnOfAnUntrackedStreamIsReported(t *testing.T) {
	const before = `{"version":2,"phase":"by_version","columns":["accountid","versionnumber"],"derived":["name_label"],`
	s := scripted(map[dataverse.Link]response{after(7, 0): {rows: []string{at("a1", 8)}}}, nil)
	got := run(t, s, nil, byVersion(before+ofOrganization()+`,"after_version":"7"}`))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Contains(t, got.log, "level=WARN msg=\"The selected columns have changed.")
	assert.Contains(t, got.log, "added=name removed=name_label")
	assert.True(t, strings.HasPrefix(got.lastState(), strings.TrimSuffix(versionState(""), "}")), got.lastState())

	s = scripted(map[dataverse.Link]response{
		after(7, 0): {rows: []string{at("a2", 9)}}, newestIs("a1"): {rows: []string{at("a1", 8)}},
	}, nil)
	assert.NotContains(t, run(t, s, nil, byVersion(got.lastState())).log, "The selected columns have changed", "once")
}

func TestATableThatCannotBeReadByVersionIsReadInFull(t *testing.T) {
	s := scripted(map[dataverse.Link]response{
		after(7, 0): {rows: []string{at("a1", 8)}, next: versionedRows + "&$skiptoken=1"},
		after(8, 0): {err: refusal(http.StatusBadRequest, "0x8006088a")},
	}, map[dataverse.Link]response{versionedRows: {rows: []string{at("a1", 8), at("a2", 9)}}})
	got := run(t, s, nil, byVersion(versionState(ofOrganization()+`,"after_version":"7"`)))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Equal(t, []string{changed("a1", noon), changed("a1", afterNoon), changed("a2", afterNoon)}, got.records(), "the cursor rises")
	assert.Contains(t, got.log, "level=WARN msg=\"The rows of the table cannot be selected by versionnumber")
	assert.Contains(t, got.lastState(), `"phase":"full_refresh"`)

	const next = versionedRows + "&$skiptoken=1"
	s = scripted(map[dataverse.Link]response{after(0, 0): {err: refusal(http.StatusBadRequest, "0x8006088a")}},
		map[dataverse.Link]response{next: {rows: []string{at("a2", 9)}}})
	interrupted := strings.Replace(fullState(ofOrganization()), "{", `{"link":"`+string(next)+`",`, 1)
	got = run(t, s, nil, byVersion(interrupted))
	require.Equal(t, "account COMPLETE", got.last(), got.messages)
	assert.Len(t, got.records(), 1, "an interrupted full read continues")

	s = scripted(map[dataverse.Link]response{after(7, 0): {err: refusal(http.StatusBadRequest, "0x80040265")}}, nil)
	got = run(t, s, nil, byVersion(versionState(ofOrganization()+`,"after_version":"7"`)))
	assert.Equal(t, "account INCOMPLETE", got.last(), "the refusal of a plug-in is no reason")
}
