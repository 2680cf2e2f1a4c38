package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"

	"source-microsoft-dataverse/source/config"
)

// identityPatience bounds the first sign-in by a managed identity. Outside Azure nothing responds at its address, and MSAL does
// not test that.
const identityPatience = 10 * time.Second

// identity signs in as a managed identity: through App Service, Container Apps, Service Fabric, Azure Arc, or the metadata service
// of a virtual machine, whichever MSAL finds in the environment variables and files of the machine.
type identity struct {
	resource string
	hidden   []string
	patience time.Duration
	http     *identityClient
	client   managedidentity.Client

	responded bool   // the endpoint has issued a token
	rejected  string // by the service; the next token must be another one
}

func newIdentity(environment string, user config.Credentials, client *http.Client) (*identity, error) {
	i := &identity{
		resource: environment,
		hidden:   []string{user.IdentityClientID.Reveal()},
		patience: identityPatience,
		http:     &identityClient{client: client},
	}
	if client.Timeout > 0 {
		i.patience = min(i.patience, client.Timeout)
	}
	id := managedidentity.SystemAssigned()
	if user.IdentityClientID != "" {
		id = managedidentity.UserAssignedClientID(user.IdentityClientID.Reveal())
	}
	var err error
	if i.client, err = managedidentity.New(id, managedidentity.WithHTTPClient(i.http)); err != nil {
		return nil, &IdentityError{Reason: IdentityUnsuitable, cause: err, detail: withoutIDs(err.Error(), i.hidden)}
	}
	return i, nil
}

func (i *identity) token(ctx context.Context, claims string) (string, error) {
	var options []managedidentity.AcquireTokenOption
	switch {
	case claims != "":
		options = append(options, managedidentity.WithClaims(claims))
	case i.rejected != "":
		options = append(options, managedidentity.WithClaims("{}")) // MSAL's cache holds the rejected token
	}
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if !i.responded {
		bounded, cancel = context.WithTimeout(ctx, i.patience)
	}
	defer cancel()
	i.http.refused = nil
	result, err := i.client.AcquireToken(bounded, i.resource, options...)
	switch {
	case err != nil && ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", i.explain(err)
	case result.AccessToken == i.rejected:
		return "", &IdentityError{Reason: IdentityTokenStale}
	}
	i.responded, i.rejected = true, ""
	return result.AccessToken, nil
}

func (i *identity) forget(rejected string) error {
	i.rejected = rejected
	return nil
}

// explain returns the error of a sign-in without ids and tokens.
func (i *identity) explain(err error) error {
	var call msal.CallErr
	var transport *url.Error
	switch {
	case errors.As(err, &call) && i.http.refused != nil:
		return i.http.refused.error(i.hidden)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &transport):
		return &IdentityError{Reason: IdentityUnreachable, cause: err, passing: i.responded, detail: reasonOfCall(err)}
	default:
		return &IdentityError{Reason: IdentityUnsuitable, cause: err, detail: withoutIDs(err.Error(), i.hidden)}
	}
}

// reasonOfCall returns why no response came, without the address, which has the client ID.
func reasonOfCall(err error) string {
	var transport *url.Error
	if errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &transport) {
		return "no response came in time"
	}
	return transport.Err.Error()
}

// IdentityReason is why a managed identity did not sign in, apart from a refusal.
type IdentityReason int

// The reasons.
const (
	IdentityUnreachable IdentityReason = iota // its endpoint does not respond
	IdentityUnsuitable                        // this machine, or the response of its endpoint, is not as MSAL expects
	IdentityTokenStale                        // the endpoint returned the token again that the service had rejected
)

// IdentityError reports that the managed identity of this machine did not sign in.
type IdentityError struct {
	Reason  IdentityReason
	detail  string
	cause   error
	passing bool
}

func (e *IdentityError) Error() string {
	switch e.Reason {
	case IdentityUnreachable:
		return "the endpoint of managed identities did not respond: " + e.detail
	case IdentityTokenStale:
		return "the endpoint of managed identities returned the rejected access token again"
	case IdentityUnsuitable:
		return "the managed identity of this machine cannot be used: " + e.detail
	default:
		return "the managed identity did not sign in"
	}
}

// Unwrap returns the cause, whose text may hold ids.
func (e *IdentityError) Unwrap() error { return e.cause }

// Temporary reports whether a later sign-in may succeed: the endpoint issued tokens earlier in this run.
func (e *IdentityError) Temporary() bool { return e.passing }

// identityClient keeps the last response that is a refusal, because MSAL consumes its body.
type identityClient struct {
	client  *http.Client
	refused *identityRefusal
}

type identityRefusal struct {
	status int
	body   []byte
}

// ConfigureClient lets MSAL pin the certificate of Service Fabric's endpoint.
func (c *identityClient) ConfigureClient(augment func(*http.Client) (*http.Client, error)) error {
	client, err := augment(c.client)
	if err != nil {
		return fmt.Errorf("prepare the client of Service Fabric: %w", err)
	}
	c.client = client
	return nil
}

// CloseIdleConnections closes the client's idle connections.
func (c *identityClient) CloseIdleConnections() { c.client.CloseIdleConnections() }

// Do sends a request and returns its response with the body in memory.
func (c *identityClient) Do(request *http.Request) (*http.Response, error) {
	response, err := bodyReader{c.client}.Do(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	c.refused = &identityRefusal{response.StatusCode, body}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
