package integration_tests_test

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// requestIDs are the ids under which Microsoft finds a request, which differ from run to run.
var requestIDs = regexp.MustCompile(`(correlation|request) id [0-9a-f-]{36}`)

// page is a web page with a title, as proxies, firewalls and captive portals send.
func page(status int, title string) faults.Effect {
	return faults.Response{Status: status, Body: []byte("<html><head><title>" + title + "</title></head><body>no</body></html>")}
}

// redirect sends the client to another host.
func redirect(to string) faults.Effect {
	return faults.Handle(func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(w, r, to, http.StatusFound)
	})
}

func TestACheckNamesTheCauseInTheSignIn(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	client, tenant := "'"+l.config["client_id"].(string)+"'", "'"+l.config["tenant_id"].(string)+"'"
	const users = "in the app registration (Authentication), or register another application."
	refused := func(code, message string) faults.Effect {
		return faults.Error{Status: http.StatusBadRequest, Code: code, Message: message}
	}
	for name, example := range map[string]struct {
		then faults.Effect
		want diagnosis
	}{
		"a public client": {refused("AADSTS700025", "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."), userError(
			"The app registration is one of a public client, which cannot sign in by itself. Turn off \"Allow public client flows\" " + users + " (AADSTS700025)")},
		"no enterprise application": {refused("AADSTS7000229", "The client application "+client+" is missing service principal in the tenant "+tenant+"."), userError(
			"The tenant has no enterprise application (service principal) for this client_id. Ask an administrator of the tenant to create it, for example " +
				"with the command az ad sp create --id followed by the client ID. (AADSTS7000229)")},
		"another cloud": {refused("AADSTS90038", "Tenant "+tenant+" request is being redirected to the National Cloud."), userError(
			"The tenant belongs to another cloud than the sign-in host. Set authority_host to the sign-in host of the tenant's cloud, for example " +
				"https://login.microsoftonline.us for US government. (AADSTS90038)")},
		"tenant restrictions": {refused("AADSTS5000211", "A tenant restrictions policy added to this request by a device or network administrator does not allow access to "+tenant+"."), userError(
			"The tenant restrictions of your network do not allow sign-ins to the tenant of tenant_id: a proxy or the device adds them to each sign-in. " +
				"Ask its administrator to allow the tenant. (AADSTS5000211)")},
		"Conditional Access": {refused("AADSTS53003", "Access has been blocked by Conditional Access policies."), userError(
			"A Conditional Access policy of the tenant blocks the sign-in. Ask an administrator to exclude the application from the policy, or to allow " +
				"its network location. (AADSTS53003)")},
		"no subscription": {refused("AADSTS650052", "The app is trying to access a service that your organization lacks a service principal for."), userError(
			"The tenant has no subscription for Dataverse. Check that tenant_id is the tenant of the environment, and ask an administrator of the tenant " +
				"to check the subscription. (AADSTS650052)")},
		"a code that is not known": {refused("AADSTS7000999", "The application "+client+" of jo@contoso.com breaks a rule of "+tenant+"."), userError(
			"Microsoft Entra rejected the sign-in with AADSTS7000999 (invalid_request), correlation id <id>. Entra's explanation: The application ... of " +
				"... breaks a rule of .... Check tenant_id, client_id and client_secret_value against the app registration. Microsoft explains the code at " +
				"https://login.microsoftonline.com/error?code=7000999.")},
		"a firewall forbids it": {page(http.StatusForbidden, "Access denied by Contoso Web Gateway"), userError(
			"The connector could not sign in: the sign-in host responded with status 403 and a web page with the title \"Access denied by Contoso Web " +
				"Gateway\", which is not a response of Microsoft Entra. Check authority_host, and the proxies and firewalls between the connector and <host>.")},
		"a captive portal": {page(http.StatusOK, "Welcome to Contoso Guest"), userError(
			"The connector could not sign in: the sign-in host responded with status 200 and a web page with the title \"Welcome to Contoso Guest\", which " +
				"is not a response of Microsoft Entra. Check authority_host, and the proxies and firewalls between the connector and <host>.")},
		"a redirect": {redirect("https://portal.example.com/?secret=1"), userError(
			"The connector could not sign in: the sign-in host responded with status 302 and a redirect to portal.example.com, which is not a response of " +
				"Microsoft Entra. Check authority_host, and the proxies and firewalls between the connector and <host>.")},
		"a proxy behind the proxy": {page(http.StatusProxyAuthRequired, "Sign in"), userError(
			"The proxy in front of <host> requires a user name and a password (407). Set HTTPS_PROXY to an address that has them, such as " +
				"user:password@proxy.example.com:3128.")},
		"an outage": {faults.Error{Status: http.StatusServiceUnavailable, Code: "AADSTS90033"}, outage(
			"The connector could not sign in: Microsoft Entra rejected the sign-in with AADSTS90033 (temporarily_unavailable), correlation id <id>. Try again " +
				"later. Microsoft explains the code at https://login.microsoftonline.com/error?code=90033.")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := l.at(t)
			l.server.Inject(faults.Fault{Match: faults.PhaseSignIn, When: faults.Timing{Count: faults.Forever}, Then: example.then})
			assert.Equal(t, example.want, l.diagnose(t))
		})
	}
}

// diagnose is the diagnosis of a check of the lab, with "<id>" in place of the ids of requests and "<host>" in place of the
// server's address.
func (l *lab) diagnose(t *testing.T) diagnosis {
	t.Helper()
	found := diagnose(t, l.config, "DATAVERSE_CA_FILE="+filepath.Join(l.directory, "ca.pem"))
	found.message = requestIDs.ReplaceAllString(found.message, "$1 id <id>")
	found.message = strings.ReplaceAll(found.message, strings.TrimPrefix(l.server.URL, "https://"), "<host>")
	return found
}

func TestACheckNamesTheCauseInTheEnvironment(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	const way = "the proxies and firewalls between the connector and <host>."
	const users = "in the Power Platform admin center (Manage > Environments > this environment > Settings > Users + permissions > Application users)"
	forbidden := func(code, message string) faults.Effect {
		return faults.Error{Status: http.StatusForbidden, Code: code, Message: message}
	}
	for name, example := range map[string]struct {
		then faults.Effect
		want diagnosis
	}{
		"no application user": {forbidden("0x80072560", "The user is not a member of the organization."), userError(
			"The sign-in succeeded, but this environment has no application user for the client_id. Create one " + users + " and assign it a security role.")},
		"a disabled user": {forbidden("0x80040225", "The specified user is either disabled or is not a member of any business unit."), userError(
			"The application user is deactivated in this environment, or does not belong to a business unit. Activate it " + users + ", and check its " +
				"business unit there.")},
		"a user disabled since the sign-in": {forbidden("0x8004A112", "The system user was disabled therefore the ticket expired."), userError(
			"The application user is deactivated in this environment. Activate it " + users + ".")},
		"a user without a license": {forbidden("0x8004D24B", "The user has not been assigned any License"), userError(
			"The user of the client_id has no license for this environment. An application user does not need a license: create one for the client_id " + users + ".")},
		"another tenant": {forbidden("0x80044507", "User does not have access to the tenant."), userError(
			"The application has no access to the tenant of this environment. Check that tenant_id is the tenant of the environment, and that the " +
				"environment has an application user for the client_id.")},
		"administration mode": {forbidden("0x8004A104", "The Dynamics 365 organization you are attempting to access is currently disabled."), userError(
			"The environment is disabled or in administration mode, in which only administrators can use it. Turn administration mode off in the Power " +
				"Platform admin center (Manage > Environments > this environment), or wait until it is off.")},
		"the IP firewall": {forbidden("0x80095ffe", "The request you are trying to make is rejected as access to your ip is blocked. Contact your administrator for more information."), userError(
			"The IP firewall of the environment blocks the address from which the connector connects. Add that address to the allowed addresses in the " +
				"Power Platform admin center (Manage > Environments > this environment > Settings > Product > Privacy + Security), or run the connector where " +
				"its address is allowed.")},
		"the IP firewall, with the address": {forbidden("0x80095FFE", "Access to your ip 203.0.113.7 is blocked."), userError(
			"The IP firewall of the environment blocks the address from which the connector connects, which is 203.0.113.7. Add that address to the allowed " +
				"addresses in the Power Platform admin center (Manage > Environments > this environment > Settings > Product > Privacy + Security), or run the " +
				"connector where its address is allowed.")},
		"a missing privilege": {forbidden("0x80040220", "Principal user (Id=0, type=8, roleCount=1, privilegeCount=2, accessMode=4), is missing prvReadEntity privilege (Id=0) on OTC=9800 for entity 'entity'."), userError(
			"The application user lacks the privilege prvReadEntity. Assign it a security role that has this privilege.")},
		"a captive portal": {page(http.StatusOK, "Welcome to Contoso Guest"), outage(
			"The response to the request to identify the application user was a web page with the title \"Welcome to Contoso Guest\" each time and not one " +
				"of Dataverse. A captive portal, a sign-in page, a firewall or a proxy sends such pages. Allow connections to <host> without a sign-in: check " + way)},
		"a firewall that blocks": {page(http.StatusForbidden, "Access denied by Contoso Web Gateway"), outage(
			"The request to identify the application user failed each time with status 403 (a web page with the title \"Access denied by Contoso Web " +
				"Gateway\") and without an error code of Dataverse. A proxy or firewall responded in place of Dataverse, or Dataverse is unavailable. If the " +
				"problem persists, check " + way)},
		"a firewall that asks for a sign-in": {page(http.StatusUnauthorized, "Contoso Web Gateway"), userError(
			"The request to identify the application user failed with status 401 and a web page with the title \"Contoso Web Gateway\". A proxy or firewall " +
				"in front of <host> asks for a sign-in. Allow connections without one: check " + way)},
		"a redirect to a sign-in page": {redirect("https://login.example.com/?to=secret"), userError(
			"The url does not lead to the Web API of a Dataverse environment: <host> responds with status 302 (a redirect to login.example.com). Enter the " +
				"Environment URL from the environment's page in the Power Platform admin center, for example https://contoso.crm4.dynamics.com. If url is " +
				"correct, check " + way)},
		"another web site": {page(http.StatusNotFound, "Contoso: not found"), userError(
			"The url does not lead to the Web API of a Dataverse environment: <host> responds with status 404 (a web page with the title \"Contoso: not " +
				"found\"). Enter the Environment URL from the environment's page in the Power Platform admin center, for example " +
				"https://contoso.crm4.dynamics.com. If url is correct, check " + way)},
		"an outage": {faults.Error{Status: http.StatusInternalServerError, Code: "0x80040216"}, outage(
			"Each attempt to identify the application user failed: Dataverse responded with 500 0x80040216: An unexpected error occurred. (request id <id>). " +
				"Try again later; if the problem persists, open a support request with Microsoft and quote the request id.")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := l.at(t)
			l.server.Inject(faults.Fault{Match: faults.PhaseWhoAmI, When: faults.Timing{Count: faults.Forever}, Then: example.then})
			assert.Equal(t, example.want, l.diagnose(t))
		})
	}
}

func TestAStreamIsExplainedByHowItIsRead(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1, Rows: map[string]int{"account": 5}})
	const missing = "Principal user (Id=0, type=8), is missing prvReadAccount privilege (Id=0) on OTC=1 for entity 'account'."
	for name, example := range map[string]struct {
		then            faults.Effect
		changes, inFull string
	}{
		"a missing privilege": {
			faults.Error{Status: http.StatusForbidden, Code: "0x80040220", Message: missing},
			"The application user lacks the privilege prvReadAccount, or has it below Organization level, which change tracking requires. Assign it a " +
				"security role that has Read at Organization level on the table, deselect the stream, or move the stream to a connection of its own.",
			"The application user lacks the privilege prvReadAccount. Assign it a security role that has Read on the table, at Organization level for all " +
				"rows. Or deselect the stream, or move it to a connection of its own.",
		},
		"a plug-in that fails": {
			faults.Error{Status: http.StatusBadRequest, Code: "0x80040265", Message: "The plug-in has aborted the operation."},
			"Each attempt to read a page of account failed: Dataverse responded with 400 0x80040265: The plug-in has aborted the operation. (request id " +
				"<id>). The state is kept, and the next sync resumes from the last checkpoint. Sync again later; if the problem persists, open a support " +
				"request with Microsoft and quote the request id.",
			"Each attempt to read a page of account failed: Dataverse responded with 400 0x80040265: The plug-in has aborted the operation. (request id " +
				"<id>). The next attempt of this sync resumes after the last page that was delivered. Sync again later; if the problem persists, open a " +
				"support request with Microsoft and quote the request id.",
		},
	} {
		for mode, want := range map[string]string{destination.Incremental: example.changes, destination.FullRefresh: example.inFull} {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				l := l.at(t)
				catalog := l.configured("account")
				catalog.Streams[0].SyncMode = mode
				l.server.Inject(faults.Fault{Match: faults.PhasePage, When: faults.Timing{Count: faults.Forever}, Then: example.then})
				report, result := l.read(destination.New(), catalog)
				assert.Equal(t, 1, result.ExitCode)
				assert.Equal(t, want, requestIDs.ReplaceAllString(report.Errors[0].Message, "$1 id <id>"))
			})
		}
	}
}
