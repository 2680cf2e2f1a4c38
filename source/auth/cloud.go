package auth

import (
	"net/url"
	"strings"

	"source-microsoft-dataverse/source/config"
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

// AuthorityOf returns the sign-in host of a configuration: the one that it names, that of the environment's cloud, or, for an
// environment in an unknown cloud, the one that the platform of a workload identity names.
func AuthorityOf(c *config.Config) string {
	if c.AuthorityHost != "" {
		return c.AuthorityHost
	}
	if authority, known := cloudOf(c.Environment); known || c.PlatformAuthority == "" {
		return authority
	}
	return c.PlatformAuthority
}

// Authority returns the sign-in host for an environment's URL, as an https root without a trailing slash.
// New regions get new numbers (crm19, crm20, ...), so an unknown host belongs to the public cloud.
func Authority(environment string) string {
	authority, _ := cloudOf(environment)
	return authority
}

// cloudOf returns the sign-in host for an environment's URL, and whether the host is one of a known cloud.
func cloudOf(environment string) (authority string, known bool) {
	host := environment
	if u, err := url.Parse(environment); err == nil && u.Host != "" {
		host = u.Hostname()
	}
	host = strings.ToLower(host)
	for suffix, authority := range national() {
		if strings.HasSuffix(host, suffix) {
			return authority, true
		}
	}
	return PublicAuthority, strings.HasSuffix(host, ".dynamics.com")
}

// isMicrosoft reports whether instance discovery knows a sign-in host. It knows Microsoft's hosts only: for a private
// cloud or a simulator it would send the tenant's id to Microsoft and fail.
func isMicrosoft(authority string) bool {
	_, known := audienceSuffix(authority)
	return known
}

// federationAudience is the audience of tokens that are made to be exchanged in the public cloud; those of other clouds begin so.
const federationAudience = "api://AzureADTokenExchange"

// FederationAudience returns the audience that a federated credential expects of a token by default, for a sign-in host
// (Microsoft, "Workload identity federation").
func FederationAudience(authority string) string {
	suffix, _ := audienceSuffix(authority)
	return federationAudience + suffix
}

// audienceSuffix returns what the cloud of a sign-in host appends to federationAudience, and whether the host is one of
// Microsoft's: those that MSAL trusts (microsoft-authentication-library-for-go, apps/internal/oauth/ops/authority).
func audienceSuffix(authority string) (suffix string, known bool) {
	switch strings.TrimPrefix(authority, "https://") {
	case "login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net", // public
		"login.microsoftonline.de",                                                               // the former German cloud
		"login.sovcloud-identity.fr", "login.sovcloud-identity.de", "login.sovcloud-identity.sg": // Bleu, Delos, Singapore
		return "", true
	case "login.microsoftonline.us", "login-us.microsoftonline.com", "login.usgovcloudapi.net":
		return "USGov", true
	case "login.partner.microsoftonline.cn", "login.chinacloudapi.cn":
		return "China", true
	default:
		return "", false
	}
}
