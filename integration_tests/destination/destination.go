// Package destination is an Airbyte destination in memory, with the part of the platform that runs its syncs. It applies
// the messages of a source as Airbyte's own destinations do in the modes "append + deduped" with hard deletes and
// "overwrite" (https://docs.airbyte.com/platform/using-airbyte/core-concepts/sync-modes), knows generations and both kinds
// of refresh (https://docs.airbyte.com/platform/operator-guides/refreshes), keeps values byte for byte, and checks each
// message against the protocol (https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol).
package destination

import (
	"encoding/json"
	"fmt"
)

// The columns of change data capture, which destinations know by name
// (https://docs.airbyte.com/platform/understanding-airbyte/cdc).
const (
	UpdatedAt = "_ab_cdc_updated_at"
	DeletedAt = "_ab_cdc_deleted_at"
)

// Row is a row's values by column, as JSON.
type Row map[string]json.RawMessage

// Destination holds tables and states from one sync to the next. It is not safe for concurrent use.
type Destination struct {
	tables   map[string]*table
	states   map[string]json.RawMessage // the body of the last STATE that was kept, by stream
	sequence int64                      // of the records of all syncs
	schemas  validators
}

// New returns an empty destination.
func New() *Destination {
	return &Destination{tables: map[string]*table{}, states: map[string]json.RawMessage{}, schemas: validators{}}
}

// Begin starts a sync of the streams of a catalog. It refuses streams in other modes than full_refresh with overwrite
// and append_dedup, and those without a key, whose rows it could not distinguish.
func (d *Destination) Begin(c Catalog) (*Sync, error) {
	s := &Sync{destination: d, catalog: c, streams: map[string]*progress{}, report: newReport(), keep: -1}
	for _, configured := range c.Streams {
		p, err := newProgress(configured, d.schemas)
		if err != nil {
			return nil, fmt.Errorf("begin a sync of %s: %w", configured.Stream.Name, err)
		}
		name := configured.Stream.Name
		if d.tables[name] == nil {
			d.tables[name] = newTable()
		}
		p.table = d.tables[name]
		p.table.begin(configured)
		s.streams[name] = p
		s.report.Streams[name] = p.report
	}
	return s, nil
}

// Clear removes the rows of a stream and its state.
func (d *Destination) Clear(stream string) {
	delete(d.tables, stream)
	delete(d.states, stream)
}

// Rows returns a stream's rows by key. Those of a refresh that is not complete are not among them.
func (d *Destination) Rows(stream string) map[string]Row {
	rows := map[string]Row{}
	if t := d.tables[stream]; t != nil {
		for key, v := range t.rows {
			rows[key] = v.values
		}
	}
	return rows
}

// Duplicates returns how many rows of an overwritten stream have a key that another row has too. Overwriting does not
// deduplicate: a read that was interrupted and resumed may send rows twice.
func (d *Destination) Duplicates(stream string) int {
	if t := d.tables[stream]; t != nil {
		return t.duplicates
	}
	return 0
}

// Retains reports whether rows that the destination holds of a stream stay there once the configured sync is complete.
func (d *Destination) Retains(s *ConfiguredStream) bool {
	t := d.tables[s.Stream.Name]
	if t == nil {
		return false
	}
	if s.GenerationID == t.generation && len(t.refreshed) > 0 {
		return true
	}
	for _, v := range t.rows {
		if v.generation >= s.MinimumGenerationID {
			return true
		}
	}
	return false
}
