package integration_tests_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/source/auth"
	"source-microsoft-dataverse/source/config"
)

type settings = map[string]any

func TestEachKindOfCredentialsReadsATable(t *testing.T) {
	certificate := newClientCertificate(t)
	l := signInLab(t, 80, certificate)
	tenant, client := l.config["tenant_id"], l.config["client_id"]
	withClient := settings{"tenant_id": tenant, "client_id": client}
	text := func(content, password string) settings {
		return settings{"auth_type": "client_certificate", "certificate": content, "certificate_password": password}
	}
	pfx := base64.StdEncoding.EncodeToString(certificate.openssl(t, "pkcs12", "-export", "-in", "both.pem", "-passout", "pass:"+keyPassword))
	encrypted := string(certificate.openssl(t, "pkcs8", "-topk8", "-in", "both.pem", "-passout", "pass:"+keyPassword)) +
		string(certificate.openssl(t, "x509", "-in", "both.pem"))
	workload := []string{"AZURE_TENANT_ID=" + simulator.DefaultApplication().TenantID, "AZURE_CLIENT_ID=" + simulator.DefaultApplication().ClientID,
		"AZURE_FEDERATED_TOKEN_FILE=" + l.token(time.Hour), "AZURE_AUTHORITY_HOST=" + l.server.Authority + "/"}
	for name, example := range map[string]struct {
		ids, credentials settings
		variables        []string
	}{
		"PEM":                             {withClient, text(certificate.pem(t, ""), ""), nil},
		"PEM, encrypted by Go":            {withClient, text(certificate.pem(t, keyPassword), keyPassword), nil},
		"PEM, encrypted by OpenSSL":       {withClient, text(encrypted, keyPassword), nil},
		"PFX of Go":                       {withClient, text(certificate.pfx(t, keyPassword), keyPassword), nil},
		"PFX of OpenSSL":                  {withClient, text(pfx, keyPassword), nil},
		"a certificate without its chain": {withClient, settings{"auth_type": "client_certificate", "certificate": certificate.pem(t, ""), "send_certificate_chain": false}, nil},
		"a certificate in a file":         {withClient, settings{"auth_type": "client_certificate", "certificate_file_path": l.file("both.pem", []byte(certificate.pem(t, "")))}, nil},
		"a token file":                    {withClient, settings{"auth_type": "workload_identity", "token_file_path": l.token(time.Hour)}, nil},
		"the token file of the platform":  {nil, settings{"auth_type": "workload_identity"}, workload},
		"a system-assigned identity":      {nil, settings{"auth_type": "managed_identity"}, l.server.IdentityVariables()},
		"a user-assigned identity":        {nil, settings{"auth_type": "managed_identity", "identity_client_id": userIdentityID}, l.server.IdentityVariables()},
		"a managed identity past a proxy": {nil, settings{"auth_type": "managed_identity"}, append(l.server.IdentityVariables(), "HTTP_PROXY=http://192.0.2.1:1")},
	} {
		t.Run(name, func(t *testing.T) {
			own := l.with(t, settings{"credentials": example.credentials})
			delete(own.config, "tenant_id")
			delete(own.config, "client_id")
			for id, value := range example.ids {
				own.config[id] = value
			}
			if strings.Contains(name, "of the platform") {
				delete(own.config, "authority_host")
			}
			status := statusOf(t, own.runWith(example.variables, "check", "--config", own.configFile()))
			require.Equal(t, destination.ConnectionStatus{Status: "SUCCEEDED"}, status)
			result := own.runWith(example.variables, "catalog", "--config", own.configFile(), "--tables", "task")
			require.Equal(t, 0, result.ExitCode, "%s", result.Lines)
			catalog := own.file("catalog.json", bytes.Join(result.Lines, []byte("\n")))
			read := own.runWith(example.variables, "read", "--config", own.configFile(), "--catalog", catalog)
			require.Equal(t, 0, read.ExitCode, "%s", read.Lines)
			assert.Equal(t, 80, bytes.Count(bytes.Join(read.Lines, []byte("\n")), []byte(`{"type":"RECORD"`)))
		})
	}
}

// rotation is a change of credentials in the middle of a read.
type rotation struct {
	mu    sync.Mutex
	done  bool
	pages int
}

// after runs a change before the given page of a table.
func (r *rotation) after(pages int, change func()) faults.Func {
	return func(*http.Request) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.pages++; r.pages == pages {
			change()
			r.done = true
		}
		return false
	}
}

// uses matches the sign-ins after the change whose assertion is an old one.
func (r *rotation) uses(old func(assertion string) bool) faults.Func {
	return func(request *http.Request) bool {
		if !strings.HasSuffix(request.URL.Path, "/oauth2/v2.0/token") {
			return false
		}
		body, err := io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(body))
		form, parseErr := url.ParseQuery(string(body))
		r.mu.Lock()
		defer r.mu.Unlock()
		return err == nil && parseErr == nil && r.done && old(form.Get("client_assertion"))
	}
}

// carries reports whether the header of an assertion has a certificate.
func carries(assertion string, certificate clientCertificate) bool {
	header, _, _ := strings.Cut(assertion, ".")
	raw, err := base64.RawURLEncoding.DecodeString(header)
	return err == nil && strings.Contains(string(raw), base64.StdEncoding.EncodeToString(certificate.leaf.Raw))
}

func TestARotationInTheMiddleOfAReadIsTakenUp(t *testing.T) {
	before, after := newClientCertificate(t), newClientCertificate(t)
	for name, kind := range map[string]struct {
		credentials func(l *lab) settings
		rotate      func(t *testing.T, l *lab)
		old         func(l *lab) func(assertion string) bool
		refusals    int // of the old credentials
	}{
		"a certificate file": {
			func(l *lab) settings {
				return settings{"auth_type": "client_certificate", "certificate_file_path": l.file("both.pem", []byte(before.pem(l.t, "")))}
			},
			func(t *testing.T, l *lab) {
				require.NoError(t, os.WriteFile(filepath.Join(l.directory, "both.pem"), []byte(after.pem(t, "")), 0o600))
			},
			func(*lab) func(string) bool { return func(assertion string) bool { return carries(assertion, before) } },
			1,
		},
		"a token file": {
			func(l *lab) settings {
				return settings{"auth_type": "workload_identity", "token_file_path": l.token(time.Hour)}
			},
			func(_ *testing.T, l *lab) { l.token(2 * time.Hour) },
			func(l *lab) func(string) bool {
				raw, err := os.ReadFile(filepath.Join(l.directory, "token"))
				require.NoError(l.t, err)
				return func(assertion string) bool { return assertion == strings.TrimSpace(string(raw)) }
			},
			0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := signInLab(t, 300, before, after)
			l.config["credentials"] = kind.credentials(l)
			catalog := l.configured("task")
			var r rotation
			refused := l.server.Inject(faults.Fault{
				Match: r.uses(kind.old(l)), When: faults.Timing{Count: faults.Forever},
				Then: faults.Error{Status: http.StatusUnauthorized, Code: "AADSTS700027", Message: "[Reason - The key was not found.]"},
			})
			l.server.Inject(faults.Fault{Match: faults.All{faults.Table("task"), r.after(4, func() {
				kind.rotate(t, l)
				l.server.RevokeTokens()
			})}})
			d := destination.New()
			l.sync(d, catalog)
			l.equal(d, "task")
			assert.True(t, r.done)
			assert.Equal(t, kind.refusals, refused.Hits())
		})
	}
}

func TestAVirtualMachineSignsInOnTheSimulator(t *testing.T) {
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "IMDS_ENDPOINT"} {
		t.Setenv(name, "")
	}
	l := signInLab(t, 1)
	c := &config.Config{Environment: l.server.URL, Credentials: config.Credentials{Kind: config.KindManagedIdentity, IdentityClientID: userIdentityID}}
	source, err := auth.New(c, c.Credentials, auth.Clients{Identity: &http.Client{Transport: l.server.MetadataService()}})
	require.NoError(t, err)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, token)
	l.server.RevokeTokens()
	require.NoError(t, source.Renew(t.Context(), token, ""))
	_, err = source.Token(t.Context())
	var identity *auth.IdentityError
	require.ErrorAs(t, err, &identity, "Azure returns the rejected token again")
	assert.Equal(t, auth.IdentityTokenStale, identity.Reason)
}
