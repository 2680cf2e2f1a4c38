package auth

import (
	"net/url"
	"strings"
)

// PublicAuthority is the sign-in host of all environments outside the national clouds, including GCC (crm9).
const PublicAuthority = "https://login.microsoftonline.com"

// national maps the host suffixes of national clouds to their sign-in hosts
// (Microsoft, "Microsoft Entra authentication and national clouds" and "Datacenter regions").
func national() map[string]string {
	return map[string]string{
		".crm.microsoftdynamics.us": "https://login.microsoftonline.us",         // GCC High
		".crm.appsplatform.us":      "https://login.microsoftonline.us",         // DoD
		".dynamics.cn":              "https://login.partner.microsoftonline.cn", // China, 21Vianet
	}
}

// Authority returns the sign-in host for an environment's URL, as an https root without a trailing slash.
// New regions get new numbers (crm19, crm20, ...), so an unknown host belongs to the public cloud.
func Authority(environment string) string {
	host := environment
	if u, err := url.Parse(environment); err == nil && u.Host != "" {
		host = u.Hostname()
	}
	for suffix, authority := range national() {
		if strings.HasSuffix(strings.ToLower(host), suffix) {
			return authority
		}
	}
	return PublicAuthority
}

// isMicrosoft reports whether instance discovery knows a sign-in host. It knows Microsoft's hosts only: for a private
// cloud or a simulator it would send the tenant's id to Microsoft and fail.
func isMicrosoft(authority string) bool {
	if authority == PublicAuthority {
		return true
	}
	for _, known := range national() {
		if authority == known {
			return true
		}
	}
	return false
}
