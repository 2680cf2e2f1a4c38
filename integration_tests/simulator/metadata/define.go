package metadata

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// definer carries out one write of metadata (Microsoft, "Create and update table definitions using the Web API").
type definer struct {
	env    *rows.Database
	base   string // of the Web API
	method string
	body   []byte
}

// defined is the address of what a write of metadata has made; empty where it made nothing.
type defined string

// Serve serves the resources below EntityDefinitions, RelationshipDefinitions and GlobalOptionSetDefinitions.
func Serve(db *rows.Database, w http.ResponseWriter, r *http.Request, base, path string) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		newMetadata(db, base).serve(w, r, path)
		return
	}
	body, refusal := odata.ReadBody(r)
	var made defined
	if refusal == nil {
		d := definer{env: db, base: base, method: r.Method, body: body}
		made, refusal = d.carryOut(path)
	}
	if refusal != nil {
		if refusal.Status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", "GET,HEAD,OPTIONS")
		}
		refusal.Write(w, r)
		return
	}
	reply := odata.NewReply(http.StatusNoContent)
	if made != "" {
		reply.Header["OData-EntityId"] = []string{base + "/" + string(made)} // net/http would write Odata-Entityid
	}
	reply.Send(w)
}

// ServeAction serves the actions on definitions: CreateEntities, which makes several tables at once, those on the options of a
// choice, and those that publish, for which there is nothing to do here. found is false for other names.
func ServeAction(db *rows.Database, w http.ResponseWriter, r *http.Request, base, name string) (found bool, refusal *odata.Error) {
	onOptions := slices.Contains([]string{"InsertOptionValue", "UpdateOptionValue", "DeleteOptionValue"}, name)
	switch {
	case !onOptions && name != "CreateEntities" && name != "PublishXml" && name != "PublishAllXml":
		return false, nil
	case r.Method != http.MethodPost:
		return true, odata.WrongMethod(r.Method)
	case onOptions:
		body, refusal := odata.ReadBody(r)
		if refusal != nil {
			return true, refusal
		}
		return true, serveOptionAction(db, w, base, name, body)
	case name == "CreateEntities":
		body, refusal := odata.ReadBody(r)
		if refusal != nil {
			return true, refusal
		}
		given, refusal := payload[struct{ Entities []tablePayload }](body)
		if refusal != nil {
			return true, refusal
		}
		if refusal := defineTables(db, given.Entities); refusal != nil {
			return true, refusal
		}
	}
	odata.NewReply(http.StatusNoContent).Send(w)
	return true, nil
}

// carryOut carries out the write that a path and a method specify.
func (d *definer) carryOut(path string) (defined, *odata.Error) {
	segments, balanced := odata.SplitOutside(path, '/')
	if !balanced {
		return "", odata.BadQuery("')' or ',' expected at position %d in '%s'.", len(path), path)
	}
	name, key, keyed := cutKey(segments[0])
	switch {
	case name == "EntityDefinitions" && !keyed && d.method == http.MethodPost:
		given, refusal := payload[tablePayload](d.body)
		if refusal != nil {
			return "", refusal
		}
		made, refusal := defineTable(d.env, &given)
		return made, refusal
	case name == "EntityDefinitions" && keyed:
		t, refusal := newMetadata(d.env, d.base).find(key)
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
	return "", odata.WrongMethod(d.method)
}

// table changes or deletes a table.
func (d *definer) table(t *schema.Table) *odata.Error {
	switch d.method {
	case http.MethodPut:
		given, refusal := payload[tablePayload](d.body)
		if refusal != nil {
			return refusal
		}
		return redefineTable(d.env, t, &given)
	case http.MethodDelete:
		return dropTable(d.env, t)
	default:
		return odata.WrongMethod(d.method)
	}
}

// below makes, changes or deletes a column or a key of a table. segments[0] is the table, as the client wrote it.
func (d *definer) below(t *schema.Table, segments []string) (defined, *odata.Error) {
	name, key, keyed := cutKey(segments[1])
	address := segments[0] + "/" + name
	switch {
	case name == "Attributes" && !keyed && d.method == http.MethodPost:
		id, refusal := defineColumn(d.env, t, d.body)
		return defined(address + "(" + id + ")"), refusal
	case name == "Attributes" && keyed && d.method == http.MethodPut:
		return "", redefineColumn(d.env, t, key, d.body)
	case name == "Attributes" && keyed && d.method == http.MethodDelete:
		return "", dropColumn(d.env, t, key)
	case name == "Keys" && !keyed && d.method == http.MethodPost:
		id, refusal := defineKey(d.env, t, d.body)
		return defined(address + "(" + id + ")"), refusal
	case name == "Keys" && keyed && d.method == http.MethodDelete:
		return "", dropKey(d.env, t, key)
	}
	return "", odata.WrongMethod(d.method)
}

// plural returns the name of an entity set that the service makes of a logical name.
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
