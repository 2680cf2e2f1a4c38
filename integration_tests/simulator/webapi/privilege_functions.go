package webapi

import (
	"net/http"
	"slices"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/metadata"
	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// callPrivilegeFunction serves the functions bound to a systemuser that list privileges; found is false for other paths.
func (a *API) callPrivilegeFunction(w http.ResponseWriter, r *http.Request, base, path string) (found bool, failure *odata.Error) {
	row, call, ok := strings.Cut(path, ")/Microsoft.Dynamics.CRM.")
	id, isUser := strings.CutPrefix(row, "systemusers(")
	if !ok || !isUser || !strings.HasPrefix(call, "RetrieveUserPrivilege") && !strings.HasPrefix(call, "RetrievePrincipalAttributePrivileges") {
		return false, nil
	}
	name, args, err := odata.ParseCall(call, r.URL.RawQuery)
	if err != nil {
		return true, err
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true, odata.ReadOnly(w, r.Method)
	}
	id = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(id, "ownerid="), "systemuserid="))
	if !a.isUser(id) {
		return true, odata.Refuse(http.StatusNotFound, "0x80040217", "Entity 'systemuser' With Id = %s Does Not Exist", id)
	}
	switch name {
	case "RetrieveUserPrivileges":
		if err := args.Only(); err != nil {
			return true, err
		}
		a.writePrivileges(w, base, id, name, "")
	case "RetrieveUserPrivilegeByPrivilegeName":
		if err := args.Only("PrivilegeName"); err != nil {
			return true, err
		}
		wanted := args.Text("PrivilegeName")
		if !a.knownPrivilege(wanted) {
			return true, odata.Refuse(http.StatusNotFound, "0x80040217", "Privilege With Name = %s Does Not Exist", wanted)
		}
		a.writePrivileges(w, base, id, name, wanted)
	case "RetrievePrincipalAttributePrivileges":
		if err := args.Only(); err != nil {
			return true, err
		}
		a.writeColumnPrivileges(w, base, id)
	default:
		return true, odata.NotFound("Microsoft.Dynamics.CRM." + name)
	}
	return true, nil
}

func (a *API) knownPrivilege(name string) bool {
	return slices.ContainsFunc(a.environment.Tables(), func(t *schema.Table) bool {
		return !t.Intersect && slices.ContainsFunc(schema.AccessKinds(), func(access string) bool {
			return strings.EqualFold(schema.PrivilegeName(access, t), name)
		})
	})
}

// writePrivileges lists the privileges that a user has, all of them or those of one name. One that the user lacks is not listed.
func (a *API) writePrivileges(w http.ResponseWriter, base, user, function, name string) {
	out := odata.NewStream(w, `{"@odata.context":"`+base+"/$metadata#Microsoft.Dynamics.CRM."+function+`Response","RolePrivileges":[`)
	unit := a.environment.BusinessUnit()
	for _, t := range a.environment.Tables() {
		depth := a.environment.Depth(user, t.LogicalName)
		if t.Intersect || depth == schema.None {
			continue
		}
		for _, access := range schema.AccessKinds() {
			privilege := schema.PrivilegeName(access, t)
			if name != "" && !strings.EqualFold(name, privilege) {
				continue
			}
			named := `","PrivilegeName":"` + privilege
			if a.environment.Behaviors.UnnamedPrivileges {
				named = ""
			}
			out.Element(func(dst []byte) []byte {
				return append(dst, `{"Depth":"`+string(depth)+`","PrivilegeId":"`+schema.PrivilegeID(privilege)+`","BusinessUnitId":"`+unit+
					named+`","RecordFilterId":"`+metadata.EmptyID+`","RecordFilterUniqueName":""}`...)
			})
		}
	}
	out.End()
}

// writeColumnPrivileges lists the secured columns that a user may read by its column security profiles. Of a System
// Administrator, who reads all of them, the documentation does not say whether they are listed; here they are not.
func (a *API) writeColumnPrivileges(w http.ResponseWriter, base, user string) {
	out := odata.NewStream(w, `{"@odata.context":"`+base+`/$metadata#Microsoft.Dynamics.CRM.RetrievePrincipalAttributePrivilegesResponse","AttributePrivileges":[`)
	for _, t := range a.environment.Tables() {
		for i := range t.Columns {
			c := &t.Columns[i]
			if !c.Secured || !a.environment.HasProfileFor(user, t.LogicalName, c.LogicalName) {
				continue
			}
			out.Element(func(dst []byte) []byte {
				return append(dst, `{"AttributeId":"`+metadata.ColumnID(t, c)+`","CanRead":4,"CanUpdate":0,"CanCreate":0}`...)
			})
		}
	}
	out.End()
}
