package model_test

import (
	"encoding/json"
	"slices"
	"time"

	"source-microsoft-dataverse/integration_tests/destination"
)

// history is what the trial knows of a stream and the connector may have to warn of.
type history struct {
	// uncertain: changes may have been lost since the destination last held no row of the stream. Only then may the
	// connector warn of deletions without a condition.
	uncertain bool
	// unannounced is when a read began for which nothing from the platform showed that the destination had kept rows
	// that the state, if there is one, does not cover. Rows that were deleted before cannot be known. Zero: there was
	// no such read.
	unannounced time.Time
	// uncovered: records were committed whose states the platform lost.
	uncovered bool
	// followed is when the last complete read began, or the one that began without a state.
	followed time.Time
	// newestKey is the key of the row by which the connector has to notice that a backup was restored, "" if there is none.
	newestKey string
	// unnoticed is when a backup was restored that the connector need not notice. Until the table is read in full its
	// rows cannot be compared. Zero: there is none.
	unnoticed time.Time
	// doubts are those of the state that the read began with.
	doubts doubts
}

// beginRead begins a job or another attempt as the platform does, and notes what the connector is handed.
func (w *world) beginRead(newJob bool) {
	if job, _ := w.platform.Job(); newJob || job == 0 {
		w.platform.BeginJob(w.catalog)
	} else {
		w.platform.BeginAttempt(w.catalog)
	}
	w.outrunClocks(w.statesLost || w.statesMissing())
	w.statesLost = false
	now := w.clock.now()
	for _, s := range w.catalog.Streams {
		if h := w.history[s.Stream.Name]; h != nil && s.DestinationSyncMode == destination.AppendDedup {
			h.begin(w, s, now)
		}
	}
}

// begin notes how a stream begins.
func (h *history) begin(w *world, s *destination.ConfiguredStream, now time.Time) {
	const margin = 4 * time.Hour // of the service's clocks
	stream := s.Stream.Name
	_, attempt := w.platform.Job()
	uncovered := h.uncovered
	h.uncovered = false
	h.doubts = doubts{}
	if w.destination.HasState(stream) {
		// A state that cannot be read has no doubts either.
		h.doubts, _ = doubtsIn(w.destination.State(stream))
		if uncovered && attempt == 0 {
			h.unannounced = now
		}
		life := time.Duration(w.switches.days) * 24 * time.Hour
		if now.Sub(h.followed) > life-margin {
			h.uncertain = true
			if w.switches.drift { // one server may take a token whose deletions another one has discarded; a warning reports the age
				h.unannounced = now
			}
		}
		return
	}
	clear(w.selected[stream]) // every row comes with every column
	h.followed, h.newestKey, h.unnoticed = now, "", time.Time{}
	announced := w.destination.State(stream) != nil || s.GenerationID > s.MinimumGenerationID || attempt > 0
	switch {
	case !w.destination.Retains(s):
		*h = history{followed: now}
	case announced:
		h.uncertain = true
	default:
		h.uncertain, h.unannounced = true, now
	}
}

// statesMissing reports whether a stream has no state.
func (w *world) statesMissing() bool {
	return slices.ContainsFunc(w.catalog.Streams, func(s *destination.ConfiguredStream) bool { return !w.destination.HasState(s.Stream.Name) })
}

// outrunClocks lets time pass where times of different servers are compared, longer than their clocks differ: the connector
// cannot know the max cursor, and syncs are further apart than that.
func (w *world) outrunClocks(compared bool) {
	const longer = 3 * time.Hour
	if compared && w.switches.drift {
		w.advance(longer)
	}
}

// endRead notes how a read ended. lost: the platform lost states of it.
func (w *world) endRead(report *destination.Report, began time.Time, succeeded, lost bool) {
	for _, stream := range tracked {
		h, read := w.history[stream], report.Streams[stream]
		if read == nil {
			continue
		}
		if completed(read) {
			h.followed, h.newestKey = began, ""
		}
		if h.readInFull(read) {
			h.unnoticed = time.Time{}
		}
		if lost && read.Records > 0 {
			h.uncertain, h.uncovered = true, true
		}
	}
	w.endBlindness(report)
	w.statesLost = w.statesLost || lost
	w.platform.End(succeeded && !lost)
}

// readInFull reports whether a read took a snapshot after the backup was restored.
func (h *history) readInFull(read *destination.StreamReport) bool {
	return slices.ContainsFunc(read.States, func(s destination.State) bool {
		var state struct {
			Phase  string    `json:"phase"`
			Issued time.Time `json:"issued"`
		}
		return json.Unmarshal(s.StreamState, &state) == nil && state.Phase == "snapshot" && state.Issued.After(h.unnoticed)
	})
}

// completed reports whether the last status of a stream is COMPLETE.
func completed(read *destination.StreamReport) bool {
	return len(read.Statuses) > 0 && read.Statuses[len(read.Statuses)-1] == "COMPLETE"
}

// lose notes that changes of tables may be lost from now on.
func (w *world) lose(tables ...string) {
	for _, table := range tables {
		if h := w.history[table]; h != nil {
			h.uncertain = true
		}
	}
}
