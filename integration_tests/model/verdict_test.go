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

// gap is since when a stream's state says that deletions are unknown; the zero time: they are known.
func (w *world) gap(stream string) (time.Time, error) {
	var state struct {
		Since time.Time `json:"deletions_unknown_since"`
	}
	raw := w.destination.State(stream)
	if raw == nil {
		return time.Time{}, nil
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return time.Time{}, fmt.Errorf("read the state of %s: %w", stream, err)
	}
	return state.Since, nil
}

// warned checks that a read which leaves a stream with unknown deletions has said so.
func (w *world) warned(report *destination.Report) error {
	for _, stream := range tracked {
		since, err := w.gap(stream)
		if err != nil {
			return err
		}
		if report.Streams[stream] == nil { // it is not configured any more
			continue
		}
		statuses := report.Streams[stream].Statuses
		if since.IsZero() || len(statuses) == 0 || statuses[len(statuses)-1] != "COMPLETE" {
			continue
		}
		told := func(l destination.Log) bool {
			return l.Level == "WARN" && strings.Contains(l.Message, "deletions_unknown_since") && strings.Contains(l.Message, "stream="+stream)
		}
		if !slices.ContainsFunc(report.Logs, told) {
			return fmt.Errorf("the state of %s says that deletions are unknown since %s, and no warning told it", stream, since)
		}
	}
	return nil
}

// obey refreshes the streams that ask for it, as a user does who is told to.
func (w *world) obey(report *destination.Report) {
	for stream, told := range report.Streams {
		if slices.ContainsFunc(told.Errors, func(e destination.Error) bool { return strings.Contains(e.Message, "on_expired_token is set to fail") }) {
			w.destination.Clear(stream)
		}
	}
}

// configured are the streams of the catalog.
func (w *world) configured() []string {
	var names []string
	for _, s := range w.catalog.Streams {
		names = append(names, s.Stream.Name)
	}
	return names
}

// compare holds streams in the destination against the environment.
func (w *world) compare(names []string) error {
	var found []error
	for _, stream := range names {
		if w.removed[stream] {
			continue
		}
		since, err := w.gap(stream)
		if err != nil {
			return err
		}
		for _, difference := range w.destination.Differences(stream, w.wanted(stream, since)) {
			found = append(found, fmt.Errorf("%s: %s", stream, difference))
		}
	}
	return errors.Join(found...)
}

// wanted are the rows that a stream should have: those of the environment, and as they are those rows that were deleted
// while, as the state admits, deletions were unknown.
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
			if w.admitted(stream, id, since) && !yield(id, row) {
				return
			}
		}
	}
}

// forgive leaves out the columns that the destination lacks because the row has not changed since they were selected.
func (w *world) forgive(stream, id string, row map[string]json.RawMessage, have destination.Row) {
	for column, event := range w.selected[stream] {
		if _, there := have[column]; !there && have != nil && w.changed[stream][id] < event {
			delete(row, column)
		}
	}
}

// admitted says whether a row that is gone may still stand in the destination. The state's time is one of a server's,
// and so is that of the deletion: they may be two hours apart.
func (w *world) admitted(stream, id string, since time.Time) bool {
	const clocks = 2*time.Hour + time.Minute
	at, deleted := w.deleted[stream][id]
	return deleted && !since.IsZero() && !at.Add(clocks).Before(since)
}
