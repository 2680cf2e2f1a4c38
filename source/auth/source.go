// Package auth signs in to Microsoft Entra through MSAL and returns access tokens for one Dataverse environment.
//
// [Authority] finds the sign-in host of an environment's cloud. A [Source] keeps one MSAL client, whose cache holds the
// token, and replaces that client if the service rejects the token. Errors never show the credentials or the tenant's id.
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

// Source returns access tokens for one environment and one application. MSAL caches them and renews them in time, so
// call Token before each request and keep no other cache. A Source is safe for concurrent use.
type Source struct {
	authority string
	clientID  string
	scope     string
	secret    confidential.Credential
	hidden    []string // what no error may show
	http      bodyReader
	discovery bool // instance discovery knows the authority

	lock   chan struct{} // held while a token is acquired, so that concurrent streams make one request
	client confidential.Client
	last   string // the token that Token returned last
	claims string // the claims that the service requires of the next token
}

// New prepares the sign-in of the configuration's application. Nothing is sent before the first Token.
func New(c *config.Config, client *http.Client) (*Source, error) {
	root := c.AuthorityHost
	if root == "" {
		root = Authority(c.Environment)
	}
	secret, err := confidential.NewCredFromSecret(c.ClientSecret.Reveal())
	if err != nil {
		return nil, fmt.Errorf("use the client secret: %w", err)
	}
	s := &Source{
		authority: root + "/" + c.TenantID.Reveal(),
		clientID:  c.ClientID.Reveal(),
		scope:     c.Environment + "/.default",
		secret:    secret,
		hidden:    []string{c.TenantID.Reveal(), c.ClientID.Reveal(), c.ClientSecret.Reveal()},
		http:      bodyReader{client},
		discovery: isMicrosoft(root),
		lock:      make(chan struct{}, 1),
	}
	if err := s.reset(); err != nil {
		return nil, fmt.Errorf("prepare the sign-in at %s: %w", root, err)
	}
	return s, nil
}

// reset replaces the MSAL client by a new one, whose cache is empty.
func (s *Source) reset() error {
	client, err := confidential.New(s.authority, s.clientID, s.secret,
		confidential.WithHTTPClient(s.http),
		confidential.WithInstanceDiscovery(s.discovery))
	if err != nil {
		return errUnusableAuthority // MSAL's text quotes the tenant's id
	}
	s.client, s.last = client, ""
	return nil
}

// Token returns an access token that is valid for some minutes more. The error is an *Error if the sign-in host responded
// with one, and the context's if it ended first. Any other error has a method Temporary, which reports whether a later
// sign-in may succeed. No error's text holds an id, the secret, or a token.
func (s *Source) Token(ctx context.Context) (string, error) {
	select {
	case s.lock <- struct{}{}:
		defer func() { <-s.lock }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	var options []confidential.AcquireByCredentialOption
	if s.claims != "" {
		options = append(options, confidential.WithClaims(s.claims))
	}
	result, err := s.client.AcquireTokenByCredential(ctx, []string{s.scope}, options...)
	if err != nil {
		return "", withoutSecrets(err, s.hidden)
	}
	s.last, s.claims = result.AccessToken, ""
	return result.AccessToken, nil
}

// Renew makes the next Token request a new token, because the service rejected the given one. claims is the decoded
// challenge of the service and may be empty. If the rejected token has already been replaced, Renew does nothing.
func (s *Source) Renew(ctx context.Context, rejected, claims string) error {
	select {
	case s.lock <- struct{}{}:
		defer func() { <-s.lock }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if rejected != s.last {
		return nil
	}
	s.claims = claims
	return s.reset()
}
