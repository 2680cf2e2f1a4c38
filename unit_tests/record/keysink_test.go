package record_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/record"
)

func TestAKeySinkTakesTheKeysOfAPage(t *testing.T) {
	sink := record.NewKeySink(account())
	page := `[{"accountid":"a1","name":{"accountid":"x"}},{"AccountId":"A2"},` + deletion("D1") + `, {"versionnumber":5,"accountid":"a3"} ,` +
		`{"accountid":"a1"},` + deletion("d2") + `]`
	require.NoError(t, read(sink, page))
	assert.Equal(t, []string{"a1", "a2", "a3", "a1"}, sink.Keys())
	assert.Equal(t, []string{"d1", "d2"}, sink.Deleted())
	before := sink.Keys()
	require.NoError(t, read(sink, `[{"accountid":"a4"}]`))
	assert.Equal(t, []string{"a4"}, sink.Keys(), "they are those of one page")
	assert.Empty(t, sink.Deleted())
	assert.Equal(t, "a1", before[0], "the keys of a page stay the caller's")
	sink.Discard()
	assert.Empty(t, sink.Keys())
}

func TestAKeySinkLeavesNothingOfARowThatIsCut(t *testing.T) {
	sink := record.NewKeySink(account())
	require.NoError(t, sink.Begin(context.Background(), pageTime()))
	row := `{"accountid":"a1","versionnumber":7}`
	for end := range len(row) {
		require.Zero(t, sink.FastRow([]byte(row[:end])))
	}
	assert.Empty(t, sink.Keys())
	assert.Equal(t, len(row), sink.FastRow([]byte(row)))
	assert.Equal(t, []string{"a1"}, sink.Keys())
}

func TestTheNewestRowIsThatOfTheGreatestVersion(t *testing.T) {
	type found struct {
		key     string
		version uint64
		ok      bool
	}
	for name, c := range map[string]struct {
		page string
		want found
	}{
		"of several":       {`[{"accountid":"a1","versionnumber":7},{"versionnumber":9,"accountid":"a2"},{"accountid":"a3","versionnumber":8}]`, found{"a2", 9, true}},
		"of one":           {`[{"accountid":"a1","versionnumber":0}]`, found{"a1", 0, true}},
		"beyond 2^53":      {`[{"accountid":"a1","versionnumber":638751518483842799},{"accountid":"a2","versionnumber":638751518483842798}]`, found{"a1", 638751518483842799, true}},
		"under its name":   {`[{"accountid":"A1","VersionNumber":7}]`, found{"a1", 7, true}},
		"without versions": {`[{"accountid":"a1"},{"accountid":"a2","versionnumber":null},{"accountid":"a3","versionnumber":"7"}]`, found{}},
		"of no rows":       {`[` + deletion("d1") + `]`, found{}},
	} {
		t.Run(name, func(t *testing.T) {
			sink := record.NewKeySink(account())
			e := newEncoder(compile(t, account(), followed(account(), "accountid", "name")), record.Options{})
			for _, s := range []interface {
				pageSink
				Newest() (string, uint64, bool)
			}{sink, e} {
				require.NoError(t, read(s, c.page))
				key, version, ok := s.Newest()
				assert.Equal(t, c.want, found{key, version, ok})
				require.NoError(t, read(s, `[]`))
				_, _, ok = s.Newest()
				assert.False(t, ok, "it is that of one page")
			}
		})
	}
}

func TestTheNewestRowIsKnownWhenThePageIsTaken(t *testing.T) {
	e := newEncoder(compile(t, account(), followed(account(), "accountid")), record.Options{})
	lines(t, e, pageTime(), `[{"accountid":"a1","versionnumber":7}]`)
	key, version, ok := e.Newest()
	assert.Equal(t, "a1", key)
	assert.EqualValues(t, 7, version)
	assert.True(t, ok)
}

func TestRowsWithTheSameKeyStayWhereKeysRepeat(t *testing.T) {
	e := newEncoder(compile(t, account(), configured(account(), "accountid", "name")), record.Options{KeepRepeats: true})
	want := line("account", `"accountid":"a1","name":"1"`) + line("account", `"accountid":"a1","name":"2"`) + line("account", `"accountid":"a1","name":"2"`)
	assert.Equal(t, want, lines(t, e, pageTime(), `[{"accountid":"a1","name":"1"},{"accountid":"a1","name":"2"},{"accountid":"a1","name":"2"}]`))
}
