package timing_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/inspect/timing"
)

// environment sends one page for each request.
type environment struct {
	requested dataverse.PageRequest
	rows      string // in JSON
	next      dataverse.Link
	before    func(dataverse.PageRequest, dataverse.Sink) // what happens until the response
	err       error
}

func (e *environment) Page(ctx context.Context, q dataverse.PageRequest, sink dataverse.Sink) (dataverse.Page, error) {
	e.requested = q
	if e.err != nil {
		return dataverse.Page{}, e.err
	}
	e.before(q, sink)
	if err := sink.Begin(ctx, time.Now()); err != nil {
		return dataverse.Page{}, err
	}
	d := jsontext.NewDecoder(strings.NewReader(e.rows))
	for d.PeekKind() != 0 {
		if err := sink.Row(d); err != nil {
			return dataverse.Page{}, err
		}
	}
	return dataverse.Page{Next: e.next}, nil
}

func account() dataverse.Table { return dataverse.Table{LogicalName: "account", EntitySet: "accounts"} }

func TestAPageIsTimedFromItsRequestToItsResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &environment{
			rows: `{"name":"a","versionnumber":17}{"name":"b","versionnumber":18}`, next: "accounts?page=2",
			before: func(dataverse.PageRequest, dataverse.Sink) { time.Sleep(1500 * time.Millisecond) },
		}
		page, err := timing.Measure(t.Context(), e, account(), []string{"name", "versionnumber"}, 5000)
		require.NoError(t, err)
		assert.Equal(t, timing.Page{Rows: 2, Took: 1500 * time.Millisecond, Bytes: 62, OmittableBytes: 38, More: true}, page)
		assert.Equal(t, dataverse.Link("accounts?$select=name,versionnumber"), e.requested.Link)
		assert.Equal(t, 5000, e.requested.Size)
		assert.False(t, e.requested.TrackChanges)
	})
}

func TestWaitsThatTheServiceAsksForAreNotTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &environment{rows: `{}`, before: func(q dataverse.PageRequest, _ dataverse.Sink) {
			time.Sleep(time.Second)
			q.OnThrottled(time.Now().Add(time.Minute))
			time.Sleep(time.Minute + 2*time.Second)
		}}
		page, err := timing.Measure(t.Context(), e, account(), nil, 5000)
		require.NoError(t, err)
		assert.Equal(t, 2*time.Second, page.Took)
		assert.False(t, page.More)
	})
}

func TestOnlyTheLastAttemptIsTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &environment{rows: `{"name":null}`, before: func(q dataverse.PageRequest, sink dataverse.Sink) {
			time.Sleep(9 * time.Second)
			_ = sink.Begin(t.Context(), time.Now())
			_ = sink.Row(jsontext.NewDecoder(strings.NewReader(`{"name":"lost"}`)))
			sink.Discard()
			q.OnRetry(5 * time.Second)
			time.Sleep(8 * time.Second)
		}}
		page, err := timing.Measure(t.Context(), e, account(), nil, 5000)
		require.NoError(t, err)
		assert.Equal(t, timing.Page{Rows: 1, Took: 3 * time.Second, Bytes: 13}, page)
	})
}

func TestAPageThatCannotBeReadIsAnErrorOfItsTable(t *testing.T) {
	refused := errors.New("refused")
	_, err := timing.Measure(t.Context(), &environment{err: refused}, account(), nil, 5000)
	require.ErrorIs(t, err, refused)
	assert.ErrorContains(t, err, "account")
}

func TestColumnsForDataverseItselfAreOmittable(t *testing.T) {
	for property, want := range map[string]bool{
		"versionnumber": true, "_owningbusinessunit_value": true, "address2_city": true, "yominame": true,
		"name": false, "_ownerid_value": false, "address1_city": false, "modifiedon": false, "statecode": false, "accountid": false,
	} {
		assert.Equal(t, want, timing.Omittable(property), property)
	}
}
