// Package auth signs in to Microsoft Entra through MSAL and returns access tokens for one Dataverse environment.
//
// A [Source] is one application user, which signs in with a client secret, a certificate, the token of a workload identity, or a
// managed identity. [Authority] finds the sign-in host of an environment's cloud. Errors never show credentials or the tenant's
// id: [Error] is a refusal, [TokenFileError] a token file that cannot be used, and [IdentityError] a managed identity that is not
// available.
package auth

import (
	"context"
	"fmt"
	"net/http"

	"source-microsoft-dataverse/source/config"
)

// Clients send the requests of sign-ins.
type Clients struct {
	// Entra reaches the sign-in host. It must not follow redirects, which could send credentials to another host.
	Entra *http.Client
	// Identity reaches the endpoint of managed identities on this machine. It must use no proxy, which would receive the token,
	// and its transport must be an *http.Transport on Service Fabric.
	Identity *http.Client
}

// Source returns access tokens for one environment and one application user. MSAL caches them and renews them in time, so call
// Token before each request and keep no other cache. A Source is safe for concurrent use.
type Source struct {
	kind   config.Kind
	issuer issuer

	lock   chan struct{} // held while a token is acquired, so that concurrent streams make one request
	last   string        // the token that Token returned last
	claims string        // the claims that the service requires of the next token
}

// issuer acquires tokens by one kind of credentials. Its calls do not overlap.
type issuer interface {
	// token returns a cached token, or a new one if there is none or if claims are required of it.
	token(ctx context.Context, claims string) (string, error)
	// forget makes the next token a new one, because the service rejected this one.
	forget(rejected string) error
}

// New prepares the sign-in of one application user of the configuration. Nothing is sent before the first Token.
func New(c *config.Config, user config.Credentials, clients Clients) (*Source, error) {
	return NewFor(c, user, c.Environment, clients)
}

// NewFor is New for tokens of another service in the same tenant: resource is its root, https and a host.
func NewFor(c *config.Config, user config.Credentials, resource string, clients Clients) (*Source, error) {
	var err error
	s := &Source{kind: user.Kind, lock: make(chan struct{}, 1)}
	if user.Kind == config.KindManagedIdentity {
		s.issuer, err = newIdentity(resource, user, clients.Identity)
	} else {
		s.issuer, err = newApplication(c, user, resource, clients.Entra)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Kind returns the kind of credentials that the source signs in with.
func (s *Source) Kind() config.Kind { return s.kind }

// Token returns an access token that is valid for some minutes more. The error is one of those that this package describes, or
// the context's if it ended first. Any other error has a method Temporary, which reports whether a later sign-in may succeed. No
// error's text holds an id, a secret, or a token.
func (s *Source) Token(ctx context.Context) (string, error) {
	if err := s.enter(ctx); err != nil {
		return "", err
	}
	defer s.leave()
	token, err := s.issuer.token(ctx, s.claims)
	if err != nil {
		return "", err
	}
	s.last, s.claims = token, ""
	return token, nil
}

// Renew makes the next Token request a new token, because the service rejected the given one. claims is the decoded
// challenge of the service and may be empty. If the rejected token has already been replaced, Renew does nothing.
func (s *Source) Renew(ctx context.Context, rejected, claims string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if rejected != s.last {
		return nil
	}
	if err := s.issuer.forget(rejected); err != nil {
		return fmt.Errorf("renew the access token: %w", err)
	}
	s.last, s.claims = "", claims
	return nil
}

func (s *Source) enter(ctx context.Context) error {
	select {
	case s.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Source) leave() { <-s.lock }
