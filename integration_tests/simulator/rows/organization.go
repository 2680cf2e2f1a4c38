package rows

import (
	"strconv"
	"strings"
	"time"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// found adds the only row of the table organization, which carries the environment's OrganizationId and the number of
// days for which delta tokens are good. The caller holds the lock.
func (db *Database) found() {
	s := db.Stores[OrganizationTable]
	if s == nil {
		return
	}
	id, _ := guid.Parse(db.organizationID)
	days := strconv.Itoa(int(db.Lifetime / (24 * time.Hour)))
	values := db.Defaults(s)
	for name, value := range map[string]string{
		"name": `"contoso"`, expireSetting: days, "expiresubscriptionsindays": "90", "languagecode": strconv.Itoa(db.languages[0]), "localeid": "1033",
		"dateseparator": `"/"`, "timeseparator": `":"`, "currencysymbol": `"$"`, "isauditenabled": "true",
	} {
		if s.Table.Column(name) != nil {
			values[name] = Value{Json: []byte(value)}
		}
	}
	if c := s.Table.Column("basecurrencyid"); c != nil {
		values[c.LogicalName] = Value{newSequence(db.seed, "transactioncurrency", 0, OneNode).Id(0).AppendQuotedTo(nil), "transactioncurrency"}
	}
	now := db.Now()
	row := &Row{Index: -1, Version: db.NextVersion(s.Table), Created: db.start, Modified: now.Unix(), Values: values}
	s.Put(&Journal{}, id, row, now)
	s.ValidFrom = row.Version
}

// Reset changes the lifetime of delta tokens to that of the settings. All tokens issued so far expire when it is altered
// (Microsoft, "Use change tracking to synchronize data with external systems").
func (db *Database) Reset(given map[string]Value) {
	days, err := strconv.Atoi(string(given[expireSetting].Json))
	if err != nil {
		return // the setting was not given
	}
	db.Lifetime = time.Duration(days) * 24 * time.Hour
	for _, s := range db.Stores {
		db.expire(s)
	}
}

// Defaults returns the default values of a new row: its owner, its state, its currency.
func (db *Database) Defaults(s *Store) map[string]Value {
	values := map[string]Value{}
	lookup := func(name, id, target string) {
		if c := s.Table.Column(name); c != nil && c.IsLookup() && schema.HasTarget(c, target) {
			values[name] = Value{Json: []byte(`"` + id + `"`), Target: target}
		}
	}
	for _, name := range []string{"ownerid", "owninguser", "createdby", "modifiedby"} {
		lookup(name, db.User(), "systemuser")
	}
	lookup("owningbusinessunit", db.BusinessUnit(), "businessunit")
	lookup("transactioncurrencyid", newSequence(db.seed, "transactioncurrency", 0, OneNode).Id(0).String(), "transactioncurrency")
	for i := range s.Table.Columns {
		switch c := &s.Table.Columns[i]; {
		case c.LogicalName == "exchangerate":
			values[c.LogicalName] = Value{Json: odata.AppendScaled(nil, 1, 0, DecimalScale)}
		case len(c.Options) > 0 && c.Type == schema.State, len(c.Options) > 0 && c.Type == schema.Status:
			values[c.LogicalName] = Value{Json: strconv.AppendInt(nil, int64(c.Options[0].Value), 10)}
		case c.Type == schema.Boolean && s.Writable(c):
			values[c.LogicalName] = Value{Json: []byte("false")}
		}
	}
	return values
}

// Writable reports whether a write changes the column. The service sets the others itself and ignores attempts to
// set them.
func (s *Store) Writable(c *schema.Column) bool {
	cell := s.CellOf(c.Property())
	return cell != nil && cell.Role == ordinary && c.SourceType == 0 && !s.IsBase(c) && c.LogicalName != "exchangerate"
}

// IsBase reports whether a money column is the base-currency companion of another.
func (s *Store) IsBase(c *schema.Column) bool {
	amount, ok := strings.CutSuffix(c.LogicalName, "_base")
	return ok && c.Type == schema.Money && s.Table.Column(amount) != nil
}

// The table that holds settings of the environment, and the setting of it that matters here.
const (
	OrganizationTable = "organization"
	expireSetting     = "expirechangetrackingindays"
)

// SetOrganization gives the environment another OrganizationId, as a copy at the same url would have. The id must
// be a guid; any other is ignored.
func (db *Database) SetOrganization(id string) {
	db.Mu.Lock()
	defer db.Mu.Unlock()
	key, ok := guid.Parse(id)
	if !ok {
		return
	}
	if s := db.Stores[OrganizationTable]; s != nil {
		old, _ := guid.Parse(db.organizationID)
		if r, exists := s.Find(old); exists {
			// A copy has the row under its new id, and no trace of the old one.
			delete(s.Rows, old)
			s.created.remove(old)
			s.created.insert(key)
			s.Rows[key] = r.Row
		}
	}
	db.organizationID = key.String()
}
