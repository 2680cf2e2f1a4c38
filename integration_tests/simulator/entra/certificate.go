package entra

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"
)

// minKeyBits is the size of the smallest key that Entra accepts.
const minKeyBits = 2048

// TrustedName is a subject whose certificates an application accepts if an issuer has signed them.
type TrustedName struct {
	Subject string // the common name
	Issuer  *x509.Certificate
}

// checkCertificate verifies an assertion that the application signed (Microsoft, "Microsoft identity platform application
// authentication certificate credentials").
func (s *Service) checkCertificate(user application, a *assertion, authority string) *Error {
	digest, ok := thumbprint(a.header.Thumbprint)
	switch {
	case a.header.Algorithm != "PS256":
		return refusalOf(5002738, user)
	case !ok:
		return refusalOf(5002723, user)
	case a.header.Type != "JWT" || a.claims.ID == "" || a.claims.NotBefore == 0:
		return refusalOf(50027, user)
	}
	certificate, refusal := s.certificateOf(user, a, digest)
	switch {
	case refusal != nil:
		return refusal
	case s.Now().After(certificate.NotAfter) || s.Now().Before(certificate.NotBefore):
		return keyRefusal(user, "The key used is expired.", digest)
	}
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok || public.N.BitLen() < minKeyBits {
		return refusalOf(50032, user)
	}
	hashed := sha256.Sum256(a.signed)
	switch {
	case rsa.VerifyPSS(public, crypto.SHA256, hashed[:], a.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) != nil:
		return keyRefusal(user, "The key was found, but use of the key to verify the signature failed: the signature value did not match.", digest)
	case !strings.EqualFold(a.claims.Issuer, user.ClientID):
		return refusalOf(700021, user)
	case !strings.EqualFold(a.claims.Subject, user.ClientID):
		return refusalOf(50048, user)
	case !a.isFor(authority+"/oauth2/v2.0/token", authority+"/v2.0"):
		return refusalOf(700023, user)
	}
	return s.checkTimes(user, a)
}

// certificateOf returns the certificate of a thumbprint: one that the application has, or one that came with the assertion and has
// a name that the application trusts.
func (s *Service) certificateOf(user application, a *assertion, digest [sha256.Size]byte) (*x509.Certificate, *Error) {
	for _, certificate := range user.Certificates {
		if sha256.Sum256(certificate.Raw) == digest {
			return certificate, nil
		}
	}
	chain := make([]*x509.Certificate, len(a.header.Chain))
	for i, text := range a.header.Chain {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, refusalOf(50027, user)
		}
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, refusalOf(50027, user)
		}
	}
	if len(chain) == 0 || len(user.TrustedNames) == 0 || sha256.Sum256(chain[0].Raw) != digest {
		return nil, keyRefusal(user, "The key was not found.", digest)
	}
	for _, trusted := range user.TrustedNames {
		if chain[0].Subject.CommonName == trusted.Subject && chain[0].CheckSignatureFrom(trusted.Issuer) == nil {
			return chain[0], nil
		}
	}
	return nil, refusalOf(700030, user)
}

// thumbprint decodes x5t#S256. The documentation says base64url; clients send the standard alphabet too.
func thumbprint(text string) (digest [sha256.Size]byte, ok bool) {
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	raw, err := base64.RawStdEncoding.DecodeString(standard)
	if err != nil || len(raw) != len(digest) {
		return digest, false
	}
	return [sha256.Size]byte(raw), true
}
