package destination

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// table is a stream's rows.
type table struct {
	configured *ConfiguredStream // of the latest sync
	rows       map[string]version
	duplicates int
	greatest   map[string]newest // what has come of each key, in all syncs

	generation int64
	pending    []Row // of an overwrite that is not finished
}

// version is one version of a row, or its deletion.
type version struct {
	cursor   time.Time
	sequence int64 // the order of arrival
	deleted  bool
	values   Row
}

// newest is the greatest _ab_cdc_updated_at that has come of a key: in any record, and in one that is no deletion.
type newest struct{ any, row string }

func newTable() *table {
	return &table{rows: map[string]version{}, greatest: map[string]newest{}}
}

// begin prepares for a sync. What an unfinished overwrite has brought is kept for the same generation only.
func (t *table) begin(s *ConfiguredStream) {
	t.configured = s
	if s.GenerationID != t.generation {
		t.generation, t.pending = s.GenerationID, nil
	}
}

// beats says whether a version is the one to keep: the greater cursor, of equal ones the later arrival.
func (v version) beats(other version) bool {
	if c := v.cursor.Compare(other.cursor); c != 0 {
		return c > 0
	}
	return v.sequence > other.sequence
}

// merge brings a sync's newest versions into the table. A deletion whose cursor only equals the row's does not delete.
func (t *table) merge(staged map[string]version) {
	for key, v := range staged {
		old, exists := t.rows[key]
		switch {
		case v.deleted && exists && v.cursor.After(old.cursor):
			delete(t.rows, key)
		case v.deleted:
		case !exists || v.beats(old):
			t.rows[key] = v
		}
	}
}

// replace puts what an overwrite has brought in the place of what was there.
func (t *table) replace() error {
	t.rows, t.duplicates = map[string]version{}, 0
	for _, row := range t.pending {
		key, err := keyOf(row, t.configured.PrimaryKey)
		if err != nil {
			return err
		}
		if _, again := t.rows[key]; again {
			t.duplicates++
		}
		t.rows[key] = version{values: row}
	}
	t.pending = nil
	return nil
}

// keyOf returns a row's key: the texts of its key columns, joined by commas.
func keyOf(row Row, primaryKey [][]string) (string, error) {
	var parts []string
	for _, path := range primaryKey {
		if len(path) != 1 {
			return "", fmt.Errorf("the key path %v is nested", path)
		}
		value, there := row[path[0]]
		if !there || string(value) == "null" {
			return "", fmt.Errorf("the key column %s is missing or null", path[0])
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "", errors.New("the stream has no key")
	}
	return strings.Join(parts, ","), nil
}

// cursorOf returns the time in a row's cursor column, the zero time where the row has none.
func cursorOf(row Row, column string) (time.Time, error) {
	value, there := row[column]
	if !there || string(value) == "null" {
		return time.Time{}, nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return time.Time{}, fmt.Errorf("the cursor %s is no text: %w", column, err)
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		at, err = time.Parse(zoneless, text)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("the cursor %s is no time: %w", column, err)
	}
	return at, nil
}
