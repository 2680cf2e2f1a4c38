package entra

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authenticate checks a client-credentials request in the order in which Entra does: parameters, tenant, application, credential, resource.
func (s *Service) authenticate(form url.Values, tenant, authority string, environments []string) (application, *Error) {
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if form.Get(name) == "" {
			return application{}, missingParameter(name)
		}
	}
	if grantType := form.Get("grant_type"); grantType != "client_credentials" {
		return application{}, &Error{http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '" + grantType + "'."}
	}
	if !s.Directory.hasTenant(tenant) {
		return application{}, unknownTenant(tenant)
	}
	client := form.Get("client_id")
	user, ok := s.Directory.find(tenant, client)
	if !ok {
		return application{}, refusalOf(700016, application{Application: Application{ClientID: client, TenantID: tenant}})
	}
	if user.Refused != 0 {
		return application{}, refusalOf(user.Refused, user)
	}
	if refusal := s.checkCredential(user, form, authority); refusal != nil {
		return application{}, refusal
	}
	return user, checkScope(form.Get("scope"), tenant, environments)
}

func missingParameter(name string) *Error {
	return &Error{http.StatusBadRequest, "invalid_request", 900144,
		"The request body must contain the following parameter: '" + name + "'."}
}

func unknownTenant(tenant string) *Error {
	return refusalOf(90002, application{Application: Application{TenantID: tenant}})
}

// checkCredential accepts the secret or a client assertion.
func (s *Service) checkCredential(user application, form url.Values, authority string) *Error {
	if form.Get("client_assertion") != "" {
		return s.checkAssertion(user, form, authority)
	}
	secret := form.Get("client_secret")
	if secret == "" {
		return &Error{http.StatusUnauthorized, "invalid_client", 7000216,
			"'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."}
	}
	if user.Secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(user.Secret)) != 1 {
		return refusalOf(7000215, user)
	}
	if user.SecretExpired {
		return refusalOf(7000222, user)
	}
	return nil
}

// checkScope accepts <environment>/.default. An environment url that itself ends in a slash leads to the double form
// https://host//.default, which Entra accepts. The OpenID scopes that MSAL adds are ignored.
func checkScope(scope, tenant string, environments []string) *Error {
	var resources []string
	for s := range strings.FieldsSeq(scope) {
		if slices.Contains([]string{"openid", "offline_access", "profile", "email"}, s) {
			continue
		}
		resource, ok := strings.CutSuffix(s, "/.default")
		if !ok {
			return &Error{http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope " + s +
				" is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
		}
		resources = append(resources, strings.TrimSuffix(resource, "/"))
	}
	if len(resources) != 1 {
		return &Error{http.StatusBadRequest, "invalid_scope", 70011, "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope " +
			scope + " is not valid."}
	}
	if !slices.Contains(environments, strings.ToLower(resources[0])) {
		return unknownResource(resources[0], tenant)
	}
	return nil
}

func unknownResource(resource, tenant string) *Error {
	return refusalOf(500011, application{Application: Application{TenantID: tenant}}, "{resource}", resource)
}
