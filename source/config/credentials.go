package config

import (
	"fmt"
	"time"
)

// Kind is a way to sign in, by its name in the configuration.
type Kind string

// The kinds of credentials.
const (
	KindClientSecret      Kind = "client_secret"
	KindClientCertificate Kind = "client_certificate"
	KindWorkloadIdentity  Kind = "workload_identity"
	KindManagedIdentity   Kind = "managed_identity"
)

// Credentials are what one application user signs in with. Fields of other kinds are zero.
type Credentials struct {
	Kind Kind
	// Setting is the path of the setting that holds the user, such as "additional_credentials[0]"; "" for the user of the
	// settings at the top level.
	Setting string

	// TenantID and ClientID name the app registration. A managed identity has neither.
	TenantID Secret
	ClientID Secret

	// ClientSecret is the value of a client secret.
	ClientSecret Secret

	// Certificate is what a client certificate signs in with, as Load found it.
	Certificate *Certificate
	// CertificateFile is the path from which Certificate was read, "" if the configuration holds it.
	CertificateFile string
	// SendChain makes the sign-in carry the certificate and those that issued it.
	SendChain bool

	// TokenFile is the path of the file whose token a workload identity signs in with.
	TokenFile string

	// IdentityClientID is the client ID of a user-assigned managed identity, "" for the system-assigned one.
	IdentityClientID Secret

	nested bool            // the client secret is in credentials, not at the top level
	keys   func() keyTexts // nil if there is no certificate; a function, because package fmt prints fields
}

// keyTexts are the texts from which a private key was read.
type keyTexts struct{ content, password string }

func (c *Credentials) keyTexts() keyTexts {
	if c.keys == nil {
		return keyTexts{}
	}
	return c.keys()
}

// In returns the path of a setting of these credentials, for messages: client_id, or additional_credentials[0].client_id.
func (c *Credentials) In(name string) string {
	if c.Setting == "" {
		return name
	}
	return c.Setting + "." + name
}

// SecretSetting returns the path of the setting that holds the client secret, for messages.
func (c *Credentials) SecretSetting() string {
	if c.Setting == "" && !c.nested {
		return "client_secret_value"
	}
	return c.In("credentials.client_secret")
}

// CertificateSetting returns the path of the setting that holds or names the certificate, for messages.
func (c *Credentials) CertificateSetting() string {
	if c.CertificateFile != "" {
		return c.In("credentials.certificate_file_path")
	}
	return c.In("credentials.certificate")
}

// Identity returns the client ID by which two credentials are compared: that of the application or of the managed identity,
// "" for a system-assigned identity.
func (c *Credentials) Identity() Secret {
	if c.Kind == KindManagedIdentity {
		return c.IdentityClientID
	}
	return c.ClientID
}

// ReadCertificate reads CertificateFile again, because the file may have been replaced since. Its error does not quote the
// file's content.
func (c *Credentials) ReadCertificate() (*Certificate, error) {
	data, err := readSmallFile(c.CertificateFile)
	if err != nil {
		return nil, err
	}
	certificate, fault := parseCertificate(data, c.keyTexts().password)
	if fault == nil {
		fault = certificate.faultAt(time.Now())
	}
	if fault != nil {
		return nil, fmt.Errorf("the file %s %s", c.CertificateFile, fault.predicate)
	}
	return certificate, nil
}
