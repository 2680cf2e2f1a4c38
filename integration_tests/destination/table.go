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
	maxCursors map[string]maxCursors // by key, of the records of all syncs

	generation int64
	overwrite  []Row              // the rows of an overwrite that is not complete
	refreshed  map[string]version // the rows of a refresh that removes records and is not complete; nil: there is none
}

// version is one version of a row, or its deletion.
type version struct {
	cursor     time.Time
	sequence   int64 // the order of arrival
	generation int64
	deleted    bool
	values     Row
}

// maxCursors are the greatest values of _ab_cdc_updated_at of a key: among all its records, and among those that are not deletions.
type maxCursors struct{ any, row string }

func newTable() *table {
	return &table{rows: map[string]version{}, maxCursors: map[string]maxCursors{}}
}

// begin prepares for a sync. What an unfinished overwrite or refresh brought is kept for the same generation only.
func (t *table) begin(s *ConfiguredStream) {
	t.configured = s
	if s.GenerationID != t.generation {
		t.generation, t.overwrite, t.refreshed = s.GenerationID, nil, nil
	}
	if s.DestinationSyncMode == AppendDedup && t.refreshed == nil && t.outdated() {
		t.refreshed = map[string]version{}
	}
}

// outdated reports whether the table holds rows of a generation that the sync removes.
func (t *table) outdated() bool {
	for _, v := range t.rows {
		if v.generation < t.configured.MinimumGenerationID {
			return true
		}
	}
	return false
}

// supersedes reports whether a version replaces another: it has the greater cursor, or of equal ones the later arrival.
func (v version) supersedes(other version) bool {
	if c := v.cursor.Compare(other.cursor); c != 0 {
		return c > 0
	}
	return v.sequence > other.sequence
}

// merge applies the newest versions of a sync. A deletion whose cursor only equals the row's does not delete. The rows
// of a refresh that removes records do not compete with those that it removes: they take their place once the stream is
// complete.
func (t *table) merge(staged map[string]version, complete bool) {
	rows := t.rows
	if t.refreshed != nil {
		rows = t.refreshed
	}
	for key, v := range staged {
		old, exists := rows[key]
		switch {
		case v.deleted && exists && v.cursor.After(old.cursor):
			delete(rows, key)
		case v.deleted:
		case !exists || v.supersedes(old):
			rows[key] = v
		}
	}
	if t.refreshed != nil && complete {
		t.rows, t.refreshed = t.refreshed, nil
	}
}

// replace puts the rows of an overwrite in place of those that were there.
func (t *table) replace() error {
	t.rows, t.duplicates = map[string]version{}, 0
	for _, row := range t.overwrite {
		key, err := keyOf(row, t.configured.PrimaryKey)
		if err != nil {
			return err
		}
		if _, again := t.rows[key]; again {
			t.duplicates++
		}
		t.rows[key] = version{values: row}
	}
	t.overwrite = nil
	return nil
}

// keyOf returns a row's key: the texts of its key columns, joined by commas.
func keyOf(row Row, primaryKey [][]string) (string, error) {
	var parts []string
	for _, path := range primaryKey {
		if len(path) != 1 {
			return "", fmt.Errorf("the key path %v is nested", path)
		}
		value, exists := row[path[0]]
		if !exists || string(value) == "null" {
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

// cursorOf returns the time in a row's cursor column, the zero time where the row has no cursor.
func cursorOf(row Row, column string) (time.Time, error) {
	value, exists := row[column]
	if !exists || string(value) == "null" {
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
