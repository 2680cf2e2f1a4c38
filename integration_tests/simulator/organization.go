package simulator

import (
	"strconv"
	"time"
)

// found gives the table organization its only row, which carries the environment's OrganizationId and the number of
// days for which delta tokens are good. The caller holds the lock.
func (e *Environment) found() {
	s := e.stores["organization"]
	if s == nil {
		return
	}
	id, _ := parseRowID(e.organisation)
	days := strconv.Itoa(int(e.lifetime / (24 * time.Hour)))
	values := e.defaults(s)
	for name, value := range map[string]string{"name": `"contoso"`, "expirechangetrackingindays": days} {
		if s.table.Column(name) != nil {
			values[name] = storedValue{json: []byte(value)}
		}
	}
	now := e.now().Truncate(time.Second)
	row := &storedRow{index: -1, version: e.nextVersion(s.table), created: now, modified: now, values: values}
	s.put(&journal{}, id, row, now)
	s.validFrom = row.version
}

// SetOrganization gives the environment another OrganizationId, as a copy behind the same url would have. The id must
// be a guid; any other is passed over.
func (e *Environment) SetOrganization(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key, ok := parseRowID(id)
	if !ok {
		return
	}
	if s := e.stores["organization"]; s != nil {
		old, _ := parseRowID(e.organisation)
		if r, exists := s.find(old); exists {
			// A copy has the row under its new id, and no trace of the old one.
			delete(s.rows, old)
			s.created.remove(old)
			s.created.insert(key)
			s.rows[key] = r.row
		}
	}
	e.organisation = key.String()
}
