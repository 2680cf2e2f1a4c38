package dataverse_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

const challenge = `Bearer authorization_uri=https://login.microsoftonline.com/t/oauth2/authorize, resource_id=https://contoso.crm.dynamics.com/`

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	s := newService(t, refuse(http.StatusUnauthorized, "", "WWW-Authenticate", challenge), good("{"+valueMember+"}"))
	k := &tokens{}
	_, sink, err := read(t.Context(), s.clientOf(k), "accounts")
	require.NoError(t, err)
	assert.Len(t, sink.values, 2)
	all := s.requests()
	require.Len(t, all, 2)
	assert.Equal(t, "Bearer secret-token-1", all[0].header.Get("Authorization"))
	assert.Equal(t, "Bearer secret-token-2", all[1].header.Get("Authorization"))
	assert.Equal(t, []string{""}, k.claims)
}

func TestSecondRefusedTokenIsAnError(t *testing.T) {
	s := newService(t, refuse(http.StatusUnauthorized, "", "WWW-Authenticate", challenge))
	_, _, err := read(t.Context(), s.client(), "accounts")
	var refused *dataverse.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusUnauthorized, refused.Status)
	assert.Equal(t, "Unauthorized", refused.Message)
	assert.Len(t, s.requests(), 2)
	assert.NotContains(t, err.Error(), "secret-token")
}

func TestRefusalIsReturnedIfTheTokenCannotBeRenewed(t *testing.T) {
	s := newService(t, refuse(http.StatusUnauthorized, ""))
	_, _, err := read(t.Context(), s.clientOf(&tokens{refuse: errors.New("no renewal")}), "accounts")
	var refused *dataverse.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusUnauthorized, refused.Status)
	assert.Len(t, s.requests(), 1)
}

func TestClaimsOfAChallengeArePassedOn(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}`
	encoded := base64.StdEncoding.EncodeToString([]byte(claims))
	for name, example := range map[string]struct{ header, claims string }{
		"padded":             {`Bearer realm="", error="insufficient_claims", claims="` + encoded + `"`, claims},
		"not padded":         {`Bearer claims="` + strings.TrimRight(encoded, "=") + `", error="insufficient_claims"`, claims},
		"none":               {challenge, ""},
		"empty":              {`Bearer claims=""`, ""},
		"no base64":          {`Bearer claims="%%%"`, ""},
		"base64 but no JSON": {`Bearer claims="` + base64.StdEncoding.EncodeToString([]byte("hello")) + `"`, ""},
		"cut off":            {`Bearer claims="` + encoded, claims},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, refuse(http.StatusUnauthorized, "", "WWW-Authenticate", example.header), good(emptyPage))
			k := &tokens{}
			_, _, err := read(t.Context(), s.clientOf(k), "accounts")
			require.NoError(t, err)
			assert.Equal(t, []string{example.claims}, k.claims)
		})
	}
}

func TestClaimsOfASecondChallengeArePassedOn(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("WWW-Authenticate", challenge)
		w.Header().Add("WWW-Authenticate", `Bearer claims="`+base64.StdEncoding.EncodeToString([]byte(`{"x":1}`))+`"`)
		w.WriteHeader(http.StatusUnauthorized)
	}, good(emptyPage))
	k := &tokens{}
	_, _, err := read(t.Context(), s.clientOf(k), "accounts")
	require.NoError(t, err)
	assert.Equal(t, []string{`{"x":1}`}, k.claims)
}
