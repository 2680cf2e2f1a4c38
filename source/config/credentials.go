package config

import (
	"regexp"
	"slices"
	"strings"
)

// checkCredentials finds the mistakes for which Entra's error descriptions are hard to understand.
func (l *loader) checkCredentials(config *Config) {
	tenant := strings.ToLower(config.TenantID.Reveal())
	switch {
	case tenant == "":
	case slices.Contains([]string{"common", "organizations", "consumers"}, tenant):
		// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow requires one tenant.
		l.found.add("tenant_id", "is not the ID of one tenant, which an application needs to sign in. "+l.found.remedy("tenant_id"))
	case strings.ContainsFunc(tenant, func(r rune) bool { return r != '.' && notInHostName(r) }):
		// The tenant becomes a part of the sign-in URL.
		l.found.add("tenant_id", "is neither an ID nor a domain name. "+l.found.remedy("tenant_id"))
	}
	if isGUID(config.ClientSecret.Reveal()) {
		l.warn("client_secret_value looks like a Secret ID. If the sign-in fails, enter the Value of the secret instead.")
	}
}

func isGUID(text string) bool {
	const form = `^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`
	matched, err := regexp.MatchString(form, text)
	return err == nil && matched
}
