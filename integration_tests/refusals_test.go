package integration_tests_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/source"
)

// clientOf returns the client id of the application that Entra refuses with a code.
func clientOf(code int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", code) }

// refusalsLab is a lab with an application for each code with which Entra refuses sign-ins.
func refusalsLab(t *testing.T) *lab {
	t.Helper()
	var applications []simulator.Application
	for _, code := range simulator.RefusalCodes() {
		application := simulator.DefaultApplication()
		application.ClientID, application.Refused = clientOf(code), code
		applications = append(applications, application)
	}
	return serve(t, simulator.Options{Seed: 1, Rows: map[string]int{}}, simulator.ServerOptions{Applications: applications})
}

// checkHere runs a check in this process, without long pauses, and returns how it ended and its output.
func (l *lab) checkHere(t *testing.T) (diagnosis, [][]byte) {
	t.Helper()
	specification, err := os.ReadFile("../spec.json")
	require.NoError(t, err)
	var stdout bytes.Buffer
	code := source.Run(t.Context(), source.Process{
		Specification: specification, Version: "test", Args: []string{"check", "--config", l.configFile(), "--debug"}, Stdout: &stdout,
		Getenv: variablesHere(l.file("ca.pem", l.server.CAPEM)), Limits: source.Limits{Backoff: time.Millisecond},
	})
	result := binary.Result{Lines: bytes.Split(bytes.TrimSpace(stdout.Bytes()), []byte("\n")), ExitCode: code}
	if code == 0 {
		return diagnosis{"config_error", statusOf(t, result).Message}, result.Lines
	}
	failed := requireOneError(t, result)
	return diagnosis{failed.FailureType, failed.Message}, result.Lines
}

// signsInBy are the credentials that a refusal speaks of.
func signsInBy(message string, certificate string, token string) settings {
	switch {
	case regexp.MustCompile(`federated|token of|issuer of the token|identity of this kind|The token`).MatchString(message):
		return settings{"auth_type": "workload_identity", "token_file_path": token}
	case strings.Contains(message, "certificate"):
		return settings{"auth_type": "client_certificate", "certificate": certificate}
	default:
		return settings{"auth_type": "client_secret", "client_secret": simulator.DefaultApplication().Secret}
	}
}

func TestEachRefusalHasASentenceAndANextStep(t *testing.T) {
	t.Parallel()
	l := refusalsLab(t)
	delete(l.config, "client_secret_value")
	certificate, token := newClientCertificate(t).pem(t, ""), l.token(time.Hour)
	volatile := regexp.MustCompile(`"https://127\.0\.0\.1:\d+/oidc/"|correlation id [0-9a-f-]{36}|` + regexp.QuoteMeta(token))
	step := regexp.MustCompile(`(?i)\b(enter|check|create|open|upload|export|turn o|ask|register|set|correct|add|use|wait|sync again|try again)\b`)
	var table strings.Builder
	for _, code := range simulator.RefusalCodes() {
		l.config["client_id"], l.config["credentials"] = clientOf(code), signsInBy("", certificate, token)
		found, _ := l.checkHere(t)
		if by := signsInBy(found.message, certificate, token); by["auth_type"] != "client_secret" {
			l.config["credentials"] = by
			found, _ = l.checkHere(t)
		}
		assert.Regexp(t, step, found.message, "AADSTS%d", code)
		assert.Contains(t, found.message, "AADSTS"+strconv.Itoa(code))
		assert.NotContains(t, found.message, clientOf(code))
		assert.NotContains(t, found.message, "{")
		message := volatile.ReplaceAllStringFunc(found.message, func(text string) string {
			switch {
			case strings.HasPrefix(text, "correlation"):
				return "correlation id <id>"
			case strings.HasPrefix(text, `"https`):
				return `"<issuer>"`
			default:
				return "<token file>"
			}
		})
		fmt.Fprintf(&table, "%s: %s\n", found.typ, strings.ReplaceAll(message, strings.TrimPrefix(l.server.URL, "https://"), "<host>"))
	}
	golden(t, "refusals.txt", table.String())
}

func TestTheDocumentsListEachRefusal(t *testing.T) {
	_, section, found := strings.Cut(text(t, "docs/sign-in.md"), "## Refusals of Microsoft Entra")
	require.True(t, found)
	var listed []int
	for line := range strings.Lines(section) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		for _, code := range regexp.MustCompile(`\b\d{5,7}\b`).FindAllString(first, -1) {
			number, err := strconv.Atoi(code)
			require.NoError(t, err)
			listed = append(listed, number)
		}
	}
	known := simulator.RefusalCodes()
	slices.Sort(known)
	slices.Sort(listed)
	assert.Equal(t, known, listed)
}

func TestARefusedCertificateIsExplainedByItsReason(t *testing.T) {
	l := signInLab(t, 1)
	l.config["credentials"] = settings{"auth_type": "client_certificate", "certificate": newClientCertificate(t).pem(t, "")}
	const general = "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - "
	for reason, want := range map[string]string{
		"The key was not found., Thumbprint of key used by client: 'A1B2C3D4E5F6A7B8C9D0A1B2C3D4E5F6A7B8C9D0']": "The app registration does not have this certificate. Upload",
		"The key used is expired., Thumbprint of key used by client: 'A1B2']":                                   "The certificate has expired. Upload a new one",
		"The provided signature value did not match the expected signature value.]":                             "The private key is not the one of the certificate in the app registration.",
	} {
		injection := l.server.Inject(faults.Fault{Match: faults.PhaseSignIn, When: faults.Timing{Count: faults.Forever},
			Then: faults.Error{Status: 401, Code: "AADSTS700027", Message: general + reason}})
		found, _ := l.checkHere(t)
		assert.True(t, strings.HasPrefix(found.message, want), found.message)
		injection.Remove()
	}
}

func TestNoSignInShowsItsSecrets(t *testing.T) {
	t.Parallel()
	certificate := newClientCertificate(t)
	l := signInLab(t, 3)
	token := l.token(time.Hour)
	s := newSecrets()
	s.add("the password of the key", keyPassword)
	for line := range strings.Lines(certificate.pem(t, keyPassword)) {
		if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "-----") {
			s.add("a line of the certificate", line)
		}
	}
	raw, err := os.ReadFile(token)
	require.NoError(t, err)
	s.add("the token of the workload", strings.TrimSpace(string(raw)))
	s.add("the tenant's id", simulator.DefaultApplication().TenantID)
	s.add("the application's id", simulator.DefaultApplication().ClientID)
	s.add("the identity's id", userIdentityID)
	identity := l.server.IdentityVariables()
	_, header, _ := strings.Cut(identity[1], "=")
	s.add("the header of the identity endpoint", header)
	s.listen(l.server)
	for name, example := range map[string]struct {
		credentials settings
		variables   []string
	}{
		"a certificate":       {settings{"auth_type": "client_certificate", "certificate": certificate.pem(t, keyPassword), "certificate_password": keyPassword}, nil},
		"a PFX":               {settings{"auth_type": "client_certificate", "certificate": certificate.pfx(t, keyPassword), "certificate_password": keyPassword}, nil},
		"a wrong password":    {settings{"auth_type": "client_certificate", "certificate": certificate.pem(t, keyPassword), "certificate_password": "another"}, nil},
		"a workload identity": {settings{"auth_type": "workload_identity", "token_file_path": token}, nil},
		"a managed identity":  {settings{"auth_type": "managed_identity", "identity_client_id": userIdentityID}, identity},
	} {
		own := l.with(t, settings{"credentials": example.credentials})
		if name == "a managed identity" {
			delete(own.config, "tenant_id")
			delete(own.config, "client_id")
		}
		for _, fault := range []faults.Fault{
			{Match: faults.PathPrefix("/nowhere"), Then: faults.Drop{}},
			{Match: faults.PathPrefix("/"), Then: faults.Echo{Status: 400, Code: "0x80040216"}},
			{Match: faults.PhaseSignIn, Then: faults.Error{Status: 401, Code: "AADSTS700213", Message: string(raw) + header + certificate.pem(t, keyPassword)}},
		} {
			fault.When = faults.Timing{Count: faults.Forever}
			injection := l.server.Inject(fault)
			result := own.runWith(example.variables, "check", "--config", own.configFile(), "--debug")
			injection.Remove()
			assert.Empty(t, s.in(result.Lines), name)
		}
	}
}
