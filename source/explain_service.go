package source

import (
	"errors"
	"net/http"
	"strings"

	"source-microsoft-dataverse/source/dataverse"
)

// explainService explains what the Web API, or something in its place, responded to a request.
func (s situation) explainService(err error) explanation {
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
			"%s after that time.%s", wait.Asked, wait.Budget, s.again(), s.resumes())
	case errors.As(err, &large):
		return configError("The response to the request to %s is larger than the %d MB that the connector accepts, although it was asked "+
			"for a single row. Deselect the column that holds so much data.",
			failed.Operation, large.Bytes>>20)
	case errors.As(err, &broken):
		return s.explainBroken(failed, broken)
	case !errors.As(err, &refused):
		return explanation{}
	}
	if e := s.explainCode(refused, failed.Table); e.message != "" {
		return e
	}
	return s.explainStatus(failed, refused)
}

// explainBroken explains responses with status 200 that the connector cannot use.
func (s situation) explainBroken(failed *dataverse.RequestError, broken *dataverse.BrokenResponseError) explanation {
	to := s.environment()
	remedy := "check " + s.wayTo(to)
	if failed.Table != "" {
		remedy += ", or deselect the stream of table " + failed.Table + " to sync the others"
	}
	switch {
	case broken.Page.HTML:
		return transientError("The response to the request to %s was %s each time and not one of Dataverse. A captive portal, a sign-in page, a "+
			"firewall or a proxy sends such pages.%s Allow connections to %s without a sign-in: check %s.",
			failed.Operation, broken.Page, s.resumes(), to.name, s.wayTo(to))
	case broken.Cut():
		smaller := ""
		if s.stream {
			smaller = " A smaller odata_maxpagesize makes responses shorter."
		}
		return transientError("The response to the request to %s was cut off each time: %s. The network, a proxy, or the service is "+
			"overloaded.%s%s", failed.Operation, broken.Reason, s.resumes(), smaller)
	default:
		return transientError("Every response to the request to %s was unusable: %s. Dataverse, or a proxy in front of it, sends such "+
			"responses.%s If the problem persists, %s.", failed.Operation, broken.Reason, s.resumes(), remedy)
	}
}

// explainStatus explains an error whose code, if it has one, is not known. An error without a code is not one that
// Dataverse documents: a proxy or a firewall sends its own pages, and so does the service while it is updated.
func (s situation) explainStatus(failed *dataverse.RequestError, refused *dataverse.APIError) explanation {
	uncoded := refused.Code == ""
	to := s.environment()
	switch {
	case refused.Status == http.StatusProxyAuthRequired && uncoded:
		return s.explainSignInAtProxy(to)
	case refused.Status == http.StatusUnauthorized && refused.Page.HTML:
		return configError("The request to %s failed with status 401 and %s. A proxy or firewall in front of %s asks for a sign-in. Allow "+
			"connections without one: check %s.", failed.Operation, refused.Page, to.name, s.wayTo(to))
	case refused.Status == http.StatusUnauthorized:
		return configError("The environment rejected the access token that Microsoft Entra issued. Check that url is the environment's own " +
			"address and that tenant_id is its tenant. In a national cloud, check authority_host too.")
	case dataverse.URLTooLong(refused):
		return configError("The url of the request to %s is too long for a proxy between the connector and the environment (status %d). "+
			"Select fewer columns of the stream, or allow urls of up to 32 KB, or POST requests to $batch, at the proxy.",
			failed.Operation, refused.Status)
	case uncoded && failed.Table == "" && !s.reached() && leadsElsewhere(refused):
		return configError("The url does not lead to the Web API of a Dataverse environment: %s responds with status %d%s. Enter the "+
			"Environment URL from the environment's page in the Power Platform admin center, for example https://contoso.crm4.dynamics.com. If "+
			"url is correct, check %s.", to.name, refused.Status, besides(refused), s.wayTo(to))
	case uncoded:
		return transientError("The request to %s failed each time with status %d%s and without an error code of Dataverse. A proxy or "+
			"firewall responded in place of Dataverse, or Dataverse is unavailable.%s If the problem persists, check %s.",
			failed.Operation, refused.Status, besides(refused), s.resumes(), s.wayTo(to))
	case refused.Temporary():
		return s.explainFailure(failed, refused)
	case refused.Status == http.StatusForbidden:
		return configError("Dataverse does not allow the application user to make a request of the connector: %s. "+
			"Check the security roles of the application user.", clause(refused))
	default:
		return systemError("Dataverse rejected a request of the connector: %s. Report it with the log of this %s.", clause(refused), s.run())
	}
}

// leadsElsewhere reports whether a refusal without a code is that of a host that is not an environment: it does not
// know the Web API, or redirects to a page of its own.
func leadsElsewhere(refused *dataverse.APIError) bool {
	redirected := refused.Status >= http.StatusMultipleChoices && refused.Status < http.StatusBadRequest
	return redirected || refused.Status == http.StatusNotFound
}

// besides is what came with a status, in parentheses: a web page or a message. It is "" if nothing did.
func besides(refused *dataverse.APIError) string {
	if refused.Message == "" || refused.Message == http.StatusText(refused.Status) {
		return ""
	}
	return " (" + strings.TrimRight(refused.Message, ". ") + ")"
}

// explainFailure explains an error of the service that did not pass within the attempts of a request.
func (s situation) explainFailure(failed *dataverse.RequestError, refused *dataverse.APIError) explanation {
	quote := ""
	if refused.RequestID != "" {
		quote = " and quote the request id"
	}
	return transientError("Each attempt to %s failed: %s.%s %s later; if the problem persists, open a support request with Microsoft%s.",
		failed.Operation, clause(refused), s.resumes(), s.again(), quote)
}
