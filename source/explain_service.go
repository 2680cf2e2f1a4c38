package source

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"source-microsoft-dataverse/source/dataverse"
	"source-microsoft-dataverse/source/protocol"
)

// explainService tells what the Web API, or something in its place, answered.
func explainService(err error) (protocol.FailureType, string) {
	var failed *dataverse.RequestError
	var broken *dataverse.BrokenResponseError
	var wait *dataverse.WaitError
	var refused *dataverse.APIError
	var large *dataverse.ResponseTooLargeError
	var table *dataverse.TableError
	if errors.As(err, &table) {
		if typ, message := explainService(table.Unwrap()); message != "" {
			return typ, "The definition of table " + table.Table + " cannot be read. " + message
		}
	}
	if !errors.As(err, &failed) {
		failed = &dataverse.RequestError{}
	}
	switch {
	case errors.As(err, &wait):
		return protocol.TransientError, fmt.Sprintf("Dataverse asks to wait %v before the next request, and the connector waits for %v "+
			"at most in all. Start again after that time; a read goes on from its last checkpoint.", wait.Asked, wait.Budget)
	case errors.As(err, &large):
		return protocol.ConfigError, fmt.Sprintf("The answer to the request to %s is larger than the %d MB that the connector takes, though it asks "+
			"for a single row. Deselect the column that holds so much, such as the content of a file, or give the connector more memory.",
			failed.Operation, large.Bytes>>20)
	case errors.As(err, &broken):
		return protocol.TransientError, explainBroken(failed, broken)
	case !errors.As(err, &refused):
		return "", ""
	case refused.Code == dataverse.CodePrivilegeMissing:
		return protocol.ConfigError, explainPrivilege(refused)
	}
	if typ, message := explainCode(refused.Code, failed.Table); message != "" {
		return typ, message
	}
	return explainStatus(failed, refused)
}

func explainBroken(failed *dataverse.RequestError, broken *dataverse.BrokenResponseError) string {
	if broken.Cut() {
		return fmt.Sprintf("The answers to the request to %s kept breaking off: %s. The network, a proxy or the service is overloaded; the next "+
			"attempt goes on from the last checkpoint. A smaller odata_maxpagesize makes answers shorter.", failed.Operation, broken.Reason)
	}
	advice := "check url: it must be the address of a Dataverse environment."
	if failed.Table != "" {
		advice = "deselect the stream of table " + failed.Table + " to read the others."
	}
	return fmt.Sprintf("Dataverse, or a proxy before it, kept giving answers that are no answers of the Web API to the request to %s: %s. "+
		"If this stays so, %s", failed.Operation, broken.Reason, advice)
}

// explainCode tells what users can do about a refusal, by its code (Microsoft, "Web service error codes"). The table is
// that of the rows asked for, "" for any other request.
func explainCode(code, table string) (protocol.FailureType, string) {
	switch code {
	case dataverse.CodeNotMember:
		return protocol.ConfigError, "The sign-in works, but this environment has no application user for the client_id. " +
			"Create one in the Power Platform admin center (Environments > this environment > Settings > " +
			"Users + permissions > Application users) and give it a security role."
	case dataverse.CodeNoRoles:
		return protocol.ConfigError, "The application user has no security role in this environment. " +
			"Give it one that may read the tables, with organisation-level Read."
	case dataverse.CodeUserDisabled:
		return protocol.ConfigError, "The application user is disabled in this environment. Enable it in the Power Platform " +
			"admin center (Settings > Users + permissions > Application users)."
	case dataverse.CodeNoRetrieve:
		return protocol.ConfigError, "Dataverse does not let the rows of " + named(table) + " be read on their own. Deselect the stream."
	case dataverse.CodeNotTracked, dataverse.CodeRelatedNotTracked:
		return protocol.ConfigError, "Change tracking of " + named(table) + ", or of one it relates, is off. Switch it on in Power Apps " +
			"(table properties > Advanced options > Track changes), or set the stream to full refresh."
	case dataverse.CodeThrottledRequests, dataverse.CodeThrottledTime, dataverse.CodeThrottledConcurrency:
		return protocol.TransientError, "Dataverse limits the requests of one user and kept refusing more of them for as long as the connector waits. " +
			"The next attempt goes on from the last checkpoint."
	default:
		return "", ""
	}
}

// named is a table in a sentence.
func named(table string) string {
	if table == "" {
		return "the table"
	}
	return "table " + table
}

func explainPrivilege(refused *dataverse.APIError) string {
	privilege := refused.MissingPrivilege()
	if privilege == "" {
		return "The application user lacks a privilege. Change tracking needs Read on the table at organisation level: " +
			refused.Message
	}
	return fmt.Sprintf("The application user lacks the privilege %s, or has it below organisation level: that is enough to see some rows, "+
		"but not to follow changes. Give it a security role with Read on the table at organisation level, deselect the stream, "+
		"or give it a connection of its own.", privilege)
}

// explainStatus tells of a refusal that its code does not explain.
func explainStatus(failed *dataverse.RequestError, refused *dataverse.APIError) (protocol.FailureType, string) {
	redirected := refused.Status >= http.StatusMultipleChoices && refused.Status < http.StatusBadRequest
	strange := redirected || refused.Status == http.StatusNotFound && refused.Code == ""
	switch {
	case refused.Status == http.StatusUnauthorized:
		return protocol.ConfigError, "The environment refused the token that Microsoft Entra gave. Check that url is the environment's " +
			"own address and that tenant_id is its tenant; in a national cloud check authority_host too."
	case strange && failed.Table == "":
		return protocol.ConfigError, "The url does not lead to the Web API of a Dataverse environment. " +
			"Enter the environment's own address, for example https://contoso.crm4.dynamics.com."
	case strange: // the same url has led to the Web API before
		return protocol.TransientError, fmt.Sprintf("The request to %s was answered with status %d, and not in the way of the Web API. "+
			"A proxy, or Dataverse while it is serviced, does so. The next attempt goes on from the last checkpoint.",
			failed.Operation, refused.Status)
	case refused.Temporary():
		return protocol.TransientError, "Dataverse kept failing at this request: " + refused.Error() +
			". The next attempt goes on from the last checkpoint."
	case refused.Status == http.StatusForbidden:
		return protocol.ConfigError, "Dataverse forbids this request to the application user: " + refused.Error()
	default:
		return protocol.SystemError, "Dataverse refused a request of the connector: " + refused.Error()
	}
}

// explainNetwork tells why the environment or the sign-in host gave no answer of use.
func explainNetwork(err error) (protocol.FailureType, string) {
	var unknownHost *net.DNSError
	var certificate *tls.CertificateVerificationError
	var connection *dataverse.ConnectionError
	var signIn *dataverse.SignInError
	switch {
	case errors.As(err, &unknownHost) && unknownHost.IsNotFound:
		return protocol.ConfigError, fmt.Sprintf("There is no host %s. Check url (and authority_host, if it is set).", unknownHost.Name)
	case errors.As(err, &certificate):
		return protocol.ConfigError, "The certificate of the host is not trusted: " + certificate.Err.Error() +
			". Where a company inspects TLS, name a PEM file with its certificate authority in DATAVERSE_CA_FILE."
	case errors.As(err, &signIn) && signIn.Temporary():
		return protocol.TransientError, "The connector could not sign in: " + signIn.Error() + ". The next attempt may succeed."
	case errors.As(err, &signIn):
		return protocol.ConfigError, "The connector could not sign in: " + signIn.Error() + ". Check url, and authority_host, if it is set."
	case errors.As(err, &connection):
		return protocol.TransientError, "The environment could not be reached: " + connection.Unwrap().Error() +
			". If this stays so, check url and the network's way to it."
	default:
		return "", ""
	}
}
