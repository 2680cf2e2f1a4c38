package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// create adds a row with the values of an edit and those that the service sets itself.
func (e *Environment) create(j *journal, s *store, made edit) (ref, *apiError) {
	version := e.nextVersion(s.table)
	id := s.freshID(version)
	if made.id != nil {
		id = *made.id
	}
	if s.exists(id) {
		return ref{}, duplicateKey()
	}
	values := e.defaults(s)
	if _, given := made.values["statecode"]; given {
		delete(values, "statuscode") // the state brings its own
	}
	maps.Copy(values, made.values)
	if refusal := s.settle(id, values, made.values); refusal != nil {
		return ref{}, refusal
	}
	now := e.now()
	row := &storedRow{index: -1, version: version, created: now.Unix(), modified: now.Unix(), values: values}
	if refusal := s.unique(ref{id, -1, row}, values); refusal != nil {
		return ref{}, refusal
	}
	s.put(j, id, row, now)
	return ref{id, -1, row}, nil
}

func duplicateKey() *apiError {
	return refuse(http.StatusPreconditionFailed, "0x80040237", "A record with matching key values already exists.")
}

// freshID is an id that no row has. It lies somewhere between those of the table's other rows.
func (s *store) freshID(version int64) rowID {
	span := word(s.ids.length+16) << slotBits
	for try := uint64(0); ; try++ {
		id := s.ids.at(s.ids.base + mix(s.ids.salt, word64(version), try)%span)
		if _, generated := s.ids.find(id); !generated && !s.exists(id) {
			return id
		}
	}
}

// defaults are the values of a new row that nobody gave: its owner, its state, its currency.
func (e *Environment) defaults(s *store) map[string]storedValue {
	values := map[string]storedValue{}
	lookup := func(name, id, target string) {
		if c := s.table.Column(name); c != nil && c.IsLookup() && hasTarget(c, target) {
			values[name] = storedValue{json: []byte(`"` + id + `"`), target: target}
		}
	}
	for _, name := range []string{"ownerid", "owninguser", "createdby", "modifiedby"} {
		lookup(name, e.user(), "systemuser")
	}
	lookup("owningbusinessunit", e.businessUnit(), "businessunit")
	lookup("transactioncurrencyid", newSequence(e.seed, "transactioncurrency", 0).id(0).String(), "transactioncurrency")
	for i := range s.table.Columns {
		switch c := &s.table.Columns[i]; {
		case c.LogicalName == "exchangerate":
			values[c.LogicalName] = storedValue{json: appendScaled(nil, 1, 0, decimalScale)}
		case len(c.Options) > 0 && c.Type == State, len(c.Options) > 0 && c.Type == Status:
			values[c.LogicalName] = storedValue{json: strconv.AppendInt(nil, int64(c.Options[0].Value), 10)}
		case c.Type == Boolean && s.writable(c):
			values[c.LogicalName] = storedValue{json: []byte("false")}
		}
	}
	return values
}

// update changes a row. A write that sets nothing leaves the row and its version as they are.
func (e *Environment) update(j *journal, s *store, r ref, made edit) (ref, *apiError) {
	if len(made.values) == 0 {
		return r, nil
	}
	changed := &storedRow{index: r.index, version: e.nextVersion(s.table), modified: e.now().Unix()}
	if r.row != nil {
		changed.created, changed.values = r.row.created, maps.Clone(r.row.values)
	} else {
		changed.values = map[string]storedValue{}
	}
	if c := s.table.Column("modifiedby"); c != nil && hasTarget(c, "systemuser") {
		changed.values["modifiedby"] = storedValue{json: []byte(`"` + e.user() + `"`), target: "systemuser"}
	}
	if state := s.cellOf("statecode"); state != nil { // a status given alone is held against it
		changed.values["statecode"] = storedValue{json: s.appendValue(nil, r, state)}
	}
	maps.Copy(changed.values, made.values)
	if refusal := s.settle(r.id, changed.values, made.values); refusal != nil {
		return r, refusal
	}
	if refusal := s.unique(ref{r.id, r.index, changed}, made.values); refusal != nil {
		return r, refusal
	}
	s.put(j, r.id, changed, e.now())
	if s.table.LogicalName == organizationTable {
		e.reset(made.values)
	}
	return ref{r.id, r.index, changed}, nil
}

// settle makes the values of a row agree with what was just given: amounts with their base, status with state, the
// owner with the columns that repeat it.
func (s *store) settle(id rowID, values, given map[string]storedValue) *apiError {
	for name, v := range given {
		if base := s.table.Column(name + "_base"); base != nil && s.isBase(base) {
			values[base.LogicalName] = v // the exchange rate is 1
		}
	}
	if owner, set := given["ownerid"]; set {
		for name, table := range map[string]string{"owninguser": "systemuser", "owningteam": "team"} {
			if s.table.Column(name) == nil {
				continue
			}
			values[name] = storedValue{}
			if owner.target == table {
				values[name] = owner
			}
		}
	}
	return s.settleStatus(id, values, given)
}

// settleStatus gives a state its first status if none came with it, and refuses a status of another state.
func (s *store) settleStatus(id rowID, values, given map[string]storedValue) *apiError {
	state, status := s.table.Column("statecode"), s.table.Column("statuscode")
	if state == nil || status == nil {
		return nil
	}
	_, stateGiven := given["statecode"]
	statusValue, statusGiven := given["statuscode"]
	if !stateGiven && !statusGiven {
		return nil
	}
	code := string(values["statecode"].json)
	belongs := func(o Option) bool { return strconv.Itoa(o.State) == code }
	if !statusGiven {
		if i := slices.IndexFunc(status.Options, belongs); i >= 0 {
			values["statuscode"] = storedValue{json: strconv.AppendInt(nil, int64(status.Options[i].Value), 10)}
		}
		return nil
	}
	for _, o := range status.Options {
		if strconv.Itoa(o.Value) == string(statusValue.json) && belongs(o) {
			return nil
		}
	}
	label, _ := optionLabel(state, code)
	return refuse(http.StatusBadRequest, "0x80048408", "%s is not a valid status code for state code %sState.%s on %s with Id %s.",
		statusValue.json, s.table.SchemaName, label, s.table.LogicalName, id)
}

// delete removes a row. Rows that point to it keep their lookups.
func (e *Environment) delete(j *journal, s *store, r ref) {
	s.remove(j, r, e.nextVersion(s.table), e.now())
}

// address is the row's key as its address shows it.
func (s *store) address(r ref) string {
	if s.table.Type == Elastic {
		if partition := s.partition(r); partition != "" {
			return fmt.Sprintf("%s(%s,partitionid='%s')", s.table.EntitySetName, r.id, strings.ReplaceAll(partition, "'", "''"))
		}
	}
	return s.table.EntitySetName + "(" + r.id.String() + ")"
}
