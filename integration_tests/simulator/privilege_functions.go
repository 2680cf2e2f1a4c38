package simulator

import (
	"net/http"
	"slices"
	"strings"
)

// callPrivilegeFunction answers the functions bound to a systemuser that list privileges; found is false for other paths.
func (h *host) callPrivilegeFunction(w http.ResponseWriter, r *http.Request, base, path string) (found bool, failure *apiError) {
	row, call, ok := strings.Cut(path, ")/Microsoft.Dynamics.CRM.")
	id, isUser := strings.CutPrefix(row, "systemusers(")
	if !ok || !isUser || !strings.HasPrefix(call, "RetrieveUserPrivilege") {
		return false, nil
	}
	name, args, err := parseCall(call, r.URL.RawQuery)
	if err != nil {
		return true, err
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true, readOnly(w, r.Method)
	}
	id = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(id, "ownerid="), "systemuserid="))
	if !h.directory.isUser(id) {
		return true, refuse(http.StatusNotFound, "0x80040217", "Entity 'systemuser' With Id = %s Does Not Exist", id)
	}
	switch name {
	case "RetrieveUserPrivileges":
		if err := args.only(); err != nil {
			return true, err
		}
		h.writePrivileges(w, base, name, "")
	case "RetrieveUserPrivilegeByPrivilegeName":
		if err := args.only("PrivilegeName"); err != nil {
			return true, err
		}
		wanted := args.text("PrivilegeName")
		if !h.knownPrivilege(wanted) {
			return true, refuse(http.StatusNotFound, "0x80040217", "Privilege With Name = %s Does Not Exist", wanted)
		}
		h.writePrivileges(w, base, name, wanted)
	default:
		return true, notFound("Microsoft.Dynamics.CRM." + name)
	}
	return true, nil
}

func (h *host) knownPrivilege(name string) bool {
	return slices.ContainsFunc(h.environment.tables(), func(t *Table) bool {
		return !t.Intersect && slices.ContainsFunc(accessKinds(), func(access string) bool {
			return strings.EqualFold(privilegeName(access, t), name)
		})
	})
}

// writePrivileges lists the privileges that the user has, all of them or those of one name. One that the user lacks is not listed.
func (h *host) writePrivileges(w http.ResponseWriter, base, function, name string) {
	out := newStream(w, `{"@odata.context":"`+base+"/$metadata#Microsoft.Dynamics.CRM."+function+`Response","RolePrivileges":[`)
	unit := h.environment.businessUnit()
	for _, t := range h.environment.tables() {
		depth := h.environment.depth(t.LogicalName)
		if t.Intersect || depth == None {
			continue
		}
		for _, access := range accessKinds() {
			privilege := privilegeName(access, t)
			if name != "" && !strings.EqualFold(name, privilege) {
				continue
			}
			out.element(func(dst []byte) []byte {
				return append(dst, `{"Depth":"`+string(depth)+`","PrivilegeId":"`+privilegeID(privilege)+`","BusinessUnitId":"`+unit+
					`","PrivilegeName":"`+privilege+`","RecordFilterId":"`+emptyID+`","RecordFilterUniqueName":""}`...)
			})
		}
	}
	out.end()
}
