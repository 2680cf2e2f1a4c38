package source

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/protocol"
)

// explainSignIn explains why Microsoft Entra issued no token.
func (s situation) explainSignIn(err error) explanation {
	var refused *auth.Error
	switch {
	case !errors.As(err, &refused):
		return explanation{}
	case refused.NotFromEntra():
		return s.explainNotFromEntra(refused)
	case refused.Temporary():
		return transientError("The connector could not sign in: %v. %s later.%s", refused, s.again(), s.lookUp(refused))
	}
	for _, known := range signInRemedies() {
		if refused.Has(known.code) {
			return explanation{known.failureType(), fmt.Sprintf("%s (AADSTS%d)", known.message, known.code)}
		}
	}
	own := ""
	if refused.Description != "" {
		own = " Entra's explanation: " + refused.Description
	}
	return configError("%v.%s Check tenant_id, client_id and client_secret_value against the app registration.%s", refused, own, s.lookUp(refused))
}

// explainNotFromEntra explains a response that something other than Entra sent.
func (s situation) explainNotFromEntra(refused *auth.Error) explanation {
	h := s.signInHost()
	if refused.Status == http.StatusProxyAuthRequired {
		return s.explainSignInAtProxy(h)
	}
	if h.setting != "" {
		return configError("The connector could not sign in: %v. Check %s, and %s.", refused, h.setting, s.wayTo(h))
	}
	return configError("The connector could not sign in: %v. A proxy, a firewall or a sign-in page of the network responded in place of "+
		"Microsoft Entra. Allow connections to %s, and check %s.", refused, h.name, s.wayTo(h))
}

// lookUp is the sentence on where Entra explains the code of an error, after a space; "" for an error without a code.
func (s situation) lookUp(refused *auth.Error) string {
	if len(refused.Codes) == 0 {
		return ""
	}
	root := auth.PublicAuthority
	if s.config != nil {
		root = auth.Authority(s.config.Environment)
	}
	return " Microsoft explains the code at " + root + "/error?code=" + strconv.Itoa(refused.Codes[0]) + "."
}

// signInRemedy is the explanation of one AADSTS code of Microsoft Entra.
type signInRemedy struct {
	code    int
	message string
}

// failureType is transient for the code that stands for too many sign-ins, which passes by itself.
func (r signInRemedy) failureType() protocol.FailureType {
	if r.code == codeSignInLoop {
		return protocol.TransientError
	}
	return protocol.ConfigError
}

// codeSignInLoop is Entra's refusal of a client that repeats the same sign-in too often.
const codeSignInLoop = 50196

// signInRemedies returns the codes that users meet, the most specific first
// (Microsoft, "Microsoft Entra authentication and authorization error codes").
func signInRemedies() []signInRemedy {
	return []signInRemedy{
		{7000222, "The client secret has expired. Create a new one in the app registration (Certificates & secrets) " +
			"and enter its Value as client_secret_value."},
		{7000215, "Microsoft Entra did not accept the client secret. Enter the Value of the secret as client_secret_value, not its Secret ID. The app " +
			"registration shows both under Certificates & secrets, the Value only right after the secret was created."},
		{7000218, "Microsoft Entra received no credential of the application, because the registration is one of a public client. " +
			"Turn off \"Allow public client flows\" in the app registration (Authentication), or register another application."},
		{700025, "The app registration is one of a public client, which cannot sign in with a secret. " +
			"Turn off \"Allow public client flows\" in the app registration (Authentication), or register another application."},
		{700016, "The tenant has no application with this client_id. Check that client_id is the Application (client) ID " +
			"and that tenant_id is the directory in which the application is registered."},
		{7000229, "The tenant has no enterprise application (service principal) for this client_id. Ask an administrator of the tenant to create " +
			"it, for example with the command az ad sp create --id followed by the client ID."},
		{7000112, "The application is disabled in the tenant. Ask an administrator to enable it in the Microsoft Entra admin center " +
			"under Enterprise applications."},
		{70001, "The application is disabled or unknown in the tenant. Check client_id and tenant_id, and ask an administrator to enable it in the " +
			"Microsoft Entra admin center under Enterprise applications."},
		{90002, "There is no tenant with this tenant_id. Enter the Directory (tenant) ID from the Overview page of the app " +
			"registration. If the environment is in a national cloud, check url and authority_host."},
		{900023, "The tenant_id is neither a directory ID nor a domain name. " +
			"Enter the Directory (tenant) ID from the Overview page of the app registration."},
		{90038, "The tenant belongs to another cloud than the sign-in host. Set authority_host to the sign-in host of the tenant's cloud, " +
			"for example https://login.microsoftonline.us for US government."},
		{50049, "The sign-in host does not belong to a cloud of Microsoft. Correct or remove authority_host."},
		{500011, "The tenant has no Dataverse environment at this url. Check url, for example https://contoso.crm4.dynamics.com, " +
			"and that the environment belongs to the tenant of tenant_id."},
		{500014, "Dataverse is disabled in the tenant. Ask an administrator to enable Dataverse in the Microsoft Entra admin center under " +
			"Enterprise applications, and to check the subscription."},
		{650052, "The tenant has no subscription for Dataverse. Check that tenant_id is the tenant of the environment, and ask an administrator of " +
			"the tenant to check the subscription."},
		{650057, "The app registration does not list Dataverse among the APIs that it may call. Add the permission \"Dynamics CRM\" in the app " +
			"registration (API permissions)."},
		{501051, "The tenant requires that the application is assigned to Dataverse. Ask an administrator to assign it in the Microsoft Entra admin " +
			"center under Enterprise applications, or to turn off \"Assignment required\" there."},
		{500021, tenantRestriction},
		{5000211, tenantRestriction},
		{53003, "A Conditional Access policy of the tenant blocks the sign-in. " +
			"Ask an administrator to exclude the application from the policy, or to allow its network location."},
		{530032, "A security policy of the tenant blocks the sign-in. Ask an administrator of the tenant to exclude the application from it."},
		{530035, "The security defaults of the tenant block the sign-in. Ask an administrator of the tenant to replace them by policies that exclude " +
			"the application."},
		{5000224, "Microsoft has blocked the tenant. Ask an administrator of the tenant to contact Microsoft."},
		{5000225, "The tenant is blocked because nobody used it. Ask an administrator of the tenant to contact Microsoft."},
		{codeSignInLoop, "Microsoft Entra received the same sign-in too often. Wait some minutes, and run fewer connections of the same " +
			"application at the same time."},
	}
}

// tenantRestriction explains the codes of tenant restrictions.
const tenantRestriction = "The tenant restrictions of your network do not allow sign-ins to the tenant of tenant_id: a proxy or the device adds them to " +
	"each sign-in. Ask its administrator to allow the tenant."
