package source

import (
	"errors"
	"net/http"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// resumes is the sentence on the state of a stream whose rows were requested from a table, after a space. It is "" for a
// request that no state depends on.
func resumes(table string) string {
	if table == "" {
		return ""
	}
	return " The state is kept, and the next sync resumes from the last checkpoint."
}

// explainService explains what the Web API, or something in its place, responded to a request.
func explainService(err error) explanation {
	var failed *dataverse.RequestError
	var broken *dataverse.BrokenResponseError
	var wait *dataverse.WaitError
	var refused *dataverse.APIError
	var large *dataverse.ResponseTooLargeError
	var table *dataverse.TableError
	if !errors.As(err, &failed) {
		failed = &dataverse.RequestError{}
	}
	if errors.As(err, &table) {
		failed = &dataverse.RequestError{Operation: failed.Operation, Table: table.Table}
	}
	switch {
	case errors.As(err, &wait):
		return transientError("Dataverse asked the connector to wait %v before the next request, but the connector waits at most %v in all. "+
			"Try again after that time.%s", wait.Asked, wait.Budget, resumes(failed.Table))
	case errors.As(err, &large):
		return configError("The response to the request to %s is larger than the %d MB that the connector accepts, although it was asked "+
			"for a single row. Deselect the column that holds so much data, such as the content of a file, or give the connector more memory.",
			failed.Operation, large.Bytes>>20)
	case errors.As(err, &broken):
		return explainBroken(failed, broken)
	case !errors.As(err, &refused):
		return explanation{}
	}
	if e := explainCode(refused, failed.Table); e.message != "" {
		return e
	}
	return explainStatus(failed, refused)
}

// explainBroken explains responses with status 200 that the connector cannot use.
func explainBroken(failed *dataverse.RequestError, broken *dataverse.BrokenResponseError) explanation {
	switch {
	case broken.Cut():
		return transientError("The response to the request to %s was cut off each time: %s. The network, a proxy, or the service is "+
			"overloaded.%s A smaller odata_maxpagesize makes responses shorter.", failed.Operation, broken.Reason, resumes(failed.Table))
	case failed.Table == "":
		return transientError("Every response to the request to %s was unusable: %s. Dataverse, or a proxy in front "+
			"of it, sends such responses. If the problem persists, check url: it must be the address of a Dataverse environment.",
			failed.Operation, broken.Reason)
	default:
		return transientError("Every response to the request to %s was unusable: %s. Dataverse, or a proxy in front "+
			"of it, sends such responses.%s If the problem persists, deselect the stream of table %s to sync the others.",
			failed.Operation, broken.Reason, resumes(failed.Table), failed.Table)
	}
}

// explainCode explains an error by its code (Microsoft, "Web service error codes"). The table is the one whose rows were
// requested, "" for any other request.
func explainCode(refused *dataverse.APIError, table string) explanation {
	switch refused.Code {
	case dataverse.CodePrivilegeMissing:
		return explainPrivilege(refused)
	case dataverse.CodeNotMember:
		return configError("The sign-in succeeded, but this environment has no application user for the client_id. Create one in the " +
			"Power Platform admin center (Manage > Environments > this environment > Settings > Users + permissions > Application users) " +
			"and assign it a security role.")
	case dataverse.CodeNoRoles:
		return configError("The application user has no security role in this environment. " +
			"Assign it one that has Read at Organization level on the tables to sync.")
	case dataverse.CodeUserDisabled:
		return configError("The application user is deactivated in this environment. Activate it in the Power Platform admin center " +
			"(Manage > Environments > this environment > Settings > Users + permissions > Application users).")
	case dataverse.CodeNoRetrieve:
		return configError("Dataverse does not allow the rows of %s to be listed. Deselect the stream.", tableInSentence(table))
	case dataverse.CodeNotTracked, dataverse.CodeRelatedNotTracked:
		return configError("Change tracking of %s, or of a table that it relates, is off. Turn it on in Power Apps "+
			"(table properties > Advanced options > Track changes), or set the stream to a full refresh sync mode.", tableInSentence(table))
	case dataverse.CodeThrottledRequests, dataverse.CodeThrottledTime, dataverse.CodeThrottledConcurrency:
		return transientError("The service protection limits of Dataverse rejected the connector's requests for as long as it retries.%s "+
			"If this happens often, reduce the requests of other applications that use the same application user, or lower "+
			"max_concurrent_requests.", resumes(table))
	default:
		return explanation{}
	}
}

func tableInSentence(table string) string {
	if table == "" {
		return "the table"
	}
	return "table " + table
}

func explainPrivilege(refused *dataverse.APIError) explanation {
	privilege := refused.MissingPrivilege()
	if privilege == "" {
		return configError("The application user lacks a privilege: %s. Assign it a security role that has Read at Organization level on "+
			"the table, which change tracking requires.", strings.TrimRight(refused.Message, ". "))
	}
	return configError("The application user lacks the privilege %s, or has it below Organization level, which change tracking requires. "+
		"Assign it a security role that has Read at Organization level on the table, deselect the stream, or move the stream to a "+
		"connection of its own.", privilege)
}

// explainStatus explains an error whose code, if it has one, is not known. An error without a code is not one that
// Dataverse documents: a proxy or a firewall sends its own pages, and so does the service while it is updated.
func explainStatus(failed *dataverse.RequestError, refused *dataverse.APIError) explanation {
	uncoded := refused.Code == ""
	redirected := refused.Status >= http.StatusMultipleChoices && refused.Status < http.StatusBadRequest
	elsewhere := redirected || refused.Status == http.StatusNotFound && uncoded
	switch {
	case refused.Status == http.StatusUnauthorized:
		return configError("The environment rejected the access token that Microsoft Entra issued. Check that url is the environment's own " +
			"address and that tenant_id is its tenant. In a national cloud, check authority_host too.")
	case dataverse.URLTooLong(refused):
		return configError("The url of the request to %s is too long for a proxy between the connector and the environment (status %d). "+
			"Select fewer columns of the stream, or allow urls of up to 32 KB, or POST requests to $batch, at the proxy.",
			failed.Operation, refused.Status)
	case elsewhere && failed.Table == "":
		return configError("The url does not lead to the Web API of a Dataverse environment. " +
			"Enter the environment's own address, for example https://contoso.crm4.dynamics.com.")
	case elsewhere, uncoded:
		return transientError("The request to %s failed each time with status %d and without an error code of Dataverse. A proxy or "+
			"firewall responded in place of Dataverse, or Dataverse is unavailable.%s If the problem persists, check the proxies and "+
			"firewalls between the connector and the environment.", failed.Operation, refused.Status, resumes(failed.Table))
	case refused.Temporary():
		return explainFailure(failed, refused)
	case refused.Status == http.StatusForbidden:
		return configError("Dataverse does not allow the application user to make a request of the connector: %s. "+
			"Check the security roles of the application user.", clause(refused))
	default:
		return systemError("Dataverse rejected a request of the connector: %s. Report it with the log of this sync.", clause(refused))
	}
}

// explainFailure explains an error of the service that did not pass within the attempts of a request.
func explainFailure(failed *dataverse.RequestError, refused *dataverse.APIError) explanation {
	again, quote := "Try", ""
	if failed.Table != "" {
		again = "Sync"
	}
	if refused.RequestID != "" {
		quote = " and quote the request id"
	}
	return transientError("Each attempt to %s failed: %s.%s %s again later; if the problem persists, open a support request with Microsoft%s.",
		failed.Operation, clause(refused), resumes(failed.Table), again, quote)
}
