package source

import (
	"errors"

	"source-microsoft-dataverse/source/auth"
)

// explainSignIn explains why Microsoft Entra issued no token.
func explainSignIn(err error) explanation {
	var refused *auth.Error
	if !errors.As(err, &refused) {
		return explanation{}
	}
	if refused.Temporary() {
		return transientError("The connector could not sign in: %v. Try again later.", refused)
	}
	for _, known := range signInRemedies() {
		if refused.Has(known.code) {
			return configError("%s (AADSTS%d)", known.message, known.code)
		}
	}
	if refused.NotFromEntra() {
		return configError("The connector could not sign in: %v. Check authority_host, if it is set, and the proxies and firewalls "+
			"between the connector and the sign-in host.", refused)
	}
	return configError("%v. Check tenant_id, client_id and client_secret_value against the app registration.", refused)
}

// signInRemedy is the explanation of one AADSTS code of Microsoft Entra.
type signInRemedy struct {
	code    int
	message string
}

// signInRemedies returns the codes that users meet, the most specific first
// (Microsoft, "Microsoft Entra authentication and authorization error codes").
func signInRemedies() []signInRemedy {
	return []signInRemedy{
		{7000222, "The client secret has expired. Create a new one in the app registration (Certificates & secrets) " +
			"and enter its Value as client_secret_value."},
		{7000215, "Microsoft Entra did not accept the client secret. Enter the Value of the secret as client_secret_value, not its Secret ID. The app " +
			"registration shows both under Certificates & secrets, the Value only right after the secret was created."},
		{700016, "The tenant has no application with this client_id. Check that client_id is the Application (client) ID " +
			"and that tenant_id is the directory in which the application is registered."},
		{90002, "There is no tenant with this tenant_id. Enter the Directory (tenant) ID from the Overview page of the app " +
			"registration. If the environment is in a national cloud, check url and authority_host."},
		{900023, "The tenant_id is neither a directory ID nor a domain name. " +
			"Enter the Directory (tenant) ID from the Overview page of the app registration."},
		{500011, "The tenant has no Dataverse environment at this url. Check url, for example https://contoso.crm4.dynamics.com, " +
			"and that the environment belongs to the tenant of tenant_id."},
		{7000112, "The application is disabled in the tenant. Ask an administrator to enable it in the Microsoft Entra admin center " +
			"under Enterprise applications."},
		{53003, "A Conditional Access policy of the tenant blocks the sign-in. " +
			"Ask an administrator to exclude the application from the policy, or to allow its network location."},
	}
}
