package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// write carries out a request that changes rows. The caller holds the lock, and undoes the journal on a refusal.
func (e *Environment) write(j *journal, c *call) (*reply, *apiError) {
	if c.key == nil && strings.HasPrefix(c.rest, actionPrefix) && c.http.Method == http.MethodPost {
		return e.bulk(j, c)
	}
	if c.key != nil && strings.HasSuffix(c.rest, "/$ref") {
		return e.associate(j, c)
	}
	access, known := map[string]string{
		http.MethodPost: "Create", http.MethodPatch: "Write", http.MethodPut: "Write", http.MethodDelete: "Delete",
	}[c.http.Method]
	if c.rest != "" && c.http.Method == http.MethodDelete {
		access = "Write" // of one property
	}
	if !known || (c.key == nil) != (access == "Create") {
		return nil, wrongMethod(c.http.Method)
	}
	if refusal := e.mayWrite(c.store.table, access); refusal != nil {
		return nil, refusal
	}
	switch {
	case c.rest != "" && c.key == nil:
		return nil, notFound(c.rest)
	case c.rest != "":
		return e.writeProperty(j, c)
	case access == "Create":
		return e.post(j, c)
	case access == "Delete":
		return e.remove(j, c)
	case c.http.Method == http.MethodPatch:
		return e.patch(j, c)
	default:
		return nil, wrongMethod(c.http.Method)
	}
}

func (e *Environment) remove(j *journal, c *call) (*reply, *apiError) {
	r, refusal := e.readable(c)
	if refusal == nil {
		refusal = c.matches(r)
	}
	if refusal != nil {
		return nil, refusal
	}
	e.delete(j, c.store, r)
	return c.store.session(newReply(http.StatusNoContent)), nil
}

// session adds the token by which a client reads its own writes of an elastic table (Microsoft, "Use elastic tables").
func (s *store) session(answer *reply) *reply {
	if s.table.Type == Elastic {
		answer.header.Set("x-ms-session-token", fmt.Sprintf("240:8#%d#7=-1", len(s.log.entries)))
	}
	return answer
}

func (e *Environment) post(j *journal, c *call) (*reply, *apiError) {
	made, refusal := e.decode(c.store, c.body)
	if refusal != nil {
		return nil, refusal
	}
	r, refusal := e.create(j, c.store, made)
	if refusal != nil {
		return nil, refusal
	}
	return e.written(c, r, http.StatusCreated)
}

// patch updates the row of the key, or creates it unless If-Match forbids that.
func (e *Environment) patch(j *journal, c *call) (*reply, *apiError) {
	made, refusal := e.decode(c.store, c.body)
	if refusal != nil {
		return nil, refusal
	}
	c.key.name(&made)
	var r ref
	_, found := c.store.find(c.key.id)
	switch {
	case !found && c.http.Header.Get("If-Match") != "":
		return nil, c.store.absent(c.key)
	case !found:
		if column := c.store.table.Column("partitionid"); column != nil && c.key.partition != nil {
			made.values["partitionid"] = storedValue{json: appendQuoted(nil, *c.key.partition)}
		}
		if r, refusal = e.create(j, c.store, made); refusal != nil {
			return nil, refusal
		}
		return e.written(c, r, http.StatusCreated)
	case c.http.Header.Get("If-None-Match") == "*":
		return nil, duplicateKey()
	}
	if r, refusal = e.readable(c); refusal != nil {
		return nil, refusal
	}
	if refusal := c.matches(r); refusal != nil {
		return nil, refusal
	}
	if r, refusal = e.update(j, c.store, r, made); refusal != nil {
		return nil, refusal
	}
	return e.written(c, r, http.StatusOK)
}

// matches refuses a write whose If-Match names another version of the row (Microsoft, "Perform conditional
// operations using the Web API").
func (c *call) matches(r ref) *apiError {
	if wanted := c.http.Header.Get("If-Match"); wanted != "" && wanted != "*" && wanted != c.store.etag(r) {
		return refuse(http.StatusPreconditionFailed, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided.")
	}
	return nil
}

// written answers a write: with the row if the client prefers that, else with its address alone.
func (e *Environment) written(c *call, r ref, withRow int) (*reply, *apiError) {
	address := c.base + "/" + c.store.address(r)
	answer := newReply(http.StatusNoContent)
	if c.prefer.representation {
		show, refusal := e.shown(c.store, c.query.selected, c.query.expanded, maxExpansions)
		if refusal != nil {
			return nil, refusal
		}
		answer = newReply(withRow).json(e.entity(c, show, r)).preference("return=representation")
	}
	answer.header["OData-EntityId"] = []string{address} // net/http would write Odata-Entityid
	if withRow == http.StatusCreated {
		answer.header.Set("Location", address)
	}
	return c.store.session(answer), nil
}

// writeProperty sets one property by PUT, or clears it by DELETE.
func (e *Environment) writeProperty(j *journal, c *call) (*reply, *apiError) {
	r, refusal := e.readable(c)
	if refusal != nil {
		return nil, refusal
	}
	column := c.store.table.ByProperty(c.rest)
	if column == nil || column.IsLookup() {
		return nil, notFound(c.rest)
	}
	value := json.RawMessage("null")
	switch c.http.Method {
	case http.MethodDelete:
	case http.MethodPut:
		members, refusal := objectMembers(c.store.table.EntitySetName, c.body)
		if refusal != nil {
			return nil, refusal
		}
		if len(members) != 1 || members[0].name != "value" {
			return nil, badPayload(c.store.table.EntitySetName, "A property with name 'value' was expected when reading a top-level property.")
		}
		value = members[0].raw
	default:
		return nil, wrongMethod(c.http.Method)
	}
	made := edit{values: map[string]storedValue{}}
	refusal = e.decodeMember(c.store, &made, member{column.Property(), bytes.Clone(value)})
	if refusal == nil {
		refusal = c.store.inBounds(made)
	}
	if refusal != nil {
		return nil, refusal
	}
	if _, refusal := e.update(j, c.store, r, made); refusal != nil {
		return nil, refusal
	}
	return newReply(http.StatusNoContent), nil
}
