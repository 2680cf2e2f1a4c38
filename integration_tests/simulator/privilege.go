package simulator

import (
	"slices"
	"strconv"
)

// privilegeName is the name of the privilege to read, create, ... a table's rows; its case follows the schema name.
func privilegeName(access string, t *Table) string { return "prv" + access + t.SchemaName }

// privilegeID is the PrivilegeId of a privilege of that name.
func privilegeID(name string) string { return stableID("privilege", name) }

func accessKinds() []string {
	return []string{"Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share"}
}

// privilegeList is EntityMetadata.Privileges.
type privilegeList struct {
	table *Table
}

// tablePrivileges are the privileges of a table; an intersect has none (Web API reference, SecurityPrivilegeMetadata).
func tablePrivileges(t *Table) any { return privilegeList{t} }

func (p privilegeList) appendJSON(dst []byte, _ bool) []byte {
	dst = append(dst, '[')
	if p.table.Intersect {
		return append(dst, ']')
	}
	owned := strconv.FormatBool(slices.Contains([]string{"UserOwned", "BusinessOwned"}, p.table.Ownership))
	for i, access := range accessKinds() {
		if i > 0 {
			dst = append(dst, ',')
		}
		name := privilegeName(access, p.table)
		dst = append(dst, `{"CanBeBasic":`+owned+`,"CanBeDeep":`+owned+`,"CanBeGlobal":true,"CanBeLocal":`+owned+
			`,"CanBeEntityReference":false,"CanBeParentEntityReference":false,"Name":"`+name+
			`","PrivilegeId":"`+privilegeID(name)+`","PrivilegeType":"`+access+`"}`...)
	}
	return append(dst, ']')
}
