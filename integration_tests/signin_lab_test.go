package integration_tests_test

import (
	"bytes"
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
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"source-microsoft-dataverse/integration_tests/simulator"
)

const (
	// workloadSubject is the subject of a pod of Airbyte in Kubernetes.
	workloadSubject = "system:serviceaccount:airbyte:airbyte-admin"
	// keyPassword encrypts the private keys of these tests. Each encoding of it is another text.
	keyPassword = `K3y~"p4ss"\word/+plus&and=100% Zoë`

	userIdentityID   = "10000000-0000-4000-8000-00000000000b"
	systemIdentityID = "10000000-0000-4000-8000-00000000000a"
)

// clientCertificate is a certificate of an application with its key.
type clientCertificate struct {
	leaf *x509.Certificate
	key  *rsa.PrivateKey
}

func newClientCertificate(t *testing.T) clientCertificate {
	t.Helper()
	return clientCertificateUntil(t, time.Now().AddDate(1, 0, 0))
}

// clientCertificateUntil returns a certificate that is valid until a time.
func clientCertificateUntil(t *testing.T, end time.Time) clientCertificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "airbyte"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return clientCertificate{leaf, key}
}

// pem returns the certificate and its key, which a password encrypts unless it is empty.
func (c clientCertificate) pem(t *testing.T, password string) string {
	t.Helper()
	der, err := pkcs8.MarshalPrivateKey(c.key, []byte(password), nil)
	require.NoError(t, err)
	kind := "PRIVATE KEY"
	if password != "" {
		kind = "ENCRYPTED PRIVATE KEY"
	}
	return string(append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf.Raw}), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...))
}

// pfx returns the certificate as Go writes it.
func (c clientCertificate) pfx(t *testing.T, password string) string {
	t.Helper()
	der, err := pkcs12.Modern2023.Encode(c.key, c.leaf, nil, password)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

// openssl runs openssl on the certificate and its key, which are in the file both.pem. The test is skipped without openssl.
func (c clientCertificate) openssl(t *testing.T, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(command.Dir, "both.pem"), []byte(c.pem(t, "")), 0o600))
	var problem bytes.Buffer
	command.Stderr = &problem
	out, err := command.Output()
	require.NoError(t, err, problem.String())
	return out
}

// signInLab is a lab whose application signs in with certificates or as a workload, and whose machine has two managed identities.
func signInLab(t *testing.T, rows int, certificates ...clientCertificate) *lab {
	t.Helper()
	application := simulator.DefaultApplication()
	application.Secret = ""
	for _, certificate := range certificates {
		application.Certificates = append(application.Certificates, certificate.leaf)
	}
	application.FederatedCredentials = []simulator.FederatedCredential{{Subject: workloadSubject}}
	l := serve(t, simulator.Options{Seed: 11, Rows: map[string]int{"task": rows}}, simulator.ServerOptions{Applications: []simulator.Application{
		application,
		{TenantID: application.TenantID, ClientID: systemIdentityID, Identity: simulator.SystemAssigned},
		{TenantID: application.TenantID, ClientID: userIdentityID, Identity: simulator.UserAssigned},
	}})
	delete(l.config, "client_secret_value")
	return l
}

// token writes a token of the workload to a file and returns its path.
func (l *lab) token(life time.Duration) string {
	l.t.Helper()
	token, err := l.server.WorkloadToken(workloadSubject, "", life)
	require.NoError(l.t, err)
	return l.file("token", []byte(token+"\n"))
}
