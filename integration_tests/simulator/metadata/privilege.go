package metadata

import (
	"slices"
	"strconv"

	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// privilegeList is EntityMetadata.Privileges.
type privilegeList struct {
	table *schema.Table
}

// tablePrivileges returns the privileges of a table; an intersect table does not have any (Web API reference,
// SecurityPrivilegeMetadata).
func tablePrivileges(t *schema.Table) any { return privilegeList{t} }

// AppendJSON implements jsonValue.
func (p privilegeList) AppendJSON(dst []byte, _ languages) []byte {
	dst = append(dst, '[')
	if p.table.Intersect {
		return append(dst, ']')
	}
	owned := strconv.FormatBool(slices.Contains([]string{"UserOwned", "BusinessOwned"}, p.table.Ownership))
	for i, access := range schema.AccessKinds() {
		if i > 0 {
			dst = append(dst, ',')
		}
		name := schema.PrivilegeName(access, p.table)
		dst = append(dst, `{"CanBeBasic":`+owned+`,"CanBeDeep":`+owned+`,"CanBeGlobal":true,"CanBeLocal":`+owned+
			`,"CanBeEntityReference":false,"CanBeParentEntityReference":false,"Name":"`+name+
			`","PrivilegeId":"`+schema.PrivilegeID(name)+`","PrivilegeType":"`+access+`"}`...)
	}
	return append(dst, ']')
}
