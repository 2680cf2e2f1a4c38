package config

import (
	"regexp"
	"slices"
	"strings"
)

// checkCredentials finds the mistakes that Entra would answer with a text few people understand.
func (l *loader) checkCredentials(config *Config) {
	tenant := strings.ToLower(config.TenantID.Reveal())
	switch {
	case tenant == "":
	case slices.Contains([]string{"common", "organizations", "consumers"}, tenant):
		// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow asks for one tenant.
		l.found.add("tenant_id", "names no single tenant, which an app needs to sign in. "+remedy("tenant_id"))
	case strings.ContainsFunc(tenant, func(r rune) bool { return r != '.' && notInHostName(r) }):
		// The tenant becomes a part of the sign-in address.
		l.found.add("tenant_id", "is neither an id nor a domain. "+remedy("tenant_id"))
	}
	if isGUID(config.ClientSecret.Reveal()) {
		l.warn("client_secret_value looks like the secret's ID. If the sign-in fails, enter the secret's value.")
	}
}

func isGUID(text string) bool {
	const form = `^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`
	matched, err := regexp.MatchString(form, text)
	return err == nil && matched
}
