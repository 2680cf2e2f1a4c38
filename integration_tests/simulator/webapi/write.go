package webapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/edit"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// write carries out a request that changes rows. The caller holds the lock, and undoes the journal on a refusal.
func write(db *rows.Database, j *rows.Journal, c *call) (*odata.Reply, *odata.Error) {
	if c.key == nil && strings.HasPrefix(c.rest, odata.ActionPrefix) && c.http.Method == http.MethodPost {
		return bulk(db, j, c)
	}
	if c.key != nil && strings.HasSuffix(c.rest, "/$ref") {
		return associate(db, j, c)
	}
	access, known := map[string]string{
		http.MethodPost: "Create", http.MethodPatch: "Write", http.MethodPut: "Write", http.MethodDelete: "Delete",
	}[c.http.Method]
	if c.rest != "" && c.http.Method == http.MethodDelete {
		access = "Write" // of one property
	}
	if !known || (c.key == nil) != (access == "Create") {
		return nil, odata.WrongMethod(c.http.Method)
	}
	if refusal := mayWrite(db, c.store.Table, access); refusal != nil {
		return nil, refusal
	}
	switch {
	case c.rest != "" && c.key == nil:
		return nil, odata.NotFound(c.rest)
	case c.rest != "":
		return writeProperty(db, j, c)
	case access == "Create":
		return post(db, j, c)
	case access == "Delete":
		return remove(db, j, c)
	case c.http.Method == http.MethodPatch:
		return patch(db, j, c)
	default:
		return nil, odata.WrongMethod(c.http.Method)
	}
}

func remove(db *rows.Database, j *rows.Journal, c *call) (*odata.Reply, *odata.Error) {
	r, refusal := readable(db, c)
	if refusal == nil {
		refusal = c.matches(r)
	}
	if refusal != nil {
		return nil, refusal
	}
	edit.Remove(db, j, c.store, r)
	return session(c.store, odata.NewReply(http.StatusNoContent)), nil
}

// session adds the token by which a client reads its own writes of an elastic table (Microsoft, "Use elastic tables").
func session(s *rows.Store, reply *odata.Reply) *odata.Reply {
	if s.Table.Type == schema.Elastic {
		reply.Header.Set("x-ms-session-token", fmt.Sprintf("240:8#%d#7=-1", len(s.Log.Entries)))
	}
	return reply
}

func post(db *rows.Database, j *rows.Journal, c *call) (*odata.Reply, *odata.Error) {
	made, refusal := edit.Decode(db, c.store, c.body)
	if refusal != nil {
		return nil, refusal
	}
	r, refusal := edit.Insert(db, j, c.store, made)
	if refusal != nil {
		return nil, refusal
	}
	return written(db, c, r, http.StatusCreated)
}

// patch updates the row of the key, or creates it unless If-Match forbids that.
func patch(db *rows.Database, j *rows.Journal, c *call) (*odata.Reply, *odata.Error) {
	made, refusal := edit.Decode(db, c.store, c.body)
	if refusal != nil {
		return nil, refusal
	}
	c.key.Name(&made)
	var r rows.Ref
	_, found := c.store.Find(c.key.ID)
	switch {
	case !found && c.http.Header.Get("If-Match") != "":
		return nil, edit.Absent(c.store, c.key)
	case !found:
		if column := c.store.Table.Column("partitionid"); column != nil && c.key.Partition != nil {
			made.Values["partitionid"] = rows.Value{Json: odata.AppendQuoted(nil, *c.key.Partition)}
		}
		if r, refusal = edit.Insert(db, j, c.store, made); refusal != nil {
			return nil, refusal
		}
		return written(db, c, r, http.StatusCreated)
	case c.http.Header.Get("If-None-Match") == "*":
		return nil, edit.DuplicateKey()
	}
	if r, refusal = readable(db, c); refusal != nil {
		return nil, refusal
	}
	if refusal := c.matches(r); refusal != nil {
		return nil, refusal
	}
	if r, refusal = edit.Change(db, j, c.store, r, made); refusal != nil {
		return nil, refusal
	}
	return written(db, c, r, http.StatusOK)
}

// matches refuses a write whose If-Match names another version of the row (Microsoft, "Perform conditional
// operations using the Web API").
func (c *call) matches(r rows.Ref) *odata.Error {
	if wanted := c.http.Header.Get("If-Match"); wanted != "" && wanted != "*" && wanted != etag(c.store, r) {
		return odata.Refuse(http.StatusPreconditionFailed, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided.")
	}
	return nil
}

// written serves a write: with the row if the client prefers that, else with its address alone.
func written(db *rows.Database, c *call, r rows.Ref, withRow int) (*odata.Reply, *odata.Error) {
	address := c.base + "/" + edit.Address(c.store, r)
	reply := odata.NewReply(http.StatusNoContent)
	if c.prefer.Representation {
		show, refusal := shown(db, c.user, c.store, c.query.Selected, c.query.Expanded, maxExpansions)
		if refusal != nil {
			return nil, refusal
		}
		reply = odata.NewReply(withRow).JSON(entity(db, c, show, r)).Preference("return=representation")
	}
	reply.Header["OData-EntityId"] = []string{address} // net/http would write Odata-Entityid
	if withRow == http.StatusCreated {
		reply.Header.Set("Location", address)
	}
	return session(c.store, reply), nil
}

// writeProperty sets one property by PUT, or clears it by DELETE.
func writeProperty(db *rows.Database, j *rows.Journal, c *call) (*odata.Reply, *odata.Error) {
	r, refusal := readable(db, c)
	if refusal != nil {
		return nil, refusal
	}
	column := c.store.Table.ByProperty(c.rest)
	if column == nil || column.IsLookup() {
		return nil, odata.NotFound(c.rest)
	}
	value := json.RawMessage("null")
	switch c.http.Method {
	case http.MethodDelete:
	case http.MethodPut:
		members, refusal := edit.ObjectMembers(c.store.Table.EntitySetName, c.body)
		if refusal != nil {
			return nil, refusal
		}
		if len(members) != 1 || members[0].Name != "value" {
			return nil, odata.BadPayload(c.store.Table.EntitySetName, "A property with name 'value' was expected when reading a top-level property.")
		}
		value = members[0].Raw
	default:
		return nil, odata.WrongMethod(c.http.Method)
	}
	made := edit.Edit{Values: map[string]rows.Value{}}
	refusal = edit.DecodeMember(db, c.store, &made, edit.Member{Name: column.Property(), Raw: bytes.Clone(value)})
	if refusal == nil {
		refusal = edit.InBounds(c.store, made)
	}
	if refusal != nil {
		return nil, refusal
	}
	if _, refusal := edit.Change(db, j, c.store, r, made); refusal != nil {
		return nil, refusal
	}
	if column.Type == schema.File {
		db.DescribeFiles(j, c.store, r.ID)
	}
	return odata.NewReply(http.StatusNoContent), nil
}
