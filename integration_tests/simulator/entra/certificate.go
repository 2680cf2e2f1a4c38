package entra

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
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
	digest, refusal := a.thumbprint(user)
	switch {
	case refusal != nil:
		return refusal
	case a.header.Type != "JWT" || a.claims.ID == "":
		return refusalOf(50027, user)
	}
	certificate, refusal := certificateOf(user, a, digest)
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
	switch {
	case !a.signedBy(public):
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
func certificateOf(user application, a *assertion, digest []byte) (*x509.Certificate, *Error) {
	for _, certificate := range user.Certificates {
		if isThumbprint(digest, certificate) {
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
	if len(chain) == 0 || len(user.TrustedNames) == 0 || !isThumbprint(digest, chain[0]) {
		return nil, keyRefusal(user, "The key was not found.", digest)
	}
	for _, trusted := range user.TrustedNames {
		if chain[0].Subject.CommonName == trusted.Subject && chain[0].CheckSignatureFrom(trusted.Issuer) == nil {
			return chain[0], nil
		}
	}
	return nil, refusalOf(700030, user)
}

// signedBy reports whether the key has signed the assertion, in the algorithm that its header names.
func (a *assertion) signedBy(key *rsa.PublicKey) bool {
	hashed := sha256.Sum256(a.signed)
	if a.header.Algorithm == "RS256" {
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, hashed[:], a.signature) == nil
	}
	return rsa.VerifyPSS(key, crypto.SHA256, hashed[:], a.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

// thumbprint returns the thumbprint in the header: PS256 comes with x5t#S256, and RS256 of older libraries with x5t.
func (a *assertion) thumbprint(user application) ([]byte, *Error) {
	text, size := a.header.SHA256, sha256.Size
	switch {
	case a.header.Algorithm == "RS256" && a.header.SHA1 != "":
		text, size = a.header.SHA1, sha1.Size
	case a.header.Algorithm != "PS256":
		return nil, refusalOf(5002738, user)
	}
	// The documentation says base64url; clients send the standard alphabet too.
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	digest, err := base64.RawStdEncoding.DecodeString(standard)
	if err != nil || len(digest) != size {
		return nil, refusalOf(5002723, user)
	}
	return digest, nil
}

// isThumbprint reports whether a digest is that of a certificate, by SHA-256 or by SHA-1.
func isThumbprint(digest []byte, certificate *x509.Certificate) bool {
	long, short := sha256.Sum256(certificate.Raw), sha1.Sum(certificate.Raw)
	return bytes.Equal(digest, long[:]) || bytes.Equal(digest, short[:])
}
