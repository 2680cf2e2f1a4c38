package integration_tests_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestACheckExplainsWhyAnIdentityDoesNotSignIn(t *testing.T) {
	t.Parallel()
	l := signInLab(t, 1)
	expired := l.file("expired", []byte(expiredToken(t, l)))
	directory := filepath.Dir(expired)
	workload := func(path string) settings { return settings{"auth_type": "workload_identity", "token_file_path": path} }
	managed := func(id string) settings { return settings{"auth_type": "managed_identity", "identity_client_id": id} }
	const writes = ` The platform writes it: in AKS the workload identity webhook, for pods with the label azure.workload.identity/use: "true". If another program ` +
		"writes it, check that program and credentials.token_file_path."
	for name, example := range map[string]struct {
		credentials settings
		variables   []string
		want        string
	}{
		"no token file": {workload("/nowhere/token"), nil, "The connector could not sign in: the token file /nowhere/token cannot be read: no such file or directory." + writes},
		"a file that is no token": {workload(l.file("passwd", []byte("root:x:0:0"))), nil,
			"The connector could not sign in: the token file <directory>/passwd does not hold a token (JWT)." + writes},
		"an expired token": {workload(expired), nil, "The connector could not sign in: the token file <directory>/expired holds a token that expired at"},
		"an identity that the machine does not have": {managed("10000000-0000-4000-8000-00000000000f"), l.server.IdentityVariables(),
			"The machine does not have this managed identity. Assign it in the Azure portal: open the machine or the app, Identity, and turn on System assigned, " +
				"or add the identity under User assigned. credentials.identity_client_id is the Client ID of a user-assigned identity, not its object ID; leave it " +
				"empty for the system-assigned one."},
		"an endpoint that does not know the header": {managed(""), []string{l.server.IdentityVariables()[0], "IDENTITY_HEADER=another"},
			"The connector could not sign in: the endpoint of managed identities rejected the sign-in with status 401. Its explanation: The X-IDENTITY-HEADER is " +
				"missing or not valid. Check the managed identity of the machine, in the Azure portal under Identity, and credentials.identity_client_id."},
		"another service at the endpoint": {managed(""), []string{"IDENTITY_ENDPOINT=" + l.server.URL + "/nowhere", "IDENTITY_HEADER=x"},
			"No managed identity is available: the endpoint of managed identities rejected the sign-in with status 404. A managed identity exists on virtual machines"},
		"an endpoint that does not respond": {managed(""), []string{"IDENTITY_ENDPOINT=https://" + closed, "IDENTITY_HEADER=x"},
			"No managed identity is available: the endpoint of managed identities did not respond:"},
	} {
		t.Run(name, func(t *testing.T) {
			own := l.with(t, settings{"credentials": example.credentials})
			if example.credentials["auth_type"] == "managed_identity" {
				delete(own.config, "tenant_id")
				delete(own.config, "client_id")
			}
			status := statusOf(t, own.runWith(example.variables, "check", "--config", own.configFile()))
			assert.Equal(t, "FAILED", status.Status)
			message := strings.ReplaceAll(status.Message, directory, "<directory>")
			if strings.HasSuffix(example.want, ".") {
				assert.Equal(t, example.want, message)
			} else {
				assert.True(t, strings.HasPrefix(message, example.want), message)
			}
		})
	}
}

// expiredToken returns a token of the workload that has expired.
func expiredToken(t *testing.T, l *lab) string {
	t.Helper()
	token, err := l.server.WorkloadToken(workloadSubject, "", -time.Hour)
	require.NoError(t, err)
	return token
}

func TestARejectedTokenOfAManagedIdentityEndsTheRun(t *testing.T) {
	t.Parallel()
	l := signInLab(t, 120)
	delete(l.config, "tenant_id")
	delete(l.config, "client_id")
	l.config["credentials"] = settings{"auth_type": "managed_identity"}
	variables := l.server.IdentityVariables()
	require.Equal(t, "SUCCEEDED", statusOf(t, l.runWith(variables, "check", "--config", l.configFile())).Status)
	l.server.RevokeTokens()
	status := statusOf(t, l.runWith(variables, "check", "--config", l.configFile()))
	assert.True(t, strings.HasPrefix(status.Message, "The environment rejected the access token of the managed identity, and Azure returned the same token again"), status.Message)
}

func TestOnlyTheBranchOfTheFormNeedsNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["credentials"] = settings{"auth_type": "client_secret"}
	assert.Equal(t, "SUCCEEDED", statusOf(t, l.run("check", "--config", l.configFile())).Status)
	l.config["client_secret_value"] = ""
	status := statusOf(t, l.run("check", "--config", l.configFile()))
	assert.Equal(t, "FAILED", status.Status)
	assert.Contains(t, status.Message, "client_secret_value is empty. Enter the Value")
}

func TestACheckNamesTheSettingsOfAFurtherUser(t *testing.T) {
	t.Parallel()
	l := withUsers(t, 2, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	for want, credentials := range map[string]settings{
		"If another program writes it, check that program and additional_credentials[0].credentials.token_file_path.": {
			"auth_type": "workload_identity", "token_file_path": "/nowhere/token",
		},
		"turn on additional_credentials[0].credentials.send_certificate_chain.": {
			"auth_type": "client_certificate", "certificate": newClientCertificate(t).pem(t, ""), "send_certificate_chain": false,
		},
		"Upload the certificate of additional_credentials[0].credentials.certificate to the app registration (Certificates & secrets > Certificates). (AADSTS700027)": {
			"auth_type": "client_certificate", "certificate": newClientCertificate(t).pem(t, ""),
		},
	} {
		own := l.with(t, settings{"additional_credentials": []settings{{"client_id": further(1).ClientID, "credentials": credentials}}})
		assert.Contains(t, statusOf(t, own.run("check", "--config", own.configFile())).Message, want)
	}
}
