// Package auth signs in to Microsoft Entra through MSAL and hands out tokens for one Dataverse environment.
package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"source-microsoft-dataverse/source/config"
)

// errUnusableAuthority says that the sign-in host and the tenant's id make no address.
var errUnusableAuthority = errors.New("the sign-in host and the tenant's id make no address to sign in at")

// Source hands out access tokens for one environment under one application. MSAL caches them and renews them in
// time, so Token is asked before each request and nothing is kept beside that cache. It is safe for concurrent use.
type Source struct {
	authority string
	clientID  string
	scope     string
	secret    confidential.Credential
	http      whole
	discovery bool // Microsoft vouches for the authority

	turn   chan struct{} // held while a token is acquired, so that many streams make one request of it
	client confidential.Client
	last   string // the token given out last
	claims string // what the service demands of the next token
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
		http:      whole{client},
		discovery: isMicrosoft(root),
		turn:      make(chan struct{}, 1),
	}
	if err := s.forget(); err != nil {
		return nil, fmt.Errorf("prepare the sign-in at %s: %w", root, err)
	}
	return s, nil
}

// forget puts a new MSAL client, with an empty cache, in place of the old one.
func (s *Source) forget() error {
	client, err := confidential.New(s.authority, s.clientID, s.secret,
		confidential.WithHTTPClient(s.http),
		confidential.WithInstanceDiscovery(s.discovery))
	if err != nil {
		return errUnusableAuthority // MSAL's text quotes the tenant's id
	}
	s.client, s.last = client, ""
	return nil
}

// Token returns an access token with some minutes left to live. Errors are an *Error where Entra refused and the
// context's where it ended first; of any other a method Temporary says whether a later sign-in may succeed. None of
// their texts holds an id, the secret or a token.
func (s *Source) Token(ctx context.Context) (string, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	var options []confidential.AcquireByCredentialOption
	if s.claims != "" {
		options = append(options, confidential.WithClaims(s.claims))
	}
	result, err := s.client.AcquireTokenByCredential(ctx, []string{s.scope}, options...)
	if err != nil {
		return "", refusal(err)
	}
	s.last, s.claims = result.AccessToken, ""
	return result.AccessToken, nil
}

// Renew makes the next Token ask Entra anew, because the service refused the one given. claims is what the service
// demanded in its challenge, decoded, and may be empty. A token that was already replaced changes nothing.
func (s *Source) Renew(ctx context.Context, refused, claims string) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if refused != s.last {
		return nil
	}
	s.claims = claims
	return s.forget()
}
