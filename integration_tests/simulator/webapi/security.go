package webapi

import (
	"net/http"
	"strings"

	"source-microsoft-dataverse/integration_tests/simulator/odata"
	"source-microsoft-dataverse/integration_tests/simulator/query"
	"source-microsoft-dataverse/integration_tests/simulator/rows"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

// mayRead refuses a table that a user may not read at all. The caller holds the lock.
func mayRead(db *rows.Database, user string, t *schema.Table) *odata.Error {
	if db.ReadDepthOf(user, t.LogicalName) == schema.None {
		return missingPrivilege(user, t)
	}
	return nil
}

// mayWrite refuses access for Create, Write or Delete to a table that the signed-in user has no privilege on, or whose
// rows only the service itself makes: the one row of organization, those of N:N tables, which come and go with $ref, and
// those of a table such as audit.
func mayWrite(db *rows.Database, t *schema.Table, access string) *odata.Error {
	if db.ReadDepth(t.LogicalName) == schema.None {
		return lacks(db.User(), t, access)
	}
	if t.Intersect || t.ReadOnly || t.LogicalName == rows.OrganizationTable && access != "Write" {
		return unsupportedMessage(t, strings.Replace(access, "Write", "Update", 1))
	}
	return nil
}

func unsupportedMessage(t *schema.Table, message string) *odata.Error {
	return odata.Refuse(http.StatusBadRequest, "0x80040800", "The '%s' method does not support entities of type '%s'.", message, t.LogicalName)
}

// missingPrivilege returns the error for a user whose roles do not grant the privilege to read far enough.
func missingPrivilege(user string, t *schema.Table) *odata.Error {
	return lacks(user, t, "Read")
}

func lacks(user string, t *schema.Table, access string) *odata.Error {
	name := schema.PrivilegeName(access, t)
	return odata.Refuse(http.StatusForbidden, "0x80040220",
		"Principal user (Id=%s, type=8, roleCount=5, privilegeCount=465, accessMode=0), is missing %s privilege (Id=%s) on OTC=%d for entity '%s'. context.Caller=%s",
		user, name, schema.PrivilegeID(name), t.TypeCode, t.LogicalName, user)
}

// visible returns which rows a user's read depth reaches, the same ones at every request: those of the user alone, of
// the business unit, or of the units below it. Nil is all rows.
func visible(db *rows.Database, user string, s *rows.Store) query.Condition {
	share := uint64(0)
	switch db.ReadDepthOf(user, s.Table.LogicalName) {
	case schema.Basic:
		share = 1
	case schema.Local:
		share = 2
	case schema.Deep:
		share = 4
	case schema.None:
	case schema.Global:
		return nil
	}
	return func(r rows.Ref) bool { return rows.Draw(rows.HashString(string(r.ID[:])), 1)%8 < share }
}

// accessDenied returns the error for a read of a single row that the user's depth does not reach.
func accessDenied(user string, r rows.Ref) *odata.Error {
	return odata.Refuse(http.StatusForbidden, "0x80040220",
		"SecLib::AccessCheckEx failed. Returned hr = -2147187962, ObjectID: %s, OwnerId: %s,  OwnerIdType: 8 and CallingUser: %s.",
		r.ID, user, user)
}
