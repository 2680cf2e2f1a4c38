package entra

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// refusalOf returns the refusal of a code for an application, in Entra's words where they are known (Microsoft, "Microsoft Entra
// authentication and authorization error codes", the tests of MSAL, and reports of users). details are names in the text, such as
// {claim}, each followed by what it stands for here.
func refusalOf(code int, user application, details ...string) *Error {
	for _, e := range refusals() {
		if e.Code == code {
			// Of two values of a name, the first counts.
			names := append(slices.Clone(details), "{app}", user.ClientID, "{tenant}", user.TenantID,
				"{reason}", "The key was not found.", "{thumbprint}", "A1B2C3D4E5F6A7B8C9D0A1B2C3D4E5F6A7B8C9D0",
				"{claim}", "https://other.example/", "{resource}", "https://contoso.crm4.dynamics.com")
			e.Text = strings.NewReplacer(names...).Replace(e.Text)
			return &e
		}
	}
	return &Error{http.StatusBadRequest, "invalid_request", code, "The request for application '" + user.ClientID + "' is refused."}
}

// keyRefusal is the refusal of a certificate for one of several reasons.
func keyRefusal(user application, reason string, digest []byte) *Error {
	return refusalOf(700027, user, "{reason}", reason, "{thumbprint}", strings.ToUpper(hex.EncodeToString(digest)))
}

// Codes returns the codes of all refusals, which an application's Refused can be set to.
func Codes() []int {
	var codes []int
	for _, e := range refusals() {
		codes = append(codes, e.Code)
	}
	return slices.Clip(codes)
}

// refusals returns the refusals of the token endpoint, of certificates, federated credentials, secrets, applications and tenants.
func refusals() []Error {
	const wrongTenant = " This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. " +
		"You might have sent your authentication request to the wrong tenant."
	const compared = " Please note that the matching is done using a case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against " +
		"the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
	client := func(code int, text string) Error { return Error{http.StatusUnauthorized, "invalid_client", code, text} }
	request := func(code int, kind, text string) Error { return Error{http.StatusBadRequest, kind, code, text} }
	return []Error{
		client(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - {reason}, "+
			"Thumbprint of key used by client: '{thumbprint}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{app}'.]"),
		client(700021, "Client assertion application identifier doesn't match 'client_id' parameter."),
		request(50048, "invalid_client", "Subject must match Issuer claim in the client assertion."),
		client(700023, "Client assertion audience claim does not match Realm issuer."),
		request(50013, "invalid_grant", "Assertion failed signature validation. [Reason - The provided signature value did not match the expected signature value.]"),
		request(50027, "invalid_request", "JWT token is invalid or malformed."),
		request(900384, "invalid_request", "JWT token failed signature validation. Reason: The provided signature value did not match the expected signature value."),
		client(700024, "Client assertion is not within its valid time range. Current time: 2026-11-28T12:00:00Z, assertion valid from 2026-11-28T10:00:00Z, expiry time of "+
			"assertion 2026-11-28T11:00:00Z."),
		client(700030, "Invalid certificate - subject name in certificate is not authorized. SubjectNames/SubjectAlternativeNames (up to 10) in token certificate are: CN=app."),
		client(5002738, "Invalid JWT token. The signing algorithm in the header is not supported."),
		client(5002723, "Invalid JWT token. Certificate thumbprint in the header is unusable."),
		client(50032, "Weak RSA key. The key is smaller than 2048 bits."),
		client(700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
		client(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
		client(70025, "The client '{app}'(app) has no configured federated identity credentials."),
		client(700211, "No matching federated identity record found for presented assertion issuer '{claim}'."+compared),
		client(700212, "No matching federated identity record found for presented assertion audience '{claim}'."+compared),
		client(700213, "No matching federated identity record found for presented assertion subject '{claim}'."+compared),
		client(7002131, "No matching federated identity record found for presented assertion. The claims matching expression did not match."),
		client(7002138, "No matching federated identity record found for presented assertion subject '{claim}'. The subject matches only if case is ignored."+compared),
		client(70021, "No matching federated identity record found for presented assertion. Assertion Issuer: 'https://issuer.example/'."),
		client(7000226, "The federated identity credential is not allowed by policy."),
		client(700223, "The tenant '{tenant}' is not allowed to use federated identity credentials of this issuer."),
		client(700238, "The tenant '{tenant}' does not allow federated identity credentials."),
		client(70052, "The identity must be a managed identity, a single tenant app or a service account."),
		client(700229, "The provided assertion is not an app-only token, as federated identity credentials require."),
		client(900382, "Confidential client is not supported in cross-cloud request."),
		client(900432, "Confidential client is not supported in cross-cloud request."),
		request(90061, "invalid_request", "Request to external OIDC endpoint failed."),
		request(900612, "invalid_request", "Request to external OIDC keys endpoint failed."),
		request(50166, "invalid_request", "Request to External OIDC endpoint failed."),
		client(7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret "+
			"added to app '{app}'."),
		client(7000222, "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create new keys for your app."),
		request(700016, "unauthorized_client", "Application with identifier '{app}' was not found in the directory '{tenant}'."+wrongTenant),
		client(7000229, "The client application '{app}' is missing service principal in the tenant '{tenant}'."),
		request(7000112, "unauthorized_client", "Application '{app}'(app) is disabled."),
		request(70001, "unauthorized_client", "Application '{app}'(app) is disabled."),
		request(90002, "invalid_request", "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. "+
			"Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."),
		request(900023, "invalid_request", "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."),
		request(90038, "invalid_request", "Confidential client is not supported in cross cloud request: the tenant '{tenant}' belongs to the National Cloud."),
		request(50049, "invalid_request", "Unknown or invalid instance."),
		request(500011, "invalid_resource", "The resource principal named {resource} was not found in the tenant named {tenant}."+wrongTenant),
		request(500014, "invalid_resource", "The service principal for resource 'Dataverse' is disabled."),
		request(500021, "access_denied", "Access to '{tenant}' tenant is denied."),
		request(5000211, "access_denied", "A tenant restrictions policy added to this request by a device or network administrator does not allow access to '{tenant}'."),
		request(501051, "invalid_grant", "Application '{app}'(app) is not assigned to a role for the application 'Dataverse'."),
		request(650052, "invalid_client", "The app is trying to access a service 'Common Data Service' that your organization '{tenant}' lacks a service principal for."),
		request(650057, "invalid_resource", "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions."),
		request(53003, "access_denied", "Access has been blocked by Conditional Access policies."),
		request(530032, "access_denied", "User blocked due to risk on home tenant."),
		request(530035, "access_denied", "Access has been blocked by security defaults."),
		request(5000224, "invalid_request", "Tenant '{tenant}' is blocked."),
		request(5000225, "invalid_request", "This tenant has been blocked due to inactivity."),
		{http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."},
		request(90006, "temporarily_unavailable", "The service is temporarily unavailable."),
		request(90090, "temporarily_unavailable", "The request was throttled. Please try again."),
		{http.StatusInternalServerError, "server_error", 50033, "A transient error has occurred."},
		{http.StatusTooManyRequests, "temporarily_unavailable", 90055, "The request was throttled due to too many requests."},
		request(50196, "invalid_request", "The server terminated an operation because it encountered a client request loop."),
	}
}
