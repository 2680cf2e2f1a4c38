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

// After a read that succeeds, and that nothing changed meanwhile, the destination must hold what the environment holds.
// There are three exceptions:
//
//   - a row that was deleted while, as the connector's state and a warning of that very read say, deletions were unknown;
//   - a row that was deleted before a read for which the platform handed out neither a state nor a sign that the
//     destination had kept its rows, so that no connector can know of it;
//   - a column that was selected after the row changed last, until the stream is read in full.
//
// And no warning may be false: where nothing can have been lost the connector may warn of deletions only on the condition
// that the destination kept its rows.

// doubt is what a stream's state says of deletions that are not known.
type doubt struct {
	since       time.Time // zero: all deletions are known
	conditional bool
}

// doubtOf reads the doubt in the last state of a read, or in the one that was kept where the read sent none.
func (w *world) doubtOf(stream string, report *destination.Report) (doubt, error) {
	raw := w.destination.State(stream)
	if report != nil && report.Streams[stream] != nil && len(report.Streams[stream].States) > 0 {
		states := report.Streams[stream].States
		raw = states[len(states)-1].StreamState
	}
	if raw == nil {
		return doubt{}, nil
	}
	var state struct {
		Since       time.Time `json:"deletions_unknown_since"`
		Conditional bool      `json:"deletions_unknown_if_kept"`
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return doubt{}, fmt.Errorf("read the state of %s: %w", stream, err)
	}
	return doubt{state.Since, state.Conditional}, nil
}

// onCondition is the text of a warning that holds only if the destination kept its rows.
const onCondition = "if the destination kept"

// warned checks the warnings of deletions that a read logged for its complete streams.
func (w *world) warned(report *destination.Report) error {
	for _, stream := range tracked {
		read := report.Streams[stream]
		if read == nil || !completed(read) {
			continue
		}
		unknown, err := w.doubtOf(stream, report)
		if err != nil {
			return err
		}
		warnings := warningsOfDeletions(report, stream)
		if !unknown.since.IsZero() && len(warnings) == 0 {
			return fmt.Errorf("the state of %s says that deletions are unknown since %s, and no warning does", stream, unknown.since)
		}
		for _, warning := range warnings {
			if !w.history[stream].uncertain && !strings.Contains(warning, onCondition) {
				return fmt.Errorf("nothing of %s was lost, and a warning says so without a condition: %s", stream, warning)
			}
		}
	}
	return w.expiredOnly(report)
}

func warningsOfDeletions(report *destination.Report, stream string) []string {
	var list []string
	for _, l := range report.Logs {
		if l.Level == "WARN" && strings.Contains(l.Message, "deletions_unknown_since") && strings.Contains(l.Message, "stream="+stream) {
			list = append(list, l.Message)
		}
	}
	return list
}

// expired is what the error of a stream says whose token was refused, where on_expired_token is "fail".
const expired = "on_expired_token is set to fail"

// expiredOnly checks that no error says that a token expired which is still good.
func (w *world) expiredOnly(report *destination.Report) error {
	for stream, read := range report.Streams {
		for _, e := range read.Errors {
			if strings.Contains(e.Message, expired) && !w.history[stream].uncertain {
				return fmt.Errorf("the token of %s is good, and an error says that it expired: %s", stream, e.Message)
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
		if w.removed[stream] {
			continue
		}
		unknown, err := w.doubtOf(stream, report)
		if err != nil {
			return err
		}
		for _, difference := range w.destination.Differences(stream, w.wanted(stream, unknown.since)) {
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
		for id, row := range w.environment.Rows(stream) {
			w.forgive(stream, id, row, rows[id])
			delete(rows, id)
			if !yield(id, row) {
				return
			}
		}
		for id, row := range rows {
			if w.mayRemain(stream, id, since) && !yield(id, row) {
				return
			}
		}
	}
}

// forgive removes the columns that the destination lacks because the row has not changed since they were selected.
func (w *world) forgive(stream, id string, row map[string]json.RawMessage, have destination.Row) {
	for column, event := range w.selected[stream] {
		if _, there := have[column]; !there && have != nil && w.changed[stream][id] < event {
			delete(row, column)
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
