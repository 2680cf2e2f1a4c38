package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"

	"source-microsoft-dataverse/source/config"
)

type object = map[string]any

// identity is a configuration without a client secret at the top level.
func identity(credentials object, more object) object {
	changes := object{"client_secret_value": absent{}, "credentials": credentials}
	for name, value := range more {
		changes[name] = value
	}
	return settings(changes)
}

// variables is an environment with some variables.
func variables(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func loadWith(t *testing.T, settings object, values map[string]string) (*config.Config, error) {
	t.Helper()
	data, err := json.Marshal(settings)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return config.Load(path, specification(t), variables(values))
}

// requireValid requires that the specification allows a configuration, as Airbyte checks before it runs a connector.
func requireValid(t *testing.T, settings object) {
	t.Helper()
	result, err := gojsonschema.Validate(gojsonschema.NewGoLoader(parseSpecification(t).Connection), gojsonschema.NewGoLoader(settings))
	require.NoError(t, err)
	require.Empty(t, result.Errors())
}

func TestEachKindOfCredentialsIsLoaded(t *testing.T) {
	certificate := newCertificate(t)
	pem := certificate.pem(t)
	for name, example := range map[string]struct {
		settings  object
		variables map[string]string
		want      func(t *testing.T, c config.Credentials)
	}{
		"a client secret at the top level": {settings: settings(nil), want: func(t *testing.T, c config.Credentials) {
			assert.Equal(t, config.KindClientSecret, c.Kind)
			assert.Equal(t, secret, c.ClientSecret.Reveal())
			assert.Equal(t, "client_secret_value", c.SecretSetting())
		}},
		"the branch that Airbyte's form submits by itself": {
			settings: settings(object{"credentials": object{"auth_type": "client_secret"}}),
			want: func(t *testing.T, c config.Credentials) {
				assert.Equal(t, config.KindClientSecret, c.Kind)
				assert.Equal(t, secret, c.ClientSecret.Reveal())
			},
		},
		"a client secret in credentials": {
			settings: identity(object{"auth_type": "client_secret", "client_secret": " " + secret + " "}, nil),
			want: func(t *testing.T, c config.Credentials) {
				assert.Equal(t, secret, c.ClientSecret.Reveal())
				assert.Equal(t, "credentials.client_secret", c.SecretSetting())
			},
		},
		"the same client secret in both places": {
			settings: settings(object{"credentials": object{"auth_type": "client_secret", "client_secret": secret}}),
			want:     func(t *testing.T, c config.Credentials) { assert.Equal(t, secret, c.ClientSecret.Reveal()) },
		},
		"a certificate": {
			settings: identity(object{"auth_type": "client_certificate", "certificate": pem}, nil),
			want: func(t *testing.T, c config.Credentials) {
				assert.Equal(t, config.KindClientCertificate, c.Kind)
				assert.True(t, c.Certificate.Chain()[0].Equal(certificate.leaf))
				assert.True(t, c.SendChain, "the default")
				assert.Equal(t, client, c.ClientID.Reveal())
			},
		},
		"a certificate without its chain": {
			settings: identity(object{"auth_type": "client_certificate", "certificate": pem, "send_certificate_chain": false}, nil),
			want:     func(t *testing.T, c config.Credentials) { assert.False(t, c.SendChain) },
		},
		"a workload identity of the platform": {
			settings: identity(object{"auth_type": "workload_identity"}, object{"tenant_id": absent{}, "client_id": absent{}}),
			variables: map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client, "AZURE_FEDERATED_TOKEN_FILE": "/var/token",
				"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"},
			want: func(t *testing.T, c config.Credentials) {
				assert.Equal(t, config.KindWorkloadIdentity, c.Kind)
				assert.Equal(t, tenant, c.TenantID.Reveal())
				assert.Equal(t, client, c.ClientID.Reveal())
				assert.Equal(t, "/var/token", c.TokenFile)
			},
		},
		"a workload identity whose settings precede the platform's": {
			settings:  identity(object{"auth_type": "workload_identity", "token_file_path": "/own"}, nil),
			variables: map[string]string{"AZURE_TENANT_ID": "x", "AZURE_CLIENT_ID": "y", "AZURE_FEDERATED_TOKEN_FILE": "/var/token"},
			want: func(t *testing.T, c config.Credentials) {
				assert.Equal(t, tenant, c.TenantID.Reveal())
				assert.Equal(t, client, c.ClientID.Reveal())
				assert.Equal(t, "/own", c.TokenFile)
			},
		},
		"a system-assigned managed identity": {
			settings: identity(object{"auth_type": "managed_identity", "identity_client_id": ""}, object{"tenant_id": absent{}, "client_id": absent{}}),
			want: func(t *testing.T, c config.Credentials) {
				assert.Equal(t, config.KindManagedIdentity, c.Kind)
				assert.Empty(t, c.IdentityClientID.Reveal())
			},
		},
		"a user-assigned managed identity": {
			settings: identity(object{"auth_type": "managed_identity", "identity_client_id": client}, object{"tenant_id": absent{}, "client_id": absent{}}),
			want:     func(t *testing.T, c config.Credentials) { assert.Equal(t, client, c.IdentityClientID.Reveal()) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			requireValid(t, example.settings)
			c, err := loadWith(t, example.settings, example.variables)
			require.NoError(t, err)
			assert.Empty(t, c.Warnings)
			example.want(t, c.Credentials)
		})
	}
}

func TestAPlatformsSignInHostIsThatOfItsWorkloadIdentity(t *testing.T) {
	host := map[string]string{"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/", "AZURE_FEDERATED_TOKEN_FILE": "/var/token"}
	c, err := loadWith(t, identity(object{"auth_type": "workload_identity"}, nil), host)
	require.NoError(t, err)
	assert.Equal(t, "https://login.microsoftonline.us", c.PlatformAuthority)
	c, err = loadWith(t, settings(nil), host)
	require.NoError(t, err)
	assert.Empty(t, c.PlatformAuthority, "a client secret has nothing to do with the platform")
	host["AZURE_AUTHORITY_HOST"] = "http://login.example"
	c, err = loadWith(t, identity(object{"auth_type": "workload_identity"}, nil), host)
	require.NoError(t, err)
	assert.Empty(t, c.PlatformAuthority)
	assert.Contains(t, c.Warnings[0], "AZURE_AUTHORITY_HOST begins with http://")
}

func TestAProblemOfCredentialsNamesItsSetting(t *testing.T) {
	certificate := object{"auth_type": "client_certificate"}
	for name, example := range map[string]struct {
		settings object
		want     string
	}{
		"no secret at all":            {settings(object{"client_secret_value": absent{}}), "client_secret_value is missing. Enter the Value"},
		"no secret, as the form does": {identity(object{"auth_type": "client_secret"}, nil), "client_secret_value is missing. Enter the Value"},
		"two secrets": {settings(object{"credentials": object{"auth_type": "client_secret", "client_secret": "another"}}),
			"credentials.client_secret and client_secret_value are two different secrets. Remove one of them."},
		"a secret beside a certificate": {settings(object{"credentials": object{"auth_type": "client_certificate", "certificate": newCertificate(t).pem(t)}}),
			"client_secret_value is not used, because credentials.auth_type is client_certificate. Remove the secret, or choose client_secret in credentials."},
		"an unknown kind without ids": {object{"url": "https://contoso.crm4.dynamics.com", "credentials": object{"auth_type": "managed"}}, "credentials.auth_type is not one of the kinds"},
		"a secret beside a managed identity": {settings(object{"client_id": absent{}, "credentials": object{"auth_type": "managed_identity"}}),
			"client_secret_value is not used, because credentials.auth_type is managed_identity."},
		"no kind":            {settings(object{"credentials": object{}}), "credentials.auth_type is missing. Enter client_secret, client_certificate,"},
		"an unknown kind":    {settings(object{"credentials": object{"auth_type": "oauth"}}), "credentials.auth_type is not one of the kinds"},
		"a kind in brackets": {settings(object{"credentials": object{"auth_type": []string{"client_secret"}}}), "credentials.auth_type has a value of the wrong type"},
		"credentials that are a text": {settings(object{"credentials": "client_secret"}),
			"credentials has a value of the wrong type: object expected. Choose the kind as auth_type"},
		"no certificate":             {identity(certificate, nil), "credentials.certificate is missing. Enter the certificate together with its private key"},
		"a certificate that is none": {identity(object{"auth_type": "client_certificate", "certificate": "hello"}, nil), "credentials.certificate is neither a PEM file nor"},
		"a certificate and a path": {identity(object{"auth_type": "client_certificate", "certificate": "x", "certificate_file_path": "/x"}, nil),
			"credentials.certificate_file_path is beside a certificate. Remove one of them."},
		"a path to nothing": {identity(object{"auth_type": "client_certificate", "certificate_file_path": "/nowhere/at.all"}, nil),
			"credentials.certificate_file_path names a file that cannot be read: open /nowhere/at.all: no such file or directory."},
		"a certificate as Airbyte shows it": {identity(object{"auth_type": "client_certificate", "certificate": "*****"}, nil), "credentials.certificate is asterisks"},
		"a certificate as Airbyte stores it": {identity(object{"auth_type": "client_certificate", "certificate": object{"_secret": "x"}}, nil),
			"credentials.certificate is a reference to a secret that only Airbyte can resolve."},
		"a certificate without a client": {identity(object{"auth_type": "client_certificate", "certificate": newCertificate(t).pem(t)}, object{"client_id": absent{}}),
			"client_id is missing. Enter the Application"},
		"no token file": {identity(object{"auth_type": "workload_identity"}, nil),
			"credentials.token_file_path is missing, and so is the environment variable AZURE_FEDERATED_TOKEN_FILE"},
		"a workload identity without a tenant": {identity(object{"auth_type": "workload_identity", "token_file_path": "/x"}, object{"tenant_id": ""}),
			"tenant_id is empty. Enter the Directory"},
		"a number for an identity": {identity(object{"auth_type": "managed_identity", "identity_client_id": 7}, object{"client_id": absent{}}),
			"credentials.identity_client_id has a value of the wrong type: string expected."},
	} {
		t.Run(name, func(t *testing.T) {
			found := problems(t, example.settings)
			require.Len(t, found, 1)
			assert.Contains(t, found[0], example.want)
		})
	}
}

func TestASettingOfAnotherKindBringsAWarning(t *testing.T) {
	for name, example := range map[string]struct {
		settings object
		want     string
	}{
		"a typing mistake": {settings(object{"credentials": object{"auth_type": "client_secret", "client_secrt": "x"}}),
			`The setting "client_secrt" in credentials is unknown and ignored. Did you mean client_secret?`},
		"an id in credentials": {settings(object{"credentials": object{"auth_type": "client_secret", "client_id": client}}),
			`The setting "client_id" in credentials is ignored, because it belongs beside credentials. Move it out of credentials.`},
		"of another kind": {settings(object{"credentials": object{"auth_type": "client_secret", "token_file_path": "/x"}}),
			`The setting "token_file_path" in credentials is not one of client_secret and is ignored. Remove it, or choose its kind as auth_type.`},
		"an id that a managed identity does not use": {identity(object{"auth_type": "managed_identity"}, nil),
			"client_id is not used by a managed identity. If it is the client ID of a user-assigned identity, enter it as credentials.identity_client_id."},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, example.settings)
			require.NoError(t, err)
			assert.Equal(t, []string{example.want}, c.Warnings)
		})
	}
}

func TestAirbyteCloudLendsNoIdentity(t *testing.T) {
	file := filepath.Join(t.TempDir(), "certificate.pem")
	require.NoError(t, os.WriteFile(file, []byte(newCertificate(t).pem(t)), 0o600))
	for _, cloud := range []map[string]string{{"AIRBYTE_EDITION": "CLOUD"}, {"DEPLOYMENT_MODE": "cloud"}} {
		for want, credentials := range map[string]object{
			"credentials.auth_type is workload_identity, but on Airbyte Cloud": {"auth_type": "workload_identity", "token_file_path": "/x"},
			"credentials.auth_type is managed_identity, but on Airbyte Cloud":  {"auth_type": "managed_identity"},
			"credentials.certificate_file_path cannot name a file on":          {"auth_type": "client_certificate", "certificate_file_path": file},
		} {
			_, err := loadWith(t, identity(credentials, nil), cloud)
			require.ErrorContains(t, err, want)
			_, err = loadWith(t, identity(credentials, nil), map[string]string{"AIRBYTE_EDITION": "COMMUNITY", "DEPLOYMENT_MODE": "OSS"})
			require.NoError(t, err)
		}
	}
}

const other = "0d3f0b1c-5a77-4c1e-9c53-6a5b4c3d2e1f"

func TestAdditionalCredentialsAreFurtherUsers(t *testing.T) {
	all := settings(object{"additional_credentials": []object{
		{"client_id": other, "credentials": object{"auth_type": "client_secret", "client_secret": "second"}},
		{"client_id": "third", "tenant_id": "contoso.example", "credentials": object{"auth_type": "client_certificate", "certificate": newCertificate(t).pem(t)}},
		{"credentials": object{"auth_type": "managed_identity", "identity_client_id": client}},
	}})
	requireValid(t, all)
	c, err := load(t, all)
	require.NoError(t, err)
	require.Len(t, c.AdditionalCredentials, 3)
	second, third, fourth := c.AdditionalCredentials[0], c.AdditionalCredentials[1], c.AdditionalCredentials[2]
	assert.Equal(t, "additional_credentials[0]", second.Setting)
	assert.Equal(t, "additional_credentials[0].credentials.client_secret", second.SecretSetting())
	assert.Equal(t, tenant, second.TenantID.Reveal(), "that of the first user")
	assert.Equal(t, other, second.ClientID.Reveal())
	assert.Equal(t, "second", second.ClientSecret.Reveal())
	assert.Equal(t, "contoso.example", third.TenantID.Reveal())
	assert.NotNil(t, third.Certificate)
	assert.Equal(t, client, fourth.Identity().Reveal())
}

func TestAProblemOfAFurtherUserNamesItsPlace(t *testing.T) {
	user := func(id string, credentials object) object { return object{"client_id": id, "credentials": credentials} }
	good := object{"auth_type": "client_secret", "client_secret": "second"}
	for name, example := range map[string]struct {
		users any
		want  string
	}{
		"nothing in the list": {[]any{user(other, good), nil}, "additional_credentials[1] has a value of the wrong type: object expected."},
		"credentials that are a text": {[]any{object{"client_id": other, "credentials": "client_secret"}},
			"additional_credentials[0].credentials has a value of the wrong type: object expected."},
		"an unknown kind":          {[]any{object{"credentials": object{"auth_type": "oauth"}}}, "additional_credentials[0].credentials.auth_type is not one of the kinds"},
		"no list":                  {"x", "additional_credentials has a value of the wrong type: array expected."},
		"a text in the list":       {[]any{"x"}, "additional_credentials[0] has a value of the wrong type: object expected."},
		"no credentials":           {[]any{user(other, good), object{"client_id": "x"}}, "additional_credentials[1].credentials is missing."},
		"no kind":                  {[]any{user(other, object{})}, "additional_credentials[0].credentials.auth_type is missing. Enter"},
		"no client":                {[]any{user("", good)}, "additional_credentials[0].client_id is missing."},
		"no secret":                {[]any{user(other, object{"auth_type": "client_secret"})}, "additional_credentials[0].credentials.client_secret is missing."},
		"a tenant of all":          {[]any{object{"client_id": other, "tenant_id": "common", "credentials": good}}, "additional_credentials[0].tenant_id is not the ID of one tenant"},
		"the first user once more": {[]any{user(client, good)}, "additional_credentials[0] is the same application user as in the settings at the top level."},
		"another user twice":       {[]any{user(other, good), user(other, good)}, "additional_credentials[1] is the same application user as in additional_credentials[0]."},
	} {
		t.Run(name, func(t *testing.T) {
			found := problems(t, settings(object{"additional_credentials": example.users}))
			require.Len(t, found, 1)
			assert.Contains(t, found[0], example.want)
		})
	}
}

func TestEveryFurtherUsersProblemIsFound(t *testing.T) {
	found := problems(t, settings(object{"additional_credentials": []any{
		object{"client_id": other, "credentials": object{"auth_type": "client_secret"}},
		object{"credentials": object{"auth_type": "client_certificate", "certificate": "hello"}},
	}}))
	require.Len(t, found, 3)
	assert.Contains(t, found[0], "additional_credentials[0].credentials.client_secret is missing.")
	assert.Contains(t, found[1], "additional_credentials[1].client_id is missing.")
	assert.Contains(t, found[2], "additional_credentials[1].credentials.certificate is neither a PEM file nor")
}

func TestAFurtherUserBesideAManagedIdentityNeedsATenant(t *testing.T) {
	with := func(user object) object {
		return object{"url": "https://contoso.crm4.dynamics.com", "credentials": object{"auth_type": "managed_identity"}, "additional_credentials": []object{user}}
	}
	found := problems(t, with(object{"client_id": other, "credentials": object{"auth_type": "client_secret", "client_secret": "second"}}))
	require.Len(t, found, 1)
	assert.Contains(t, found[0], "additional_credentials[0].tenant_id is missing. Enter the Directory")

	c, err := loadWith(t, with(object{"credentials": object{"auth_type": "workload_identity"}}), map[string]string{
		"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client, "AZURE_FEDERATED_TOKEN_FILE": "/var/run/token",
	})
	require.NoError(t, err)
	assert.Equal(t, tenant, c.AdditionalCredentials[0].TenantID.Reveal())
	assert.Equal(t, client, c.AdditionalCredentials[0].ClientID.Reveal())
}
