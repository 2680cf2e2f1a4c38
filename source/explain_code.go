package source

import (
	"regexp"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// applicationUsers is the page of the Power Platform admin center that lists the application users.
const applicationUsers = "in the Power Platform admin center (Manage > Environments > this environment > Settings > Users + permissions > " +
	"Application users)"

// explainCode explains an error by its code (Microsoft, "Web service error codes"). The table is the one whose rows were
// requested, "" for any other request.
func (s situation) explainCode(refused *dataverse.APIError, table string) explanation {
	for _, known := range accessRemedies() {
		if refused.Code == known.code {
			return configError("%s", known.message)
		}
	}
	if table == "" {
		table = "the table"
	} else {
		table = "table " + table
	}
	switch refused.Code {
	case dataverse.CodePrivilegeMissing:
		return s.explainPrivilege(refused)
	case dataverse.CodeIPBlocked:
		return configError("The IP firewall of the environment blocks the address from which the connector connects%s. Add that address to the "+
			"allowed addresses in the Power Platform admin center (Manage > Environments > this environment > Settings > Product > Privacy + "+
			"Security), or run the connector where its address is allowed.", addressIn(refused.Message))
	case dataverse.CodeNoRetrieve:
		return configError("Dataverse does not allow the rows of %s to be listed. Deselect the stream.", table)
	case dataverse.CodeNotTracked, dataverse.CodeRelatedNotTracked:
		return configError("Change tracking of %s, or of a table that it relates, is off. Turn it on in Power Apps "+
			"(table properties > Advanced options > Track changes), or set the stream to a full refresh sync mode.", table)
	case dataverse.CodeThrottledRequests, dataverse.CodeThrottledTime, dataverse.CodeThrottledConcurrency:
		return transientError("The service protection limits of Dataverse rejected the connector's requests for as long as it retries.%s "+
			"If this happens often, reduce the requests of other applications that use the same application user, or lower "+
			"max_concurrent_requests.", s.resumes())
	default:
		return explanation{}
	}
}

// accessRemedy is the explanation of a code that is about the access of the application user to the environment.
type accessRemedy struct{ code, message string }

// accessRemedies returns the codes whose explanation depends on nothing else.
func accessRemedies() []accessRemedy {
	return []accessRemedy{
		{dataverse.CodeNotMember, "The sign-in succeeded, but this environment has no application user for the client_id. Create one " +
			applicationUsers + " and assign it a security role."},
		{dataverse.CodeNoRoles, "The application user has no security role in this environment. " +
			"Assign it one that has Read at Organization level on the tables to sync."},
		{dataverse.CodeUserDisabled, "The application user is deactivated in this environment, or does not belong to a business unit. Activate it " +
			applicationUsers + ", and check its business unit there."},
		{dataverse.CodeTicketOfDisabled, "The application user is deactivated in this environment. Activate it " + applicationUsers + "."},
		{dataverse.CodeNoLicense, "The user of the client_id has no license for this environment. An application user does not need a license: " +
			"create one for the client_id " + applicationUsers + "."},
		{dataverse.CodeTenantForbidden, "The application has no access to the tenant of this environment. Check that tenant_id is the tenant of the " +
			"environment, and that the environment has an application user for the client_id."},
		{dataverse.CodeOrganizationDisabled, "The environment is disabled or in administration mode, in which only administrators can use it. Turn " +
			"administration mode off in the Power Platform admin center (Manage > Environments > this environment), or wait until it is off."},
	}
}

// ipAddress matches an IP address of version 4 or 6 in a message.
var ipAddress = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}`)

// addressIn returns the IP address that a message names as a part of a sentence, "" if it names none.
func addressIn(message string) string {
	if address := ipAddress.FindString(message); address != "" {
		return ", which is " + address
	}
	return ""
}

// explainPrivilege explains a privilege that the application user lacks, or has at a level that is too low: changes are
// reported only to a user who may read every row.
func (s situation) explainPrivilege(refused *dataverse.APIError) explanation {
	privilege := refused.MissingPrivilege()
	switch {
	case s.changes && privilege == "":
		return configError("The application user lacks a privilege: %s. Assign it a security role that has Read at Organization level on "+
			"the table, which change tracking requires.", strings.TrimRight(refused.Message, ". "))
	case s.changes:
		return configError("The application user lacks the privilege %s, or has it below Organization level, which change tracking requires. "+
			"Assign it a security role that has Read at Organization level on the table, deselect the stream, or move the stream to a "+
			"connection of its own.", privilege)
	case privilege == "":
		return configError("The application user lacks a privilege: %s. Assign it a security role that has Read on the table.",
			strings.TrimRight(refused.Message, ". "))
	case s.stream:
		return configError("The application user lacks the privilege %s. Assign it a security role that has Read on the table, at Organization "+
			"level for all rows. Or deselect the stream, or move it to a connection of its own.", privilege)
	default:
		return configError("The application user lacks the privilege %s. Assign it a security role that has this privilege.", privilege)
	}
}
