package source

import (
	"errors"
	"fmt"

	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/protocol"
)

// explainSignIn tells why Microsoft Entra gave no token.
func explainSignIn(err error) (protocol.FailureType, string) {
	var refused *auth.Error
	if !errors.As(err, &refused) {
		return "", ""
	}
	if refused.Temporary() {
		return protocol.TransientError, "Microsoft Entra could not sign the connector in now. The next attempt may succeed."
	}
	for _, known := range signInAdvice() {
		if refused.Has(known.code) {
			return protocol.ConfigError, fmt.Sprintf("%s (AADSTS%d)", known.tell, known.code)
		}
	}
	if refused.Name == "" && len(refused.Codes) == 0 {
		return protocol.ConfigError, "The sign-in failed: " + refused.Error() +
			". Check authority_host, if it is set, and the network's way to the sign-in host."
	}
	return protocol.ConfigError, refused.Error() + ". Check tenant_id, client_id and client_secret_value against the app registration."
}

// advice is what to do about a code of Microsoft Entra.
type advice struct {
	code int
	tell string
}

// signInAdvice lists the codes that users meet, the most telling first
// (Microsoft, "Microsoft Entra authentication and authorization error codes").
func signInAdvice() []advice {
	return []advice{
		{7000222, "The client secret has expired. Create a new one in the app registration (Certificates & secrets) " +
			"and enter its value as client_secret_value."},
		{7000215, "The client secret is wrong. Enter the secret's Value as client_secret_value, not its Secret ID; both stand in " +
			"the app registration under Certificates & secrets, the value only right after it was created."},
		{700016, "The tenant knows no application with this client_id. Check that client_id is the Application (client) ID " +
			"and that tenant_id is the directory in which it is registered."},
		{90002, "There is no tenant with this tenant_id. Enter the Directory (tenant) ID that the app registration's overview " +
			"shows. If the environment is in a national cloud, check url or authority_host."},
		{900023, "The tenant_id is neither a directory's id nor a domain name. " +
			"Enter the Directory (tenant) ID that the app registration's overview shows."},
		{500011, "The tenant has no Dataverse environment at this url. Check url, for example https://contoso.crm4.dynamics.com, " +
			"and that the environment belongs to the tenant of tenant_id."},
		{7000112, "The application is disabled in the tenant. An administrator can enable it under Enterprise applications."},
		{53003, "A Conditional Access policy of the tenant blocks the sign-in. " +
			"An administrator has to exempt the application or the network."},
	}
}
