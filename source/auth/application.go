package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"source-microsoft-dataverse/source/config"
)

// errUnusableAuthority reports that the sign-in host and the tenant's id do not make a URL.
var errUnusableAuthority = errors.New("the sign-in host and the tenant's id do not make a URL")

// application signs in as an app registration: with a client secret, a certificate, or the token of a workload identity.
type application struct {
	authority string
	scope     string
	user      config.Credentials
	options   []confidential.Option
	hidden    []string   // what no error may show
	file      *tokenFile // of a workload identity, otherwise nil

	client confidential.Client // which keeps its credential for life
}

func newApplication(c *config.Config, user config.Credentials, resource string, client *http.Client) (*application, error) {
	root := AuthorityOf(c)
	a := &application{
		authority: root + "/" + user.TenantID.Reveal(),
		scope:     resource + "/.default",
		user:      user,
		options:   []confidential.Option{confidential.WithHTTPClient(bodyReader{client}), confidential.WithInstanceDiscovery(isMicrosoft(root))},
		hidden:    []string{user.TenantID.Reveal(), user.ClientID.Reveal(), user.ClientSecret.Reveal()},
	}
	if user.SendChain {
		a.options = append(a.options, confidential.WithX5C())
	}
	if user.Kind == config.KindWorkloadIdentity {
		a.file = &tokenFile{path: user.TokenFile, microsoft: isMicrosoft(root)}
	}
	if err := a.reset(); err != nil {
		return nil, fmt.Errorf("prepare the sign-in at %s: %w", root, err)
	}
	return a, nil
}

// reset replaces the MSAL client by a new one, whose cache is empty.
func (a *application) reset() error {
	credential, err := a.credential()
	if err != nil {
		return err
	}
	client, err := confidential.New(a.authority, a.user.ClientID.Reveal(), credential, a.options...)
	if err != nil {
		return errUnusableAuthority // MSAL's text quotes the tenant's id
	}
	a.client = client
	return nil
}

func (a *application) credential() (confidential.Credential, error) {
	switch a.user.Kind {
	case config.KindClientCertificate:
		credential, err := confidential.NewCredFromCert(a.user.Certificate.Chain(), a.user.Certificate.Key())
		if err != nil {
			return confidential.Credential{}, fmt.Errorf("use the certificate: %w", err)
		}
		return credential, nil
	case config.KindWorkloadIdentity:
		return confidential.NewCredFromAssertionCallback(a.file.assertion), nil
	case config.KindClientSecret, config.KindManagedIdentity:
	}
	credential, err := confidential.NewCredFromSecret(a.user.ClientSecret.Reveal())
	if err != nil {
		return confidential.Credential{}, fmt.Errorf("use the client secret: %w", err)
	}
	return credential, nil
}

func (a *application) token(ctx context.Context, claims string) (string, error) {
	token, err := a.acquire(ctx, claims)
	if err != nil && a.replaceCertificate(err) {
		token, err = a.acquire(ctx, claims)
	}
	return token, err
}

func (a *application) acquire(ctx context.Context, claims string) (string, error) {
	var options []confidential.AcquireByCredentialOption
	if claims != "" {
		options = append(options, confidential.WithClaims(claims))
	}
	result, err := a.client.AcquireTokenByCredential(ctx, []string{a.scope}, options...)
	if err != nil {
		return "", a.explain(err)
	}
	return result.AccessToken, nil
}

// explain returns the error of a sign-in without secrets. A refusal of a workload identity's token has what the token claims.
func (a *application) explain(err error) error {
	var unusable *TokenFileError
	if errors.As(err, &unusable) {
		return unusable
	}
	err = withoutSecrets(err, a.hidden)
	var refused *Error
	if a.file != nil && errors.As(err, &refused) {
		refused.Assertion = a.file.sent
	}
	return err
}

// replaceCertificate reads the certificate file again after Entra refused its certificate, and reports whether it holds another
// one: certificates are replaced in the middle of long reads. A file that cannot be used changes nothing.
func (a *application) replaceCertificate(err error) bool {
	var refused *Error
	if a.user.CertificateFile == "" || !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized && refused.Name != "invalid_client" {
		return false
	}
	certificate, err := a.user.ReadCertificate()
	if err != nil || certificate.Equal(a.user.Certificate) {
		return false
	}
	a.user.Certificate = certificate
	return a.reset() == nil
}

func (a *application) forget(string) error { return a.reset() }
