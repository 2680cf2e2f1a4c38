package schema

// Realistic returns the tables of the environment that New builds when it is given none: standard tables as every
// environment has them, and custom ones that between them hold every column type, entity-set oddity and way of being
// unreadable that Microsoft's documentation describes. Each call returns fresh definitions.
func Realistic() []*Table {
	return []*Table{
		Account(), contact(), opportunity(),
		activityPointer(), task(), phoneCall(), email(), activityParty(),
		systemUser(), team(), businessUnit(), organization(), transactionCurrency(),
		securityRole(), systemUserRoles(), teamMembership(),
		systemForm(), userSettings(), languageLocale(), asyncOperation(), subject(), feedback(),
		sharePointDocument(), postRegarding(), annotation(), plugInTraceLog(),
		everything(), child(), sensorData(), legacyOrder(), wide(),
	}
}
