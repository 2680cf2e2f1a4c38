package schema

import (
	"source-microsoft-dataverse/integration_tests/simulator/guid"
)

// PrivilegeName returns the name of the privilege to read, create, ... a table's rows; its case follows the schema name.
func PrivilegeName(access string, t *Table) string {
	if t.LogicalName == "audit" && access == "Read" {
		return "prvReadAuditSummary"
	}
	return "prv" + access + t.SchemaName
}

// PrivilegeID returns the PrivilegeId of a privilege of that name.
func PrivilegeID(name string) string { return guid.Derived("privilege", name) }

// AccessKinds returns the kinds of access that privileges grant.
func AccessKinds() []string {
	return []string{"Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share"}
}
