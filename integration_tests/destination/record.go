package destination

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// record checks a record and keeps it.
func (s *Sync) record(r *Record) {
	s.destination.sequence++
	p, configured := s.streams[r.Stream]
	if !configured {
		s.violated(r.Stream, errors.New("a record of a stream that is not configured"))
		return
	}
	p.report.Records++
	p.uncovered++
	for _, check := range []func(*Record) error{p.checkOrder, p.checkEnvelope, p.checkColumns, p.checkValues, p.checkChanges} {
		if err := check(r); err != nil {
			s.violated(r.Stream, err)
		}
	}
	if err := p.stage(r, s.destination.sequence); err != nil {
		s.violated(r.Stream, err)
	}
}

func (p *progress) checkOrder(*Record) error { return p.open("record") }

// checkEnvelope checks the members around the row. Airbyte orders rows with equal cursors by emitted_at.
func (p *progress) checkEnvelope(r *Record) error {
	if r.Namespace != nil {
		return errors.New("a record with a namespace")
	}
	if len(r.Data) == 0 {
		return errors.New("a record without data, which the platform drops")
	}
	at, err := strconv.ParseInt(r.EmittedAt.String(), 10, 64)
	if err != nil {
		return fmt.Errorf("emitted_at is no integer: %w", err)
	}
	last := p.lastEmitted
	p.lastEmitted = at
	if at < last {
		return fmt.Errorf("emitted_at falls from %d to %d", last, at)
	}
	return nil
}

// checkColumns checks the names. A row has every column that the stream declares and Dataverse has, so all rows of a
// read must have the same; a deletion has few.
func (p *progress) checkColumns(r *Record) error {
	for column := range r.Data {
		switch {
		case strings.Contains(column, "@"):
			return fmt.Errorf("the annotation %s is in the data", column)
		case !p.configured.declares(column):
			return fmt.Errorf("the column %s is not declared", column)
		}
	}
	if isDeletion(r.Data) {
		return nil
	}
	if p.columns == nil {
		p.columns = slices.Sorted(maps.Keys(r.Data))
	}
	missing := func(column string) bool { _, exists := r.Data[column]; return !exists }
	if len(r.Data) != len(p.columns) || slices.ContainsFunc(p.columns, missing) {
		return fmt.Errorf("the row has the columns %v, and one before had %v", slices.Sorted(maps.Keys(r.Data)), p.columns)
	}
	return nil
}

// isDeletion reports whether a row is the record of a deletion.
func isDeletion(row Row) bool {
	value, exists := row[DeletedAt]
	return exists && string(value) != "null"
}

// stage keeps the columns of a row that are declared, as the platform does, and stages the row for the end of the sync.
func (p *progress) stage(r *Record, sequence int64) error {
	row := r.Data
	maps.DeleteFunc(row, func(column string, _ json.RawMessage) bool { return !p.configured.declares(column) })
	key, err := keyOf(row, p.configured.PrimaryKey)
	if err != nil {
		return err
	}
	deleted := isDeletion(row)
	if deleted {
		p.report.Deletions++
	}
	if p.configured.DestinationSyncMode != AppendDedup {
		p.table.overwrite = append(p.table.overwrite, row)
		return nil
	}
	v := version{sequence: sequence, generation: p.configured.GenerationID, deleted: deleted, values: row}
	if len(p.configured.CursorField) == 1 {
		if v.cursor, err = cursorOf(row, p.configured.CursorField[0]); err != nil {
			return err
		}
	}
	if old, exists := p.staged[key]; !exists || v.supersedes(old) {
		p.staged[key] = v
	}
	return p.checkCursor(key, row, deleted)
}

// checkCursor checks that _ab_cdc_updated_at never falls from one version of a row to the next, and that a deletion is
// greater than all versions before it: else a destination would keep the wrong one. Its width is fixed, so that texts
// compare as times do.
func (p *progress) checkCursor(key string, row Row, deleted bool) error {
	if !p.configured.declares(UpdatedAt) {
		return nil
	}
	var cursor string
	if err := json.Unmarshal(row[UpdatedAt], &cursor); err != nil || cursor == "" {
		return fmt.Errorf("row %s has no %s", key, UpdatedAt)
	}
	before := p.table.maxCursors[key]
	now := maxCursors{any: max(before.any, cursor), row: before.row}
	if !deleted {
		now.row = max(now.row, cursor)
	}
	p.table.maxCursors[key] = now
	switch {
	case len(before.any) > 0 && len(before.any) != len(cursor):
		return fmt.Errorf("row %s: the cursor %s has another width than %s", key, cursor, before.any)
	case cursor < before.any:
		return fmt.Errorf("row %s: the cursor falls from %s to %s", key, before.any, cursor)
	case deleted && cursor <= before.row:
		return fmt.Errorf("row %s: the deletion's cursor %s is not greater than that of a version, %s", key, cursor, before.row)
	default:
		return nil
	}
}
