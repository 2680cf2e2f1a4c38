package destination

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// FieldChange is a value that the source could not deliver as it is (AirbyteRecordMessageMetaChange in
// https://github.com/airbytehq/airbyte-protocol/blob/main/protocol-models/src/main/resources/airbyte_protocol/v0/airbyte_protocol.yaml).
type FieldChange struct {
	Field  string `json:"field"`
	Change string `json:"change"`
	Reason string `json:"reason"`
}

// Changes returns the changes in the meta of a record, nil if it has no meta. The error is how the meta violates the
// protocol.
func (r *Record) Changes() ([]FieldChange, error) {
	if r.Meta == nil {
		return nil, nil
	}
	var meta struct {
		Changes []FieldChange `json:"changes"`
	}
	d := json.NewDecoder(bytes.NewReader(r.Meta))
	d.DisallowUnknownFields()
	if err := d.Decode(&meta); err != nil {
		return nil, fmt.Errorf("the meta is not of the protocol: %w", err)
	}
	if len(meta.Changes) == 0 {
		return nil, errors.New("a meta without changes")
	}
	return meta.Changes, nil
}

// checkChanges checks that each change names, once, a column of the row that is null for one of the reasons that a source
// may have. A key, a cursor and the columns of change data capture are never among them, and a deletion has no changes.
func (p *progress) checkChanges(r *Record) error {
	changes, err := r.Changes()
	if err != nil {
		return err
	}
	if len(changes) > 0 && isDeletion(r.Data) {
		return errors.New("a deletion with changes")
	}
	seen := map[string]bool{}
	for _, c := range changes {
		value, exists := r.Data[c.Field]
		switch {
		case seen[c.Field]:
			return fmt.Errorf("two changes of %s", c.Field)
		case !exists:
			return fmt.Errorf("a change of %q, which the data does not have", c.Field)
		case c.Change != "NULLED":
			return fmt.Errorf("the change of %s is %q", c.Field, c.Change)
		case string(value) != "null":
			return fmt.Errorf("%s is said to be nulled and is %s", c.Field, shown(value))
		case !slices.Contains(reasons(), c.Reason):
			return fmt.Errorf("the reason for the change of %s is %q", c.Field, c.Reason)
		case p.mustHold(c.Field):
			return fmt.Errorf("%s is nulled, by which the destination identifies the version of the row", c.Field)
		}
		seen[c.Field] = true
	}
	return nil
}

// reasons returns the reasons that a source may have for a change.
func reasons() []string {
	return []string{
		"SOURCE_FIELD_SIZE_LIMITATION", "SOURCE_RECORD_SIZE_LIMITATION", "SOURCE_SERIALIZATION_ERROR", "SOURCE_RETRIEVAL_ERROR",
	}
}

// mustHold reports whether a column identifies the row or its version.
func (p *progress) mustHold(column string) bool {
	isKey := slices.ContainsFunc(p.configured.PrimaryKey, func(path []string) bool { return path[0] == column })
	return isKey || column == UpdatedAt || column == DeletedAt || slices.Equal(p.configured.CursorField, []string{column})
}
