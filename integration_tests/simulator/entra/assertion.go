package entra

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// assertionType is the only client_assertion_type (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// clockSkew is the difference of clocks that Entra tolerates.
const clockSkew = 5 * time.Minute

// assertion is a signed JWT that an application sends in place of a secret.
type assertion struct {
	header struct {
		Algorithm string   `json:"alg"`
		Type      string   `json:"typ"`
		KeyID     string   `json:"kid"`
		SHA256    string   `json:"x5t#S256"` // thumbprints of a certificate
		SHA1      string   `json:"x5t"`
		Chain     []string `json:"x5c"`
	}
	claims struct {
		Issuer    string          `json:"iss"`
		Subject   string          `json:"sub"`
		Audience  json.RawMessage `json:"aud"`
		ID        string          `json:"jti"`
		NotBefore float64         `json:"nbf"` // MSAL for Python sends fractions of seconds
		Expires   float64         `json:"exp"`
	}
	signed    []byte // what the signature is of
	signature []byte
}

// parseAssertion reads a JWT in its compact form. It reports false for anything else.
func parseAssertion(text string) (assertion, bool) {
	var a assertion
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return a, false
	}
	decoded := make([][]byte, len(parts))
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return a, false
		}
	}
	a.signed, a.signature = []byte(parts[0]+"."+parts[1]), decoded[2]
	return a, json.Unmarshal(decoded[0], &a.header) == nil && json.Unmarshal(decoded[1], &a.claims) == nil && a.header.Algorithm != ""
}

// audiences returns the audiences, which are a text or a list of texts.
func (a *assertion) audiences() []string {
	var list []string
	if json.Unmarshal(a.claims.Audience, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(a.claims.Audience, &one) == nil {
		return []string{one}
	}
	return nil
}

// checkAssertion verifies a client assertion: one that the application signed with its certificate, or the token of another
// identity provider.
func (s *Service) checkAssertion(user application, form url.Values, authority string) *Error {
	a, ok := parseAssertion(form.Get("client_assertion"))
	switch {
	case form.Get("client_assertion_type") != assertionType:
		return &Error{http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_assertion_type'."}
	case !ok:
		return refusalOf(50027, user)
	case a.header.SHA256 != "" || a.header.SHA1 != "" || strings.EqualFold(a.claims.Issuer, user.ClientID):
		return s.checkCertificate(user, &a, authority)
	default:
		return s.checkFederated(user, &a)
	}
}

// checkTimes compares the times of an assertion with the clock. An assertion without an end is not accepted.
func (s *Service) checkTimes(user application, a *assertion) *Error {
	now := s.Now()
	if now.Add(clockSkew).Before(time.Unix(int64(a.claims.NotBefore), 0)) || !now.Add(-clockSkew).Before(time.Unix(int64(a.claims.Expires), 0)) {
		return refusalOf(700024, user)
	}
	return nil
}

// isFor reports whether one of the audiences is among those that are accepted.
func (a *assertion) isFor(accepted ...string) bool {
	return slices.ContainsFunc(a.audiences(), func(audience string) bool { return slices.Contains(accepted, audience) })
}
