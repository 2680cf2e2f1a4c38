package model_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// deltaLink is the link of a state between two scans of changes: the part before the token, the token's version, and its
// time.
var deltaLink = regexp.MustCompile(`^(.*\$deltatoken=)(\d+)(%21.*)$`)

// rewrite replaces the state of a stream between two scans of changes by one that another connector, or this one in
// another environment, would have left.
func (w *world) rewrite(stream string, how kind) error {
	var state map[string]any
	raw := w.destination.State(stream)
	if !w.destination.HasState(stream) {
		return nil
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return fmt.Errorf("read the state of %s: %w", stream, err)
	}
	link, _ := state["delta_link"].(string)
	parts := deltaLink.FindStringSubmatch(link)
	if state["phase"] != "changes" || state["link"] != nil || parts == nil {
		return nil
	}
	switch how { //nolint:exhaustive // the others do not concern states
	case outgrow: // as if the table were too large for a state to hold its keys
		delete(state, "known_keys")
	case newerToken:
		w.lose(stream)
		version, err := strconv.Atoi(parts[2])
		if err != nil {
			return fmt.Errorf("read the token of %s: %w", stream, err)
		}
		const newer = 1 << 20
		state["delta_link"] = parts[1] + strconv.Itoa(version+newer) + parts[3]
	default:
		if state = w.pythonState(stream, state, parts[2]+parts[3]); state == nil {
			return nil
		}
		if w.switches.behaviors.EditedSelect == simulator.Refused { // that connector selects no columns, as this token does
			w.lose(stream)
		}
	}
	raw, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("write the state of %s: %w", stream, err)
	}
	return w.destination.SetState(stream, raw)
}

// pythonState returns the state that the Python connector would have left, nil where it could not have come so far: it
// knew of no deletions that are missing, its rows do not bear cursors of the future, and no backup was restored since, which
// its state does not show.
func (w *world) pythonState(stream string, state map[string]any, token string) map[string]any {
	cursor, _ := state["max_cursor"].(string)
	decoded, err := url.PathUnescape(token)
	unknown := state["deletions_unknown_since"] != nil || state["deletions_possibly_unknown_since"] != nil
	h := w.history[stream]
	restored := h != nil && h.newestKey != ""
	if err != nil || unknown || restored || w.switches.drift || cursor >= w.clock.now().Format("2006-01-02T15:04:05") {
		return nil
	}
	return map[string]any{"$deltatoken": decoded}
}

// dropState lets the platform, or a scheduler, drop the state of a stream.
func (w *world) dropState(stream string, how kind) error {
	switch how { //nolint:exhaustive // the others do not drop states
	case clearData:
		w.platform.Clear(stream)
	case refresh:
		w.platform.Refresh(stream, destination.RemoveRecords)
	case retain:
		w.platform.Refresh(stream, destination.RetainRecords)
	case backfill:
		return w.platform.Backfill(stream)
	default:
		return w.destination.SetState(stream, nil)
	}
	return nil
}

// track turns change tracking on or off.
func (w *world) track(table string, on bool) error {
	if t, _ := w.environment.Table(table); t.Tracked == on || !t.CanBeTracked || table == notes {
		return nil
	}
	w.lose(table)
	return w.environment.SetTracked(table, on)
}

// enlarge gives the orders more keys than a state holds, where the trial drew that: clients choose such keys, and they do
// not compress.
func (w *world) enlarge(seed uint64) error {
	if !w.switches.large {
		return nil
	}
	r := random(seed)
	for range manyOrders {
		id := fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()>>16)
		if _, err := w.create(r, orders, simulator.Row{orders + "id": id}); err != nil {
			return err
		}
	}
	return nil
}
