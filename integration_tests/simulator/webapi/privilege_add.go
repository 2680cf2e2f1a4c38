package webapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// rolePrivileges is the body of the action AddPrivilegesRole. A depth is the name or the number of a PrivilegeDepth (Web API
// reference, AddPrivilegesRole, RolePrivilege and PrivilegeDepth).
type rolePrivileges struct {
	Privileges []struct {
		PrivilegeID string `json:"PrivilegeId"`
		Depth       string
	}
}

// addPrivileges carries out AddPrivilegesRole on any role as if the signed-in user had it: privileges to read tables take
// effect, and other privileges of tables have none. found is false for other paths.
func addPrivileges(db *rows.Database, w http.ResponseWriter, r *http.Request, path string) (found bool, refusal *odata.Error) {
	role, isAction := strings.CutSuffix(path, ")/"+odata.ActionPrefix+"AddPrivilegesRole")
	id, isRole := strings.CutPrefix(role, "roles(")
	if !isAction || !isRole {
		return false, nil
	}
	if r.Method != http.MethodPost {
		return true, odata.WrongMethod(r.Method)
	}
	if _, refusal := Respond(db, &http.Request{Method: http.MethodGet, URL: r.URL, Header: http.Header{}}, "", "roles("+id+")"); refusal != nil {
		return true, refusal
	}
	body, refusal := odata.ReadBody(r)
	if refusal != nil {
		return true, refusal
	}
	granted, refusal := readDepths(db, body)
	if refusal != nil {
		return true, refusal
	}
	for table, depth := range granted {
		db.SetReadDepth(table, depth)
	}
	odata.NewReply(http.StatusNoContent).Send(w)
	return true, nil
}

// readDepths returns how far each table may be read with the privileges of a body.
func readDepths(db *rows.Database, body []byte) (map[string]schema.Depth, *odata.Error) {
	var given rolePrivileges
	if err := json.Unmarshal(body, &given); err != nil || given.Privileges == nil {
		return nil, odata.BadPayload("AddPrivilegesRole", "The parameter 'Privileges' must hold a collection of Microsoft.Dynamics.CRM.RolePrivilege.")
	}
	depths := []schema.Depth{schema.Basic, schema.Local, schema.Deep, schema.Global}
	granted := map[string]schema.Depth{}
	for _, p := range given.Privileges {
		depth := slices.IndexFunc(depths, func(d schema.Depth) bool { return p.Depth == string(d) })
		if depth < 0 {
			depth = slices.Index([]string{"0", "1", "2", "3"}, p.Depth)
		}
		if depth < 0 {
			return nil, odata.BadPayload("AddPrivilegesRole", "Requested value '%s' was not found.", p.Depth)
		}
		table, access := privileged(db, p.PrivilegeID)
		switch {
		case table == nil:
			return nil, odata.Refuse(http.StatusNotFound, "0x80040217", "Entity 'privilege' With Id = %s Does Not Exist", p.PrivilegeID)
		case access == "Read":
			granted[table.LogicalName] = depths[depth]
		}
	}
	return granted, nil
}

// privileged returns the table that a privilege is about and the access that it grants, or nil if there is none with that ID.
func privileged(db *rows.Database, id string) (*schema.Table, string) {
	for _, t := range db.Tables() {
		for _, access := range schema.AccessKinds() {
			if !t.Intersect && schema.PrivilegeID(schema.PrivilegeName(access, t)) == strings.ToLower(id) {
				return t, access
			}
		}
	}
	return nil, ""
}
