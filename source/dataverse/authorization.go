package dataverse

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// authorized signs each request with a token, and repeats it once with a new token after a 401: tokens expire in the
// middle of long reads, and access policies may demand new claims at any time.
type authorized struct {
	next   http.RoundTripper
	tokens Tokens
}

// Authorize returns a transport that signs each request with a token, and repeats it once with a new token after a 401. If there is
// no token, the error is a *SignInError. It is for services beside Dataverse that take tokens of the same application user.
func Authorize(next http.RoundTripper, tokens Tokens) http.RoundTripper {
	return &authorized{next: next, tokens: tokens}
}

func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	response, token, err := a.send(req)
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		return response, err
	}
	if err := a.tokens.Renew(req.Context(), token, claimsOf(response)); err != nil {
		return response, nil //nolint:nilerr // the service's refusal is more informative than the failed renewal
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	_ = response.Body.Close()
	response, _, err = a.send(req)
	return response, err
}

func (a *authorized) send(req *http.Request) (*http.Response, string, error) {
	token, err := a.tokens.Token(req.Context())
	if err != nil {
		return nil, "", &SignInError{cause: err}
	}
	signed := req.Clone(req.Context())
	if req.GetBody != nil { // the body may have been sent before
		if signed.Body, err = req.GetBody(); err != nil {
			return nil, token, err
		}
	}
	signed.Header.Set("Authorization", "Bearer "+token)
	response, err := a.next.RoundTrip(signed)
	return response, token, err
}

// claimsOf returns the decoded claims challenge of a 401, empty if it has no challenge that is JSON (Microsoft, "Claims
// challenges, claims requests and client capabilities").
func claimsOf(response *http.Response) string {
	challenge := strings.Join(response.Header.Values("WWW-Authenticate"), ", ")
	_, rest, found := strings.Cut(challenge, `claims="`)
	if !found {
		return ""
	}
	encoded, _, _ := strings.Cut(rest, `"`)
	claims, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil || !json.Valid(claims) {
		return ""
	}
	return string(claims)
}
