package config_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"source-microsoft-dataverse/source/config"
)

const password = `P4ss"wörd/+`

// keys returns the two keys of these tests, an issuer's and a client's, because keys take long to make.
var keys = sync.OnceValues(func() (*rsa.PrivateKey, *rsa.PrivateKey) {
	issuer, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil
	}
	client, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil
	}
	return issuer, client
})

// certificate is a client certificate with its key and its issuer.
type certificate struct {
	leaf, issuer *x509.Certificate
	key          *rsa.PrivateKey
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	return newCertificateOf(t, time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
}

func newCertificateOf(t *testing.T, from, to time.Time) certificate {
	t.Helper()
	issuerKey, key := keys()
	issuer := signed(t, "issuer", &issuerKey.PublicKey, nil, issuerKey, from, to)
	return certificate{signed(t, "client", &key.PublicKey, issuer, issuerKey, from, to), issuer, key}
}

// signed returns a certificate of a public key, signed by an issuer or by itself.
func signed(t *testing.T, name string, key crypto.PublicKey, issuer *x509.Certificate, issuerKey crypto.Signer, from, to time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key, issuerKey)
	require.NoError(t, err)
	made, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return made
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8Of(t *testing.T, key crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return der
}

// pem returns the certificate, its issuer and its key.
func (c certificate) pem(t *testing.T) string {
	t.Helper()
	return block("CERTIFICATE", c.issuer.Raw) + block("CERTIFICATE", c.leaf.Raw) + block("PRIVATE KEY", pkcs8Of(t, c.key))
}

func (c certificate) encrypted(t *testing.T, opts *pkcs8.Opts) string {
	t.Helper()
	der, err := pkcs8.MarshalPrivateKey(c.key, []byte(password), opts)
	require.NoError(t, err)
	return block("ENCRYPTED PRIVATE KEY", der) + block("CERTIFICATE", c.leaf.Raw)
}

func (c certificate) pfx(t *testing.T, encoder *pkcs12.Encoder, password string) string {
	t.Helper()
	der, err := encoder.Encode(c.key, c.leaf, []*x509.Certificate{c.issuer}, password)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

// wrapped breaks a text into lines of 64 characters.
func wrapped(text string) string {
	var lines strings.Builder
	for len(text) > 64 {
		lines.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	return lines.String() + text
}

func certified(content, password string) object {
	return identity(object{"auth_type": "client_certificate", "certificate": content, "certificate_password": password}, nil)
}

func TestACertificateIsReadInEachForm(t *testing.T) {
	c := newCertificate(t)
	scrypt := &pkcs8.Opts{Cipher: pkcs8.AES256CBC, KDFOpts: pkcs8.ScryptOpts{SaltSize: 8, CostParameter: 1 << 10, BlockSize: 8, ParallelizationParameter: 1}}
	for name, example := range map[string]struct{ content, password string }{
		"PEM":                               {c.pem(t), ""},
		"PEM with a superfluous password":   {c.pem(t), password},
		"PEM with an RSA key of its own":    {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(c.key)) + block("CERTIFICATE", c.leaf.Raw), ""},
		"PEM in one line":                   {strings.ReplaceAll(c.pem(t), "\n", " "), ""},
		"PEM with line breaks in letters":   {strings.ReplaceAll(c.pem(t), "\n", `\n`), ""},
		"PEM with the breaks of Windows":    {strings.ReplaceAll(c.pem(t), "\n", "\r\n"), ""},
		"PEM in base64":                     {base64.StdEncoding.EncodeToString([]byte(c.pem(t))), ""},
		"PEM encrypted with PBKDF2":         {c.encrypted(t, pkcs8.DefaultOpts), password},
		"PEM encrypted with scrypt":         {c.encrypted(t, scrypt), password},
		"PEM with the attributes of a PFX":  {"Bag Attributes\n    localKeyID: 01\n" + c.pem(t), ""},
		"PFX of today":                      {c.pfx(t, pkcs12.Modern2023, password), password},
		"PFX in lines":                      {wrapped(c.pfx(t, pkcs12.Modern2023, password)), password},
		"PFX of the past":                   {c.pfx(t, pkcs12.LegacyRC2, password), password},
		"PFX of Key Vault":                  {c.pfx(t, pkcs12.Passwordless, ""), ""},
		"PFX with a superfluous password":   {c.pfx(t, pkcs12.Passwordless, ""), password},
		"PFX with a password of no letters": {c.pfx(t, pkcs12.Modern2023, ""), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := load(t, certified(example.content, example.password))
			require.NoError(t, err)
			assert.True(t, got.Credentials.Certificate.Chain()[0].Equal(c.leaf))
			assert.True(t, got.Credentials.Certificate.Key().Equal(c.key))
			assert.Empty(t, got.Warnings)
		})
	}
}

func TestACertificateOfOpenSSLIsRead(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	c, folder := newCertificate(t), t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		command := exec.CommandContext(t.Context(), openssl, args...)
		command.Dir = folder
		var problem bytes.Buffer
		command.Stderr = &problem
		out, err := command.Output()
		require.NoError(t, err, problem.String())
		return out
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "all.pem"), []byte(c.pem(t)), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "leaf.pem"), []byte(block("CERTIFICATE", c.leaf.Raw)), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "key.pem"), []byte(block("PRIVATE KEY", pkcs8Of(t, c.key))), 0o600))
	pfx := []string{"pkcs12", "-export", "-in", "leaf.pem", "-inkey", "key.pem", "-passout", "pass:" + password}
	encrypted := []string{"pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:" + password}
	leaf := block("CERTIFICATE", c.leaf.Raw)
	for name, content := range map[string]string{
		"pkcs12 -export":                base64.StdEncoding.EncodeToString(run(pfx...)),
		"pkcs12 -export -macalg sha512": base64.StdEncoding.EncodeToString(run(append(pfx, "-macalg", "sha512")...)),
		"pkcs12 -export -nomac":         base64.StdEncoding.EncodeToString(run(append(pfx, "-nomac", "-keypbe", "NONE", "-certpbe", "NONE")...)),
		"pkcs8 -topk8":                  leaf + string(run(encrypted...)),
		"pkcs8 -topk8 -scrypt":          leaf + string(run(append(encrypted, "-scrypt")...)),
		"pkcs8 -topk8 -v2 aes-128-cbc":  leaf + string(run(append(encrypted, "-v2", "aes-128-cbc")...)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := load(t, certified(content, password))
			require.NoError(t, err)
			assert.True(t, got.Credentials.Certificate.Key().Equal(c.key))
		})
	}
	t.Run("a password without a MAC is explained", func(t *testing.T) {
		content := base64.StdEncoding.EncodeToString(run(append(pfx, "-nomac")...))
		assert.Contains(t, problems(t, certified(content, password))[0], "is a PFX file with a password but without a MAC")
	})
	t.Run("an outdated encryption is explained", func(t *testing.T) {
		old := run("rsa", "-traditional", "-aes128", "-in", "key.pem", "-passout", "pass:"+password)
		assert.Contains(t, problems(t, certified(leaf+string(old), password))[0], "in an outdated encrypted form (DEK-Info). Convert the key with: openssl pkcs8 -topk8")
	})
}

func TestACertificateThatCannotSignInIsExplained(t *testing.T) {
	c := newCertificate(t)
	_, own := keys()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	now := time.Now()
	leaf, key := block("CERTIFICATE", c.leaf.Raw), block("PRIVATE KEY", pkcs8Of(t, c.key))
	self := func(public crypto.PublicKey, private crypto.Signer) string {
		return block("CERTIFICATE", signed(t, "self", public, nil, private, now.Add(-time.Hour), now.Add(time.Hour)).Raw) + block("PRIVATE KEY", pkcs8Of(t, private))
	}
	expired := newCertificateOf(t, now.AddDate(-1, 0, 0), time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC))
	for name, example := range map[string]struct{ content, password, want string }{
		"no key":                {leaf, "", "credentials.certificate has no private key."},
		"no certificate":        {key, "", "credentials.certificate has a private key but no certificate."},
		"the key of another":    {block("CERTIFICATE", c.issuer.Raw) + key, "", "credentials.certificate has a private key that belongs to none of its certificates."},
		"two keys":              {leaf + key + key, "", "credentials.certificate has more than one private key."},
		"an elliptic curve":     {self(&curve.PublicKey, curve), "", "credentials.certificate has a private key that is not an RSA key"},
		"a small key":           {self(&small.PublicKey, small), "", "credentials.certificate has an RSA key of 1024 bits, but Microsoft Entra requires 2048 or more."},
		"expired":               {expired.pem(t), "", "credentials.certificate expired on 2026-01-02 03:04 UTC. Create a new certificate"},
		"not yet valid":         {newCertificateOf(t, now.AddDate(0, 0, 1), now.AddDate(1, 0, 0)).pem(t), "", "credentials.certificate is not valid before"},
		"PEM, no password":      {c.encrypted(t, nil), "", "credentials.certificate_password is missing, but the private key is encrypted."},
		"PEM, a wrong password": {c.encrypted(t, nil), "wrong", "credentials.certificate_password is not the password of the private key."},
		"PFX, no password":      {c.pfx(t, pkcs12.Modern2023, password), "", "credentials.certificate_password is missing, but the private key is encrypted."},
		"PFX, a wrong password": {c.pfx(t, pkcs12.Modern2023, password), "wrong", "credentials.certificate_password is not the password of the private key."},
		"a part of PEM":         {c.pem(t)[:900], "", "credentials.certificate"},
		"a part of PFX":         {c.pfx(t, pkcs12.Modern2023, "")[:900], "", "credentials.certificate is neither a PEM file nor a PFX file in base64."},
		"PEM that is damaged":   {strings.Replace(leaf, "MII", "MIJ", 1) + key, "", "credentials.certificate has a certificate that cannot be read."},
		"a key that is damaged": {leaf + block("PRIVATE KEY", pkcs8Of(t, own)[:90]), "", "credentials.certificate has a private key that cannot be read."},
	} {
		t.Run(name, func(t *testing.T) {
			found := problems(t, certified(example.content, example.password))
			require.Len(t, found, 1)
			assert.Contains(t, found[0], example.want)
			assert.NotContains(t, found[0], "MII")
		})
	}
}

func TestACertificateFileIsReadAgain(t *testing.T) {
	first, path := newCertificate(t), filepath.Join(t.TempDir(), "certificate.pfx")
	der, err := pkcs12.Modern2023.Encode(first.key, first.leaf, nil, password)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, der, 0o600))
	c, err := load(t, identity(object{"auth_type": "client_certificate", "certificate_file_path": path, "certificate_password": password}, nil))
	require.NoError(t, err)
	assert.Equal(t, "credentials.certificate_file_path", c.Credentials.CertificateSetting())

	second := newCertificateOf(t, time.Now().Add(-time.Minute), time.Now().AddDate(0, 6, 0))
	require.NoError(t, os.WriteFile(path, []byte(second.encrypted(t, nil)), 0o600))
	again, err := c.Credentials.ReadCertificate()
	require.NoError(t, err)
	assert.False(t, again.Equal(c.Credentials.Certificate))
	assert.True(t, again.Chain()[0].Equal(second.leaf))

	require.NoError(t, os.WriteFile(path, []byte("half of it"), 0o600))
	_, err = c.Credentials.ReadCertificate()
	require.EqualError(t, err, "the file "+path+" is neither a PEM file nor a PFX file in base64. Enter the certificate together with its private key: "+
		"a PEM file, or a PFX file in base64.")
	_, err = load(t, identity(object{"auth_type": "client_certificate", "certificate_file_path": path}, nil))
	var invalid *config.Error
	require.ErrorAs(t, err, &invalid)
	assert.Contains(t, invalid.Problems[0], "credentials.certificate_file_path names the file "+path+", which is neither a PEM file")
}

func TestTheContentOfAFileInPlaceOfItsPathIsNotShown(t *testing.T) {
	c := newCertificate(t)
	for name, content := range map[string]string{
		"PEM": c.pem(t), "PEM in one line": strings.ReplaceAll(c.pem(t), "\n", " "), "the end of a key": strings.Join(strings.Split(c.pem(t), "\n")[40:], "\n"),
		"PFX": c.pfx(t, pkcs12.Modern2023, ""), "a token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl",
	} {
		for kind, setting := range map[string]string{"client_certificate": "certificate_file_path", "workload_identity": "token_file_path"} {
			t.Run(name+" as "+setting, func(t *testing.T) {
				found := problems(t, identity(object{"auth_type": kind, setting: content}, nil))
				require.Len(t, found, 1)
				assert.Contains(t, found[0], "credentials."+setting+" is the content of a file, not its path. Enter ")
				assert.Less(t, len(found[0]), 200)
			})
		}
	}
}
