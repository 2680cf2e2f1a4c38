package model_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/destination"
)

// After a read that completes a stream, and during which nothing changes, the destination must hold what the environment
// holds. There are four exceptions:
//
//   - a row that was deleted while deletions were unknown according to the connector's state and a message of that very read;
//   - a row that was deleted before a read for which the platform handed out no sign that the destination had kept rows that
//     the state does not know of, so that no connector can know of it;
//   - a column that was selected after the row changed last, until the stream is read in full;
//   - a table after a restored backup that differs from it in no row that the state names, until it is read in full.
//
// And no warning may be false: where nothing can have been lost the connector may warn of deletions only on the condition
// that the destination kept its rows. A condition is reported by a warning in the sync in which it arises, and in a line of
// the log at every later one.

// doubts are since when deletions are unknown according to a stream's state. Zero: they are known.
type doubts struct {
	Certain  time.Time `json:"deletions_unknown_since"`
	Possible time.Time `json:"deletions_possibly_unknown_since"`
}

// since returns the earlier of the doubts.
func (d doubts) since() time.Time {
	if d.Certain.IsZero() || !d.Possible.IsZero() && d.Possible.Before(d.Certain) {
		return d.Possible
	}
	return d.Certain
}

// doubtsIn reads the doubts in a state.
func doubtsIn(state json.RawMessage) (d doubts, err error) {
	if state == nil {
		return d, nil
	}
	if err := json.Unmarshal(state, &d); err != nil {
		return d, fmt.Errorf("read a state: %w", err)
	}
	return d, nil
}

// doubtsAfter reads the doubts in the last state of a read, or in the state that was kept where the read sent none.
func (w *world) doubtsAfter(stream string, report *destination.Report) (doubts, error) {
	if read := report.Streams[stream]; read != nil && len(read.States) > 0 {
		return doubtsIn(read.States[len(read.States)-1].StreamState)
	}
	return doubtsIn(w.destination.State(stream))
}

// onCondition is the text of a warning that holds only if the destination kept its rows.
const onCondition = "f the destination "

// logged returns the messages of a read about a stream, of the levels that are given, that hold a text.
func logged(report *destination.Report, stream, text string, levels ...string) []string {
	var list []string
	for _, l := range report.Logs {
		if slices.Contains(levels, l.Level) && strings.Contains(l.Message, text) && strings.Contains(l.Message, "stream="+stream) {
			list = append(list, l.Message)
		}
	}
	return list
}

// warned checks what a read logged of deletions in its complete streams.
func (w *world) warned(report *destination.Report) error {
	for _, stream := range tracked {
		read := report.Streams[stream]
		if read == nil || !completed(read) {
			continue
		}
		now, err := w.doubtsAfter(stream, report)
		if err != nil {
			return err
		}
		before := w.history[stream].doubts
		certain := logged(report, stream, "deletions_unknown_since", "WARN")
		switch {
		case !now.Certain.IsZero() && len(certain) == 0:
			return fmt.Errorf("deletions of %s are unknown since %s according to its state, and no warning reports it", stream, now.Certain)
		case len(certain) > 0 && !w.history[stream].uncertain:
			return fmt.Errorf("nothing of %s was lost, and a warning reports a loss without a condition: %s", stream, certain[0])
		case now.Possible.IsZero():
		case len(logged(report, stream, "deletions_possibly_unknown_since", "WARN", "INFO")) == 0:
			return fmt.Errorf("deletions of %s may be unknown since %s according to its state, and no message reports it", stream, now.Possible)
		case before.Possible.IsZero() && len(logged(report, stream, onCondition, "WARN")) == 0:
			return fmt.Errorf("deletions of %s may be unknown since %s from this sync on, and no warning reports it", stream, now.Possible)
		}
	}
	return w.expiredOnly(report)
}

// expired is part of the error of a stream whose token was refused, where on_expired_token is "fail".
const expired = "on_expired_token is set to fail"

// expiredOnly checks that no error reports a good token as expired.
func (w *world) expiredOnly(report *destination.Report) error {
	for stream, read := range report.Streams {
		for _, e := range read.Errors {
			if strings.Contains(e.Message, expired) && !w.history[stream].uncertain {
				return fmt.Errorf("the token of %s is good, and an error reports it as expired: %s", stream, e.Message)
			}
		}
	}
	return nil
}

// obey refreshes the streams whose errors ask for it, as a user does, in either of the ways that remove rows.
func (w *world) obey(report *destination.Report) {
	for stream, read := range report.Streams {
		if !slices.ContainsFunc(read.Errors, func(e destination.Error) bool { return strings.Contains(e.Message, expired) }) {
			continue
		}
		if job, _ := w.platform.Job(); job%2 == 0 {
			w.platform.Clear(stream)
		} else {
			w.platform.Refresh(stream, destination.RemoveRecords)
		}
	}
}

// configured returns the streams of the catalog.
func (w *world) configured() []string {
	var names []string
	for _, s := range w.catalog.Streams {
		names = append(names, s.Stream.Name)
	}
	return names
}

// compare compares streams in the destination with the environment after a read.
func (w *world) compare(names []string, report *destination.Report) error {
	var found []error
	for _, stream := range names {
		if h := w.history[stream]; w.removed[stream] || h != nil && !h.unnoticed.IsZero() || stream == notes && w.blind {
			continue
		}
		unknown, err := w.doubtsAfter(stream, report)
		if err != nil {
			return err
		}
		for _, difference := range w.destination.Differences(stream, w.wanted(stream, unknown.since())) {
			found = append(found, fmt.Errorf("%s: %s", stream, difference))
		}
	}
	return errors.Join(found...)
}

// wanted yields the rows that a stream should have: those of the environment, and as they are those that were deleted and
// may remain.
func (w *world) wanted(stream string, since time.Time) iter.Seq2[string, map[string]json.RawMessage] {
	rows := w.destination.Rows(stream)
	return func(yield func(string, map[string]json.RawMessage) bool) {
		for id, row := range w.rows(stream) {
			w.forgive(stream, id, row, rows[id])
			delete(rows, id)
			if !yield(id, row) {
				return
			}
		}
		for id, row := range rows {
			if (w.mayRemain(stream, id, since) || w.left(stream, id)) && !yield(id, row) {
				return
			}
		}
	}
}

// forgive empties the columns that the destination lacks because the row has not changed since they were selected.
func (w *world) forgive(stream, id string, row map[string]json.RawMessage, have destination.Row) {
	for column, event := range w.selected[stream] {
		if _, there := have[column]; !there && have != nil && w.changed[stream][id] < event {
			row[column] = nil
		}
	}
}

// mayRemain reports whether a row that was deleted may still stand in the destination. The state's time is that of one
// server, and so is that of the deletion: they may be two hours apart.
func (w *world) mayRemain(stream, id string, since time.Time) bool {
	const clocks = 2*time.Hour + time.Minute
	at, deleted := w.deleted[stream][id]
	if !deleted {
		return false
	}
	h := w.history[stream]
	return !since.IsZero() && !at.Add(clocks).Before(since) ||
		h != nil && !h.unannounced.IsZero() && !at.Add(-clocks).After(h.unannounced)
}
