package edit

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/guid"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// Insert adds a row with the values of an edit and those that the service sets itself.
func Insert(db *rows.Database, j *rows.Journal, s *rows.Store, made Edit) (rows.Ref, *odata.Error) {
	version := db.NextVersion(s.Table)
	id := freshID(s, version, db.Restorations())
	if made.ID != nil {
		id = *made.ID
	}
	db.Release(j, s, id)
	if s.Exists(id) {
		return rows.Ref{}, DuplicateKey()
	}
	values := db.Defaults(s)
	if _, given := made.Values["statecode"]; given {
		delete(values, "statuscode") // the state has its own default
	}
	maps.Copy(values, made.Values)
	for name := range made.Values {
		if c := s.Table.Column(name); c.Type == schema.Image && name != s.Table.PrimaryImage() {
			return rows.Ref{}, odata.Refuse(http.StatusBadRequest, "0x80090487", "Non-primary image attribute %s of entity %s is not allowed to upload during Create operation.", name, s.Table.LogicalName)
		}
	}
	if refusal := settle(s, id, values, made.Values); refusal != nil {
		return rows.Ref{}, refusal
	}
	now := db.Now()
	row := &rows.Row{Index: -1, Version: version, Created: now.Unix(), Modified: now.Unix(), Values: values}
	if refusal := unique(s, rows.Ref{ID: id, Index: -1, Row: row}, values); refusal != nil {
		return rows.Ref{}, refusal
	}
	s.Put(j, id, row, now)
	return rows.Ref{ID: id, Index: -1, Row: row}, nil
}

// DuplicateKey returns the error for the key of a row that exists.
func DuplicateKey() *odata.Error {
	return odata.Refuse(http.StatusPreconditionFailed, "0x80040237", "A record with matching key values already exists.")
}

// freshID returns an id that no row has, nor one that was created with the same version before a backup was restored. It lies
// somewhere between those of the table's other rows.
func freshID(s *rows.Store, version int64, restorations uint32) guid.ID {
	for try := uint64(restorations) << 32; ; try++ {
		id := s.IDs.Fresh(rows.Mix(s.IDs.Salt, rows.Word64(version), try))
		if _, generated := s.IDs.Find(id); !generated && !s.Exists(id) {
			return id
		}
	}
}

// Change changes a row. A write that sets nothing leaves the row and its version as they are.
func Change(db *rows.Database, j *rows.Journal, s *rows.Store, r rows.Ref, made Edit) (rows.Ref, *odata.Error) {
	if len(made.Values) == 0 {
		return r, nil
	}
	if db.Release(j, s, r.ID) {
		var found bool
		if r, found = s.Find(r.ID); !found {
			return r, NoSuchRow(s, r.ID)
		}
	}
	changed := &rows.Row{Index: r.Index, Version: db.NextVersion(s.Table), Modified: db.Now().Unix()}
	if r.Row != nil {
		changed.Created, changed.Values = r.Row.Created, maps.Clone(r.Row.Values)
	} else {
		changed.Values = map[string]rows.Value{}
	}
	if c := s.Table.Column("modifiedby"); c != nil && schema.HasTarget(c, "systemuser") {
		changed.Values["modifiedby"] = rows.Value{Json: []byte(`"` + db.User() + `"`), Target: "systemuser"}
	}
	if state := s.CellOf("statecode"); state != nil { // a status given alone is held against it
		changed.Values["statecode"] = rows.Value{Json: s.AppendValue(nil, r, state)}
	}
	maps.Copy(changed.Values, made.Values)
	if refusal := settle(s, r.ID, changed.Values, made.Values); refusal != nil {
		return r, refusal
	}
	if refusal := unique(s, rows.Ref{ID: r.ID, Index: r.Index, Row: changed}, made.Values); refusal != nil {
		return r, refusal
	}
	s.Put(j, r.ID, changed, db.Now())
	if s.Table.LogicalName == rows.OrganizationTable {
		db.Reset(made.Values)
	}
	return rows.Ref{ID: r.ID, Index: r.Index, Row: changed}, nil
}

// settle makes the values of a row agree with what was just given: amounts with their base, status with state, the
// owner with the columns that repeat it.
func settle(s *rows.Store, id guid.ID, values, given map[string]rows.Value) *odata.Error {
	for name, v := range given {
		if base := s.Table.Column(name + "_base"); base != nil && s.IsBase(base) {
			values[base.LogicalName] = v // the exchange rate is 1
		}
	}
	if owner, set := given["ownerid"]; set {
		for name, table := range map[string]string{"owninguser": "systemuser", "owningteam": "team"} {
			if s.Table.Column(name) == nil {
				continue
			}
			values[name] = rows.Value{}
			if owner.Target == table {
				values[name] = owner
			}
		}
	}
	for i := range s.Table.Columns {
		c := &s.Table.Columns[i]
		if of, set := given[c.TypeOf]; set {
			values[c.LogicalName] = rows.Value{}
			if of.Target != "" {
				values[c.LogicalName] = rows.Value{Json: odata.AppendQuoted(nil, of.Target)}
			}
		}
	}
	settleFile(s, values, given)
	return settleStatus(s, id, values, given)
}

// settleFile sets what describes the file of a note, of an attachment or of a file column.
func settleFile(s *rows.Store, values, given map[string]rows.Value) {
	if column := rows.BodyColumn(s.Table); column != nil {
		body, set := given[column.LogicalName]
		for _, name := range []string{"filesize", "isdocument"} {
			if c := s.Table.Column(name); set && c != nil {
				values[name] = rows.Value{Json: rows.Described(c, body.Json)}
			}
		}
	}
	for name, v := range given {
		if c := s.Table.Column(name); c.Type == schema.File && len(v.Json) == 0 && s.Table.Column(name+"_name") != nil {
			values[name+"_name"] = rows.Value{}
		}
	}
}

// settleStatus sets the first status of a state if none came with it, and refuses a status of another state.
func settleStatus(s *rows.Store, id guid.ID, values, given map[string]rows.Value) *odata.Error {
	state, status := s.Table.Column("statecode"), s.Table.Column("statuscode")
	if state == nil || status == nil {
		return nil
	}
	_, stateGiven := given["statecode"]
	statusValue, statusGiven := given["statuscode"]
	if !stateGiven && !statusGiven {
		return nil
	}
	code := string(values["statecode"].Json)
	belongs := func(o schema.Option) bool { return strconv.Itoa(o.State) == code }
	if !statusGiven {
		if i := slices.IndexFunc(status.Options, belongs); i >= 0 {
			values["statuscode"] = rows.Value{Json: strconv.AppendInt(nil, int64(status.Options[i].Value), 10)}
		}
		return nil
	}
	for _, o := range status.Options {
		if strconv.Itoa(o.Value) == string(statusValue.Json) && belongs(o) {
			return nil
		}
	}
	label, _ := schema.OptionLabel(state, code, schema.English)
	return odata.Refuse(http.StatusBadRequest, "0x80048408", "%s is not a valid status code for state code %sState.%s on %s with Id %s.",
		statusValue.Json, s.Table.SchemaName, label, s.Table.LogicalName, id)
}

// Remove removes a row. Rows that point to it keep their lookups.
func Remove(db *rows.Database, j *rows.Journal, s *rows.Store, r rows.Ref) {
	if db.Release(j, s, r.ID) {
		var found bool
		if r, found = s.Find(r.ID); !found {
			return // the other write has deleted it
		}
	}
	s.Remove(j, r, db.NextVersion(s.Table), db.Now())
	db.DescribeFiles(j, s, r.ID)
}

// Address returns the row's key as its address shows it.
func Address(s *rows.Store, r rows.Ref) string {
	if s.Table.Type == schema.Elastic {
		if partition := partition(s, r); partition != "" {
			return fmt.Sprintf("%s(%s,partitionid='%s')", s.Table.EntitySetName, r.ID, strings.ReplaceAll(partition, "'", "''"))
		}
	}
	return s.Table.EntitySetName + "(" + r.ID.String() + ")"
}
