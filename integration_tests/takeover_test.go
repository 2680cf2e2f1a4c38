package integration_tests_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// pythonState is the state that the Python connector would have at the same place: the delta token, decoded
// (https://github.com/airbytehq/airbyte/blob/master/airbyte-integrations/connectors/source-microsoft-dataverse/source_microsoft_dataverse/streams.py).
func pythonState(t *testing.T, state json.RawMessage) json.RawMessage {
	t.Helper()
	var own struct {
		Link string `json:"delta_link"`
	}
	require.NoError(t, json.Unmarshal(state, &own))
	found := regexp.MustCompile(`\$deltatoken=([^&]+)`).FindStringSubmatch(own.Link)
	require.NotNil(t, found, "%s", state)
	token, err := url.QueryUnescape(found[1])
	require.NoError(t, err)
	raw, err := json.Marshal(map[string]string{"$deltatoken": token})
	require.NoError(t, err)
	return raw
}

func TestAStateOfThePythonConnectorIsTakenOver(t *testing.T) {
	t.Parallel()
	var later time.Duration // the Python connector's state has no cursor: this one's are of a later second
	l := newLab(t, simulator.Options{Seed: 5, Rows: map[string]int{"account": 90}, Clock: func() time.Time { return time.Now().Add(later) }})
	d, catalog := destination.New(), l.configured("account")
	l.sync(d, catalog)
	later = time.Minute
	require.NoError(t, d.SetState("account", pythonState(t, d.State("account"))))
	changed := newWorkload(t, l.environment, 5).change("account", 10)
	report := l.sync(d, catalog)
	assert.Equal(t, len(changed), report.Records())
	assert.Equal(t, changed.deletions(), report.Streams["account"].Deletions)
	l.equal(d, "account")
	assert.Zero(t, l.sync(d, catalog).Records(), "from there on the state is the connector's own")
}

func TestAPythonStateWithoutATokenIsNoState(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 5, Rows: map[string]int{"task": 20}})
	catalog := l.configured("task")
	for name, state := range map[string]string{
		"None": `{"$deltatoken":"None"}`, "nothing": `{}`, "an empty token": `{"$deltatoken":""}`, "null": `{"$deltatoken":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := destination.New()
			require.NoError(t, d.SetState("task", json.RawMessage(state)))
			assert.Equal(t, 20, l.with(t, nil).sync(d, catalog).Records())
		})
	}
}

func TestATableIsResyncedIfItsChangesAreGone(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]struct {
		behaviors simulator.Behaviors
		lose      func(*testing.T, *lab, *destination.Destination)
		words     []string
	}{
		"an expired token": {lose: expire, words: []string{"re-read in full"}},
		"an expired token, reported as gone": {
			behaviors: simulator.Behaviors{ExpiredStatus: 410}, lose: expire, words: []string{"re-read in full"},
		},
		"a token that is none": {lose: func(t *testing.T, _ *lab, d *destination.Destination) {
			var state map[string]any
			require.NoError(t, json.Unmarshal(d.State("task"), &state))
			state["delta_link"] = regexp.MustCompile(`deltatoken=.*`).ReplaceAllString(state["delta_link"].(string), "deltatoken=nonsense")
			raw, err := json.Marshal(state)
			require.NoError(t, err)
			require.NoError(t, d.SetState("task", raw))
		}, words: []string{"re-read in full"}},
		"another organization behind the url": {lose: func(_ *testing.T, l *lab, _ *destination.Destination) {
			l.environment.SetOrganization("0f0e0d0c-0b0a-4908-8706-050403020100")
		}, words: []string{"another organization", "re-read in full"}},
	} {
		t.Run(name, func(t *testing.T) {
			var later time.Duration
			l := newLab(t, simulator.Options{
				Seed: 5, Rows: map[string]int{"task": 90}, Behaviors: lost.behaviors,
				Clock: func() time.Time { return time.Now().Add(later) },
			})
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			work := newWorkload(t, l.environment, 5)
			work.change("task", 8)
			later = 30 * time.Minute // the next versions are newer than their modifiedon, and the resync must not fall behind
			l.sync(d, catalog)
			work.change("task", 8)
			lost.lose(t, l, d)
			report := l.sync(d, catalog)
			assert.NotEmpty(t, warnings(report, lost.words...))
			assert.Equal(t, len(maps.Collect(l.environment.Rows("task"))), report.Records()-report.Streams["task"].Deletions)
			assert.NotZero(t, report.Streams["task"].Deletions, "what was deleted in the meantime is found out by its keys")
			l.equal(d, "task")
			changed := work.change("task", 8)
			assert.Equal(t, len(changed), l.sync(d, catalog).Records(), "from there on changes are followed again")
			l.equal(d, "task")
		})
	}
}

func expire(_ *testing.T, l *lab, _ *destination.Destination) { l.environment.Expire("task") }

func TestAPythonStateWithAnInvalidTokenIsResynced(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 5, Rows: map[string]int{"task": 20}})
	d, catalog := destination.New(), l.configured("task")
	require.NoError(t, d.SetState("task", json.RawMessage(`{"$deltatoken":"nonsense"}`)))
	report := l.sync(d, catalog)
	assert.NotEmpty(t, warnings(report, "re-read in full"))
	l.equal(d, "task")
}

func TestTheAgeOfATokenIsComparedWithTheSetting(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		days   int
		hidden bool // the user may not read the setting
		age    time.Duration
		words  []string // of the warning; nil: there is none
	}{
		"past half of the environment's days":             {days: 2, age: day + time.Hour, words: []string{"expirechangetrackingindays", "kept_for=48h0m0s"}},
		"before half of them":                             {days: 30, age: 5 * day},
		"past half of a week, where nobody may read them": {days: 30, hidden: true, age: 5 * day, words: []string{"kept_for=168h0m0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			var behind atomic.Int64 // the environment's clock
			behind.Store(int64(c.age))
			l := newLab(t, simulator.Options{
				Seed: 5, Rows: map[string]int{"task": 20}, ExpireDays: c.days,
				Clock: func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) },
			})
			d, catalog := destination.New(), l.configured("task")
			l.sync(d, catalog)
			behind.Store(0)
			if c.hidden {
				l.environment.SetReadDepth("organization", schema.None)
			}
			warned := warnings(l.sync(d, catalog), "last sync was long ago")
			if c.words == nil {
				assert.Empty(t, warned)
				return
			}
			require.Len(t, warned, 1)
			assert.True(t, holds(warned[0], c.words...), warned[0])
		})
	}
}
