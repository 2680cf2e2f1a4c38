package entra

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// FederationAudience is the audience that federated credentials expect by default.
const FederationAudience = "api://AzureADTokenExchange"

// FederatedCredential is a trust of an application in the tokens of another identity provider.
type FederatedCredential struct {
	Issuer   string // empty: the simulator's own identity provider
	Subject  string
	Audience string // empty: FederationAudience
}

// issuerPath is where the simulator's own identity provider is, with the slash at its end that the issuers of AKS have.
const issuerPath = "/oidc/"

// Provider is an identity provider that issues the tokens of workloads, as the issuer of a Kubernetes cluster does.
type Provider struct {
	key func() (*rsa.PrivateKey, error) // made when it is needed, which takes a while
	id  string
}

// NewProvider makes a provider with a key of its own.
func NewProvider() *Provider {
	return &Provider{id: rand.Text(), key: sync.OnceValues(func() (*rsa.PrivateKey, error) {
		key, err := rsa.GenerateKey(rand.Reader, minKeyBits)
		if err != nil {
			return nil, fmt.Errorf("make the key of the identity provider: %w", err)
		}
		return key, nil
	})}
}

// Token returns a token for a workload, valid from now on.
func (p *Provider) Token(issuer, subject, audience string, now time.Time, life time.Duration) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "kid": p.id, "typ": "JWT"})
	if err != nil {
		return "", fmt.Errorf("encode the header: %w", err)
	}
	claims, err := json.Marshal(map[string]any{
		"iss": issuer, "sub": subject, "aud": []string{audience}, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("encode the claims: %w", err)
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	key, err := p.key()
	if err != nil {
		return "", err
	}
	hashed := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hashed[:])
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// jwk is a public key as a JSON Web Key (RFC 7517).
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

// keys returns the provider's key set.
func (p *Provider) keys() map[string][]jwk {
	key, err := p.key()
	if err != nil {
		return map[string][]jwk{"keys": {}}
	}
	encode, public := base64.RawURLEncoding.EncodeToString, key.PublicKey
	return map[string][]jwk{"keys": {{
		Type: "RSA", Use: "sig", ID: p.id, Algorithm: "RS256",
		Modulus: encode(public.N.Bytes()), Exponent: encode(big.NewInt(int64(public.E)).Bytes()),
	}}}
}

// serve serves the documents by which others verify the provider's tokens, and reports whether a path is one of theirs.
func (p *Provider) serve(w http.ResponseWriter, path, issuer string) bool {
	switch path {
	case issuerPath + ".well-known/openid-configuration":
		writeEntra(w, http.StatusOK, map[string]any{
			"issuer": issuer, "jwks_uri": issuer + "keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case issuerPath + "keys":
		writeEntra(w, http.StatusOK, p.keys())
	default:
		return false
	}
	return true
}

// checkFederated verifies the token of another identity provider. Entra compares case-sensitively (Microsoft, "Important
// considerations and restrictions for federated identity credentials").
func (s *Service) checkFederated(user application, a *assertion) *Error {
	trusted := slices.Clone(user.FederatedCredentials)
	for i := range trusted {
		if trusted[i].Issuer == "" {
			trusted[i].Issuer = s.Issuer
		}
		if trusted[i].Audience == "" {
			trusted[i].Audience = FederationAudience
		}
	}
	if len(trusted) == 0 {
		return refusalOf(70025, user)
	}
	if a.header.Algorithm != "RS256" {
		return refusalOf(5002738, user)
	}
	matching := keep(trusted, func(c FederatedCredential) bool { return c.Issuer == a.claims.Issuer })
	if len(matching) == 0 {
		return refusalOf(700211, user, "{claim}", a.claims.Issuer)
	}
	if matching = keep(matching, func(c FederatedCredential) bool { return a.isFor(c.Audience) }); len(matching) == 0 {
		return refusalOf(700212, user, "{claim}", strings.Join(a.audiences(), ", "))
	}
	if len(keep(matching, func(c FederatedCredential) bool { return c.Subject == a.claims.Subject })) == 0 {
		if len(keep(matching, func(c FederatedCredential) bool { return strings.EqualFold(c.Subject, a.claims.Subject) })) > 0 {
			return refusalOf(7002138, user, "{claim}", a.claims.Subject)
		}
		return refusalOf(700213, user, "{claim}", a.claims.Subject)
	}
	if a.claims.Issuer != s.Issuer { // nothing else can be reached from here
		return refusalOf(90061, user)
	}
	if !s.Provider.signed(a) {
		return refusalOf(50013, user)
	}
	return s.checkTimes(user, a)
}

// signed reports whether the provider has signed an assertion.
func (p *Provider) signed(a *assertion) bool {
	key, err := p.key()
	hashed := sha256.Sum256(a.signed)
	return err == nil && a.header.KeyID == p.id && rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, hashed[:], a.signature) == nil
}

// keep returns the credentials that match.
func keep(all []FederatedCredential, match func(FederatedCredential) bool) []FederatedCredential {
	return slices.DeleteFunc(slices.Clone(all), func(c FederatedCredential) bool { return !match(c) })
}
