package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// additional loads a further application user. Its tenant is that of the first one unless it names another.
func (l *loader) additional(index int, item json.RawMessage, first Credentials) Credentials {
	const field = "additional_credentials"
	user := l.sectionOf(field, fmt.Sprintf("%s[%d]", field, index), item)
	c := Credentials{Setting: user.path}
	if user.members == nil {
		return c
	}
	inner := l.sectionOf(field, user.path+".credentials", user.members["credentials"])
	if inner.members == nil {
		if !l.foundIn(inner) {
			l.add(user, "credentials", "is missing. Choose how this application user signs in.")
		}
		return c
	}
	for _, name := range slices.Sorted(maps.Keys(user.members)) {
		if !slices.Contains([]string{"tenant_id", "client_id", "credentials"}, name) {
			l.warn(fmt.Sprintf("The setting %q in %s is unknown and ignored. Correct its name, or remove it.", name, user.path))
		}
	}
	c.Kind = l.kind(inner)
	if c.Kind != KindManagedIdentity {
		c.TenantID, c.ClientID = cmp.Or(Secret(l.text(user, "tenant_id")), first.TenantID), Secret(l.text(user, "client_id"))
		if c.Kind == KindWorkloadIdentity {
			c.TenantID = cmp.Or(c.TenantID, Secret(strings.TrimSpace(l.getenv("AZURE_TENANT_ID"))))
			c.ClientID = cmp.Or(c.ClientID, Secret(strings.TrimSpace(l.getenv("AZURE_CLIENT_ID"))))
		}
		if c.TenantID == "" && c.Kind != "" && first.Kind == KindManagedIdentity { // any other first user has that problem itself
			l.addMissing(user, "tenant_id")
		}
		if c.ClientID == "" && c.Kind != "" {
			l.addMissing(user, "client_id")
		}
	}
	if c.Kind == KindClientSecret {
		c.ClientSecret = Secret(l.text(inner, "client_secret"))
		if c.ClientSecret == "" {
			l.addMissing(inner, "client_secret")
		}
	}
	l.loadKind(&c, inner)
	return c
}

// addMissing adds a setting of a section as missing, unless it has a problem already.
func (l *loader) addMissing(s section, name string) {
	if !l.found.hasIn(s.path + "." + name) {
		l.add(s, name, "is missing. "+l.found.remedy(name))
	}
}

// checkDistinct finds the mistakes for which Entra's error descriptions are hard to understand, and users that are the same.
// A second sign-in of the same user has no limits of its own.
func (l *loader) checkDistinct(users []Credentials) {
	for i, c := range users {
		l.checkTenant(&c)
		if isGUID(c.ClientSecret.Reveal()) {
			l.warn(c.SecretSetting() + " looks like a Secret ID. If the sign-in fails, enter the Value of the secret instead.")
		}
		same := slices.IndexFunc(users[:i], func(other Credentials) bool {
			return c.Kind != "" && other.Kind != "" && strings.EqualFold(c.Identity().Reveal(), other.Identity().Reveal()) &&
				(c.Kind == KindManagedIdentity) == (other.Kind == KindManagedIdentity)
		})
		if same >= 0 && !l.found.has("additional_credentials") && !l.found.has("client_id") {
			where := "the settings at the top level"
			if same > 0 {
				where = users[same].Setting
			}
			l.found.addIn("additional_credentials", c.Setting, "is the same application user as in "+where+". Enter the client ID of another app registration, or remove it.")
		}
	}
}

// checkTenant finds a tenant_id that names no tenant.
func (l *loader) checkTenant(c *Credentials) {
	field := "tenant_id"
	if c.Setting != "" {
		field = "additional_credentials"
	}
	tenant := strings.ToLower(c.TenantID.Reveal())
	switch {
	case tenant == "" || l.found.has(field):
	case slices.Contains([]string{"common", "organizations", "consumers"}, tenant):
		// https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow requires one tenant.
		l.found.addIn(field, c.In("tenant_id"), "is not the ID of one tenant, which an application needs to sign in. "+l.found.remedy("tenant_id"))
	case strings.ContainsFunc(tenant, func(r rune) bool { return r != '.' && notInHostName(r) }):
		// The tenant becomes a part of the sign-in URL.
		l.found.addIn(field, c.In("tenant_id"), "is neither an ID nor a domain name. "+l.found.remedy("tenant_id"))
	}
}

func isGUID(text string) bool {
	const form = `^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`
	matched, err := regexp.MatchString(form, text)
	return err == nil && matched
}
