package simulator

import (
	"net/http"
	"strings"
)

// definer carries out one write of metadata (Microsoft, "Create and update table definitions using the Web API").
type definer struct {
	env    *Environment
	base   string // of the Web API
	method string
	body   []byte
}

// defined is the address of what a write of metadata has made; empty where it made nothing.
type defined string

// serveMetadata answers what stands below EntityDefinitions, RelationshipDefinitions and GlobalOptionSetDefinitions.
func (e *Environment) serveMetadata(w http.ResponseWriter, r *http.Request, base, path string) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		newMetadata(e.tables(), base).serve(w, r, path)
		return
	}
	body, refusal := readBody(r)
	var made defined
	if refusal == nil {
		d := definer{env: e, base: base, method: r.Method, body: body}
		made, refusal = d.carryOut(path)
	}
	if refusal != nil {
		if refusal.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET,HEAD,OPTIONS")
		}
		refusal.write(w, r)
		return
	}
	answer := newReply(http.StatusNoContent)
	if made != "" {
		answer.header["OData-EntityId"] = []string{base + "/" + string(made)} // net/http would write Odata-Entityid
	}
	answer.send(w)
}

// serveDefinitionAction answers the actions on definitions: CreateEntities, which makes several tables at once, and
// those that publish, for which there is nothing to do here. found is false for other names.
func (e *Environment) serveDefinitionAction(w http.ResponseWriter, r *http.Request, name string) (found bool, refusal *apiError) {
	switch {
	case name != "CreateEntities" && name != "PublishXml" && name != "PublishAllXml":
		return false, nil
	case r.Method != http.MethodPost:
		return true, wrongMethod(r.Method)
	case name == "CreateEntities":
		body, refusal := readBody(r)
		if refusal != nil {
			return true, refusal
		}
		given, refusal := payload[struct{ Entities []tablePayload }](body)
		if refusal != nil {
			return true, refusal
		}
		if refusal := e.defineTables(given.Entities); refusal != nil {
			return true, refusal
		}
	}
	newReply(http.StatusNoContent).send(w)
	return true, nil
}

// carryOut finds out what a path and a method mean.
func (d *definer) carryOut(path string) (defined, *apiError) {
	segments, balanced := splitOutside(path, '/')
	if !balanced {
		return "", badQuery("')' or ',' expected at position %d in '%s'.", len(path), path)
	}
	name, key, keyed := cutKey(segments[0])
	switch {
	case name == "EntityDefinitions" && !keyed && d.method == http.MethodPost:
		given, refusal := payload[tablePayload](d.body)
		if refusal != nil {
			return "", refusal
		}
		made, refusal := d.env.defineTable(&given)
		return made, refusal
	case name == "EntityDefinitions" && keyed:
		t, refusal := newMetadata(d.env.tables(), d.base).find(key)
		switch {
		case refusal != nil:
			return "", refusal
		case len(segments) == 1:
			return "", d.table(t)
		}
		return d.below(t, segments)
	case name == "RelationshipDefinitions":
		return d.relationship(key, keyed)
	}
	return "", wrongMethod(d.method)
}

// table changes or deletes a table.
func (d *definer) table(t *Table) *apiError {
	switch d.method {
	case http.MethodPut:
		given, refusal := payload[tablePayload](d.body)
		if refusal != nil {
			return refusal
		}
		return d.env.redefineTable(t, &given)
	case http.MethodDelete:
		return d.env.dropTable(t)
	default:
		return wrongMethod(d.method)
	}
}

// below makes, changes or deletes a column or a key of a table. segments[0] is the table, as the client wrote it.
func (d *definer) below(t *Table, segments []string) (defined, *apiError) {
	name, key, keyed := cutKey(segments[1])
	address := segments[0] + "/" + name
	switch {
	case name == "Attributes" && !keyed && d.method == http.MethodPost:
		id, refusal := d.env.defineColumn(t, d.body)
		return defined(address + "(" + id + ")"), refusal
	case name == "Attributes" && keyed && d.method == http.MethodPut:
		return "", d.env.redefineColumn(t, key, d.body)
	case name == "Attributes" && keyed && d.method == http.MethodDelete:
		return "", d.env.dropColumn(t, key)
	case name == "Keys" && !keyed && d.method == http.MethodPost:
		id, refusal := d.env.defineKey(t, d.body)
		return defined(address + "(" + id + ")"), refusal
	case name == "Keys" && keyed && d.method == http.MethodDelete:
		return "", d.env.dropKey(t, key)
	}
	return "", wrongMethod(d.method)
}

// plural is the name of an entity set that the service makes of a logical name.
func plural(logicalName string) string {
	switch last := logicalName[len(logicalName)-1]; {
	case last == 'y' && !strings.HasSuffix(logicalName, "ay") && !strings.HasSuffix(logicalName, "ey") && !strings.HasSuffix(logicalName, "oy"):
		return logicalName[:len(logicalName)-1] + "ies"
	case last == 's' || last == 'x' || last == 'z' || strings.HasSuffix(logicalName, "ch") || strings.HasSuffix(logicalName, "sh"):
		return logicalName + "es"
	default:
		return logicalName + "s"
	}
}
