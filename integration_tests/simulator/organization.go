package simulator

import (
	"strconv"
	"time"
)

const (
	organizationTable = "organization"
	expireSetting     = "expirechangetrackingindays"
)

// found gives the table organization its only row, which carries the environment's OrganizationId and the number of
// days for which delta tokens are good. The caller holds the lock.
func (e *Environment) found() {
	s := e.stores[organizationTable]
	if s == nil {
		return
	}
	id, _ := parseRowID(e.organizationID)
	days := strconv.Itoa(int(e.lifetime / (24 * time.Hour)))
	values := e.defaults(s)
	for name, value := range map[string]string{
		"name": `"contoso"`, expireSetting: days, "expiresubscriptionsindays": "90", "languagecode": "1033", "localeid": "1033",
		"dateseparator": `"/"`, "timeseparator": `":"`, "currencysymbol": `"$"`, "isauditenabled": "true",
	} {
		if s.table.Column(name) != nil {
			values[name] = storedValue{json: []byte(value)}
		}
	}
	if c := s.table.Column("basecurrencyid"); c != nil {
		values[c.LogicalName] = storedValue{newSequence(e.seed, "transactioncurrency", 0).id(0).appendQuotedTo(nil), "transactioncurrency"}
	}
	now := e.now()
	row := &storedRow{index: -1, version: e.nextVersion(s.table), created: e.begin, modified: now.Unix(), values: values}
	s.put(&journal{}, id, row, now)
	s.validFrom = row.version
}

// reset takes over a new life of delta tokens from the settings. All tokens issued so far expire when it is altered
// (Microsoft, "Use change tracking to synchronize data with external systems").
func (e *Environment) reset(given map[string]storedValue) {
	days, err := strconv.Atoi(string(given[expireSetting].json))
	if err != nil {
		return // the setting was not given
	}
	e.lifetime = time.Duration(days) * 24 * time.Hour
	for _, s := range e.stores {
		e.expire(s)
	}
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
	if s := e.stores[organizationTable]; s != nil {
		old, _ := parseRowID(e.organizationID)
		if r, exists := s.find(old); exists {
			// A copy has the row under its new id, and no trace of the old one.
			delete(s.rows, old)
			s.created.remove(old)
			s.created.insert(key)
			s.rows[key] = r.row
		}
	}
	e.organizationID = key.String()
}
