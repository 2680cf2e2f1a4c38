package config

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

// Certificate is a client certificate with its private key. It prints as stars.
type Certificate struct {
	chain []*x509.Certificate
	key   *rsa.PrivateKey
}

// Chain returns the client certificate, followed by the certificates that came with it.
func (c *Certificate) Chain() []*x509.Certificate { return c.chain }

// Key returns the private key of the first certificate of the chain.
func (c *Certificate) Key() *rsa.PrivateKey { return c.key }

// Equal reports whether two certificates are the same.
func (c *Certificate) Equal(other *Certificate) bool { return c.chain[0].Equal(other.chain[0]) }

// Format prints stars for every verb, so that no key appears in a log.
func (c *Certificate) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, stars) }

// MarshalText returns stars.
func (c *Certificate) MarshalText() ([]byte, error) { return []byte(stars), nil }

// maxSmallFile bounds a file that a setting names, in bytes. A certificate with its chain has about ten thousand.
const maxSmallFile = 1 << 20

// readSmallFile reads a file of at most maxSmallFile bytes.
func readSmallFile(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSmallFile+1))
	if err == nil && len(data) > maxSmallFile {
		err = errors.New("the file is larger than 1 MB")
	}
	return data, err
}

// certificateFault is what is wrong with a certificate or its password.
type certificateFault struct {
	password  bool   // certificate_password is wrong or missing
	predicate string // of a sentence about the setting
}

func faultOf(format string, args ...any) *certificateFault {
	return &certificateFault{predicate: fmt.Sprintf(format, args...)}
}

const (
	howToExport = "Enter the certificate together with its private key: a PEM file, or a PFX file in base64."
	// minKeyBits is the size of the smallest key that Microsoft Entra accepts (AADSTS50032).
	minKeyBits = 2048
)

// passwordFault is what is wrong with certificate_password.
func passwordFault(predicate string) *certificateFault {
	return &certificateFault{password: true, predicate: predicate + " Enter the password with which the certificate was exported."}
}

func wrongPassword() *certificateFault {
	return passwordFault("is not the password of the private key.")
}

func missingPassword() *certificateFault {
	return passwordFault("is missing, but the private key is encrypted.")
}

// parseCertificate reads a certificate and its private key: PEM with a plain or an encrypted PKCS #8 key, or PFX (PKCS #12) in
// base64 or as it is. Azure Key Vault exports either, PFX without a password (Microsoft, "Export certificates from Azure Key
// Vault").
func parseCertificate(data []byte, password string) (*Certificate, *certificateFault) {
	if decoded, ok := fromBase64(data); ok && !isPEM(data) {
		data = decoded
	}
	var certificates []*x509.Certificate
	var key crypto.PrivateKey
	var fault *certificateFault
	if isPEM(data) {
		certificates, key, fault = fromPEM(restoreLines(data), password)
	} else {
		certificates, key, fault = fromPFX(data, password)
	}
	if fault != nil {
		return nil, fault
	}
	return pair(certificates, key)
}

func isPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }

// pair puts the certificate of the key first.
func pair(certificates []*x509.Certificate, key crypto.PrivateKey) (*Certificate, *certificateFault) {
	private, ok := key.(*rsa.PrivateKey)
	switch {
	case len(certificates) == 0:
		return nil, faultOf("has a private key but no certificate. %s", howToExport)
	case key == nil:
		return nil, faultOf("has no private key. %s", howToExport)
	case !ok:
		return nil, faultOf("has a private key that is not an RSA key, which Microsoft Entra does not accept. Create a certificate with an RSA key of 2048 bits or more.")
	case private.N.BitLen() < minKeyBits:
		return nil, faultOf("has an RSA key of %d bits, but Microsoft Entra requires 2048 or more. Create a certificate with a larger key.", private.N.BitLen())
	}
	own := slices.IndexFunc(certificates, func(c *x509.Certificate) bool { return private.PublicKey.Equal(c.PublicKey) })
	if own < 0 {
		return nil, faultOf("has a private key that belongs to none of its certificates. %s", howToExport)
	}
	chain := append([]*x509.Certificate{certificates[own]}, slices.Delete(slices.Clone(certificates), own, own+1)...)
	return &Certificate{chain, private}, nil
}

// faultAt returns why the certificate is not valid at a time, nil if it is.
func (c *Certificate) faultAt(now time.Time) *certificateFault {
	const date = "2006-01-02 15:04 UTC"
	leaf := c.chain[0]
	switch {
	case now.After(leaf.NotAfter):
		return faultOf("expired on %s. Create a new certificate, upload it to the app registration in Microsoft Entra "+
			"(Certificates & secrets > Certificates), and replace this one.", leaf.NotAfter.UTC().Format(date))
	case now.Before(leaf.NotBefore):
		return faultOf("is not valid before %s. Check the clock of this machine, or enter a certificate that is valid.", leaf.NotBefore.UTC().Format(date))
	default:
		return nil
	}
}

// fromPEM reads the certificates and the private key of a PEM file.
func fromPEM(data []byte, password string) (certificates []*x509.Certificate, key crypto.PrivateKey, fault *certificateFault) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if _, old := block.Headers["DEK-Info"]; old {
			return nil, nil, faultOf("has a private key in an outdated encrypted form (DEK-Info). Convert the key with: openssl pkcs8 -topk8 -in key.pem -out new.pem")
		}
		if block.Type == "CERTIFICATE" {
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, faultOf("has a certificate that cannot be read. %s", howToExport)
			}
			certificates = append(certificates, certificate)
			continue
		}
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if key != nil {
			return nil, nil, faultOf("has more than one private key. Enter only that of the client certificate.")
		}
		if key, fault = privateKey(block, password); fault != nil {
			return nil, nil, fault
		}
	}
	if len(certificates) == 0 && key == nil {
		return nil, nil, faultOf("is not a complete PEM file. %s", howToExport)
	}
	return certificates, key, nil
}

// privateKey reads the private key of a PEM block.
func privateKey(block *pem.Block, password string) (crypto.PrivateKey, *certificateFault) {
	var key crypto.PrivateKey
	var err error
	switch block.Type {
	case "ENCRYPTED PRIVATE KEY":
		return decrypt(block.Bytes, password)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, faultOf("has a private key that cannot be read. %s", howToExport)
	}
	return key, nil
}

// decrypt reads an encrypted PKCS #8 key. Package pkcs8 knows the key derivations and ciphers of OpenSSL 3.
func decrypt(der []byte, password string) (crypto.PrivateKey, *certificateFault) {
	if password == "" {
		return nil, missingPassword()
	}
	key, err := pkcs8.ParsePKCS8PrivateKey(der, []byte(password))
	switch {
	case err == nil:
		return key, nil
	case strings.Contains(err.Error(), "support"): // "only PBES2 supported", "unsupported cipher"
		return nil, faultOf("has a private key in an encryption that the connector does not support. Convert the key with: openssl pkcs8 -topk8 -in key.pem -out new.pem")
	default: // what a wrong password decrypts to is a key of any shape, or no multiple of a block
		return nil, wrongPassword()
	}
}

// fromPFX reads the certificates and the private key of a PFX file.
func fromPFX(der []byte, password string) ([]*x509.Certificate, crypto.PrivateKey, *certificateFault) {
	key, certificate, issuers, err := pkcs12.DecodeChain(der, password)
	if err != nil && password != "" && !errors.Is(err, pkcs12.ErrIncorrectPassword) {
		// A file without a password has no MAC, and package pkcs12 rejects a superfluous password.
		var without error
		if key, certificate, issuers, without = pkcs12.DecodeChain(der, ""); without == nil {
			err = nil
		}
	}
	switch {
	case err == nil:
		return append([]*x509.Certificate{certificate}, issuers...), key, nil
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return nil, nil, missingPassword()
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return nil, nil, wrongPassword()
	case strings.Contains(err.Error(), "no MAC"):
		return nil, nil, faultOf("is a PFX file with a password but without a MAC, which the connector does not support. Export it again without -nomac.")
	case strings.Contains(err.Error(), "private key missing"):
		return nil, nil, faultOf("has no private key. %s", howToExport)
	case strings.Contains(err.Error(), "certificate missing"):
		return nil, nil, faultOf("has a private key but no certificate. %s", howToExport)
	default:
		return nil, nil, faultOf("is neither a PEM file nor a PFX file in base64. %s", howToExport)
	}
}

// fromBase64 decodes a text that is base64 in either alphabet, in one line or several.
func fromBase64(data []byte) ([]byte, bool) {
	text := strings.TrimRight(strings.Join(strings.Fields(string(data)), ""), "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if decoded, err := encoding.DecodeString(text); err == nil && text != "" {
			return decoded, true
		}
	}
	return nil, false
}

var boundary = regexp.MustCompile(`-----(?:BEGIN|END) [A-Z0-9 ]+-----`)

// restoreLines puts the boundaries of PEM blocks on lines of their own: a form or a variable of one line makes spaces, or \n in
// letters, of line breaks.
func restoreLines(data []byte) []byte {
	text := strings.ReplaceAll(string(data), `\n`, "\n")
	if strings.Contains(text, "DEK-Info") { // its headers need their lines, and the key is rejected
		return []byte(text)
	}
	return []byte(boundary.ReplaceAllString(text, "\n$0\n"))
}
