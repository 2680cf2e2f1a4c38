package dataverse

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// authorized puts a token on each request, and answers a 401 with one fresh token: tokens end in the middle of long
// reads, and access policies may demand new claims at any time.
type authorized struct {
	next   http.RoundTripper
	tokens Tokens
}

func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	answer, token, err := a.send(req)
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		return answer, err
	}
	if err := a.tokens.Renew(req.Context(), token, claimsOf(answer)); err != nil {
		return answer, nil //nolint:nilerr // the service's own refusal says more than the failed renewal
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	_ = answer.Body.Close()
	answer, _, err = a.send(req)
	return answer, err
}

func (a *authorized) send(req *http.Request) (*http.Response, string, error) {
	token, err := a.tokens.Token(req.Context())
	if err != nil {
		return nil, "", &SignInError{cause: err}
	}
	signed := req.Clone(req.Context())
	signed.Header.Set("Authorization", "Bearer "+token)
	answer, err := a.next.RoundTrip(signed)
	return answer, token, err
}

// claimsOf returns the decoded claims challenge of a 401, empty if it has none that is JSON
// (Microsoft, "Claims challenges, claims requests and client capabilities").
func claimsOf(answer *http.Response) string {
	challenge := strings.Join(answer.Header.Values("WWW-Authenticate"), ", ")
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
