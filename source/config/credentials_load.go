package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"source-microsoft-dataverse/source/protocol"
)

// kinds returns the kinds of credentials and the settings of each.
func kinds() map[Kind][]string {
	return map[Kind][]string{
		KindClientSecret:      {"client_secret"},
		KindClientCertificate: {"certificate", "certificate_password", "certificate_file_path", "send_certificate_chain"},
		KindWorkloadIdentity:  {"token_file_path"},
		KindManagedIdentity:   {"identity_client_id"},
	}
}

// signIn loads how the application users sign in: the one of the settings at the top level, and the additional ones.
func (l *loader) signIn() (Credentials, []Credentials) {
	s := l.sectionOf("credentials", "credentials", l.members["credentials"])
	own := Credentials{Kind: KindClientSecret}
	if l.members["credentials"] != nil {
		own.Kind = l.kind(s)
	}
	l.loadFlat(&own, s)
	l.loadKind(&own, s)
	var others []Credentials
	var list []json.RawMessage
	if l.members["additional_credentials"] != nil && !l.value("additional_credentials", &list) {
		l.found.add("additional_credentials", "has a value of the wrong type: array expected. Enter a list of application users, or leave the field empty.")
	}
	for i, item := range list {
		others = append(others, l.additional(i, item, own))
	}
	l.checkDistinct(append([]Credentials{own}, others...))
	return own, others
}

// kind returns the kind of a section's credentials, "" with a problem if it is none.
func (l *loader) kind(s section) Kind {
	if l.foundIn(s) {
		return ""
	}
	kind := Kind(l.text(s, "auth_type"))
	settings, known := kinds()[kind]
	switch {
	case known:
	case l.foundIn(s):
		return ""
	case kind == "":
		l.add(s, "auth_type", "is missing. "+l.found.remedy("auth_type"))
		return ""
	default:
		l.add(s, "auth_type", "is not one of the kinds of credentials. "+l.found.remedy("auth_type"))
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(s.members)) {
		if name == "auth_type" || slices.Contains(settings, name) {
			continue
		}
		nearest := protocol.Nearest(name, settings)
		switch {
		case name == "tenant_id" || name == "client_id":
			l.warn(fmt.Sprintf("The setting %q in %s is ignored, because it belongs beside credentials. Move it out of %[2]s.", name, s.path))
		case nearest != "":
			l.warn(fmt.Sprintf("The setting %q in %s is unknown and ignored. Did you mean %s?", name, s.path, nearest))
		default:
			l.warn(fmt.Sprintf("The setting %q in %s is not one of %s and is ignored. Remove it, or choose its kind as auth_type.", name, s.path, kind))
		}
	}
	if l.onAirbyteCloud() && (kind == KindWorkloadIdentity || kind == KindManagedIdentity) {
		l.add(s, "auth_type", fmt.Sprintf("is %s, but on Airbyte Cloud the identity would be that of Airbyte's own machines. "+
			"Choose client_secret or client_certificate.", kind))
	}
	return kind
}

// onAirbyteCloud reports whether Airbyte runs the connector on machines of its own
// (airbytehq/airbyte-platform, AirbyteEdition and EnvConstants).
func (l *loader) onAirbyteCloud() bool {
	return strings.EqualFold(l.getenv("AIRBYTE_EDITION"), "cloud") || strings.EqualFold(l.getenv("DEPLOYMENT_MODE"), "cloud")
}

// loadFlat loads the settings at the top level: the ids, and the client secret where credentials do not have another.
func (l *loader) loadFlat(c *Credentials, s section) {
	switch c.Kind {
	case "": // a problem of auth_type: whether the ids are needed is not known
		c.TenantID, c.ClientID = Secret(l.optional("tenant_id")), Secret(l.optional("client_id"))
	case KindManagedIdentity:
		if id := l.optional("client_id"); id != "" && !s.has("identity_client_id") {
			l.warn("client_id is not used by a managed identity. If it is the client ID of a user-assigned identity, enter it as credentials.identity_client_id.")
		}
	case KindClientSecret, KindClientCertificate, KindWorkloadIdentity:
		c.TenantID = Secret(l.id("tenant_id", c.Kind, "AZURE_TENANT_ID"))
		c.ClientID = Secret(l.id("client_id", c.Kind, "AZURE_CLIENT_ID"))
	}
	switch c.Kind {
	case KindClientSecret:
		nested := l.text(s, "client_secret")
		if nested == "" {
			c.ClientSecret = Secret(l.required("client_secret_value"))
			return
		}
		if flat := l.optional("client_secret_value"); flat != "" && flat != nested {
			l.add(s, "client_secret", "and client_secret_value are two different secrets. Remove one of them.")
		}
		c.ClientSecret, c.nested = Secret(nested), true
	case KindClientCertificate, KindWorkloadIdentity, KindManagedIdentity:
		if l.optional("client_secret_value") != "" {
			l.found.add("client_secret_value", fmt.Sprintf("is not used, because credentials.auth_type is %s. Remove the secret, or choose client_secret in credentials.", c.Kind))
		}
	default: // a problem of auth_type
	}
}

// id returns an id of the application. A workload identity may have it from an environment variable, which the webhook of
// Azure Workload Identity sets (azure-workload-identity, "Mutating Admission Webhook").
func (l *loader) id(name string, kind Kind, variable string) string {
	if kind == KindWorkloadIdentity && l.optional(name) == "" {
		if id := strings.TrimSpace(l.getenv(variable)); id != "" {
			return id
		}
	}
	return l.required(name)
}

// optional returns a text at the top level without the spaces around it, "" if it is absent.
func (l *loader) optional(name string) string {
	var text string
	l.value(name, &text)
	return strings.TrimSpace(text)
}

// loadKind loads the settings of a kind but the client secret.
func (l *loader) loadKind(c *Credentials, s section) {
	switch c.Kind {
	case KindClientCertificate:
		l.loadCertificate(c, s)
	case KindWorkloadIdentity:
		c.TokenFile = l.path(s, "token_file_path", l.found.remedy("token_file_path"))
		if c.TokenFile == "" {
			c.TokenFile = strings.TrimSpace(l.getenv("AZURE_FEDERATED_TOKEN_FILE"))
		}
		if c.TokenFile == "" && !l.found.hasIn(s.path+".token_file_path") {
			l.add(s, "token_file_path", "is missing, and so is the environment variable AZURE_FEDERATED_TOKEN_FILE, which the workload identity webhook of "+
				`AKS sets. Label the pods azure.workload.identity/use: "true", or enter the path of the file that holds the token.`)
		}
	case KindManagedIdentity:
		c.IdentityClientID = Secret(l.text(s, "identity_client_id"))
	case KindClientSecret:
	default: // a problem of auth_type
	}
}

// loadCertificate loads a certificate from the configuration or from a file.
func (l *loader) loadCertificate(c *Credentials, s section) {
	content, path := l.text(s, "certificate"), l.path(s, "certificate_file_path", "Enter it as certificate.")
	password := l.text(s, "certificate_password")
	c.CertificateFile, c.SendChain = path, true
	if value, ok := s.members["send_certificate_chain"]; ok && json.Unmarshal(value, &c.SendChain) != nil {
		l.add(s, "send_certificate_chain", "has a value of the wrong type: boolean expected. Enter true or false.")
	}
	name, data := "certificate", []byte(content)
	switch {
	case l.foundIn(s):
		return
	case content != "" && path != "":
		l.add(s, "certificate_file_path", "is beside a certificate. Remove one of them.")
		return
	case content == "" && path == "":
		l.add(s, "certificate", "is missing. "+l.found.remedy("certificate"))
		return
	case path != "" && l.onAirbyteCloud():
		l.add(s, "certificate_file_path", "cannot name a file on Airbyte Cloud. Enter the certificate itself as certificate.")
		return
	case path != "":
		var err error
		if data, err = readSmallFile(path); err != nil {
			l.add(s, "certificate_file_path", fmt.Sprintf("names a file that cannot be read: %v. Check the path and the permissions of the file.", err))
			return
		}
		name = "certificate_file_path"
	}
	c.keys = func() keyTexts { return keyTexts{string(data), password} }
	certificate, fault := parseCertificate(data, password)
	if fault == nil {
		fault = certificate.faultAt(time.Now())
	}
	switch {
	case fault == nil:
	case fault.password:
		l.add(s, "certificate_password", fault.predicate)
		return
	case path != "":
		l.add(s, name, "names the file "+path+", which "+fault.predicate)
		return
	default:
		l.add(s, name, fault.predicate)
		return
	}
	c.Certificate = certificate
}

// platformAuthority returns the sign-in host that the webhook of Azure Workload Identity names.
func (l *loader) platformAuthority(c *Config) string {
	workload := func(user Credentials) bool { return user.Kind == KindWorkloadIdentity }
	if !workload(c.Credentials) && !slices.ContainsFunc(c.AdditionalCredentials, workload) {
		return ""
	}
	root, problem := authority(l.getenv("AZURE_AUTHORITY_HOST"))
	if problem != "" {
		l.warn("The environment variable AZURE_AUTHORITY_HOST " + problem + " It is ignored.")
	}
	return root
}

// identitySecrets returns the environment variables whose values let a process of the machine use its managed identity.
func identitySecrets() []string { return []string{"IDENTITY_HEADER", "MSI_SECRET"} }
