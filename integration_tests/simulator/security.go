package simulator

import "net/http"

// mayRead refuses a table that the signed-in user may not read at all. The caller holds the lock.
func (e *Environment) mayRead(t *Table) *apiError {
	if e.readDepth(t.LogicalName) == None {
		return e.missingPrivilege(t)
	}
	return nil
}

// missingPrivilege is the answer to a user whose roles do not grant the privilege to read far enough.
func (e *Environment) missingPrivilege(t *Table) *apiError {
	name := privilegeName("Read", t)
	refusal := refuse(http.StatusForbidden, "0x80040220",
		"Principal user (Id=%s, type=8, roleCount=5, privilegeCount=465, accessMode=0), is missing %s privilege (Id=%s) on OTC=%d for entity '%s'. context.Caller=%s",
		e.user(), name, privilegeID(name), t.TypeCode, t.LogicalName, e.user())
	refusal.name = "PrivilegeDenied"
	return refusal
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
	return func(r ref) bool { return mix(hashString(string(r.id[:])))%8 < share }
}

// accessDenied is the answer to a read of a single row that the user's depth does not reach.
func (e *Environment) accessDenied(r ref) *apiError {
	return refuse(http.StatusForbidden, "0x80040220",
		"SecLib::AccessCheckEx failed. Returned hr = -2147187962, ObjectID: %s, OwnerId: %s,  OwnerIdType: 8 and CallingUser: %s.",
		r.id, e.user(), e.user())
}
