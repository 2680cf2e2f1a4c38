package simulator

import (
	"net/http"
	"strings"
)

// mayRead refuses a table that the signed-in user may not read at all. The caller holds the lock.
func (e *Environment) mayRead(t *Table) *apiError {
	if e.readDepth(t.LogicalName) == None {
		return e.missingPrivilege(t)
	}
	return nil
}

// mayWrite refuses access for Create, Write or Delete to a table that the signed-in user has no privilege on, or whose
// rows only the service itself makes: the one row of organization, and those of N:N tables, which come and go with $ref.
func (e *Environment) mayWrite(t *Table, access string) *apiError {
	if e.readDepth(t.LogicalName) == None {
		return e.lacks(t, access)
	}
	if t.Intersect || t.LogicalName == organizationTable && access != "Write" {
		return unsupportedMessage(t, strings.Replace(access, "Write", "Update", 1))
	}
	return nil
}

func unsupportedMessage(t *Table, message string) *apiError {
	return refuse(http.StatusBadRequest, "0x80040800", "The '%s' method does not support entities of type '%s'.", message, t.LogicalName)
}

// missingPrivilege is the answer to a user whose roles do not grant the privilege to read far enough.
func (e *Environment) missingPrivilege(t *Table) *apiError { return e.lacks(t, "Read") }

func (e *Environment) lacks(t *Table, access string) *apiError {
	name := privilegeName(access, t)
	return refuse(http.StatusForbidden, "0x80040220",
		"Principal user (Id=%s, type=8, roleCount=5, privilegeCount=465, accessMode=0), is missing %s privilege (Id=%s) on OTC=%d for entity '%s'. context.Caller=%s",
		e.user(), name, privilegeID(name), t.TypeCode, t.LogicalName, e.user())
}

// visible says which rows the user's read depth reaches, the same ones at every request: those of the user alone, of
// the business unit, or of the units below it. Nil is all rows.
func (e *Environment) visible(s *store) condition {
	share := uint64(0)
	switch e.readDepth(s.table.LogicalName) {
	case Basic:
		share = 1
	case Local:
		share = 2
	case Deep:
		share = 4
	case None:
	case Global:
		return nil
	}
	return func(r ref) bool { return draw(hashString(string(r.id[:])), 1)%8 < share }
}

// accessDenied is the answer to a read of a single row that the user's depth does not reach.
func (e *Environment) accessDenied(r ref) *apiError {
	return refuse(http.StatusForbidden, "0x80040220",
		"SecLib::AccessCheckEx failed. Returned hr = -2147187962, ObjectID: %s, OwnerId: %s,  OwnerIdType: 8 and CallingUser: %s.",
		r.id, e.user(), e.user())
}
