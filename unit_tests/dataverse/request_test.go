package dataverse_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source/dataverse"
)

func TestRequestHasTheHeadersOfTheWebAPIOnly(t *testing.T) {
	s := newService(t, good(emptyPage))
	for name, example := range map[string]struct {
		request dataverse.PageRequest
		prefer  string
	}{
		"a page": {
			dataverse.PageRequest{Table: "account", Link: "accounts", Size: 250}, "odata.maxpagesize=250",
		},
		"the first scan with change tracking": {
			dataverse.PageRequest{Table: "account", Link: "accounts", Size: 5000, TrackChanges: true},
			"odata.track-changes,odata.maxpagesize=5000",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.client().Page(t.Context(), example.request, &rows{})
			require.NoError(t, err)
			all := s.requests()
			assert.Equal(t, http.Header{
				"Accept":           {"application/json"},
				"Accept-Encoding":  {"gzip"},
				"Authorization":    {"Bearer secret-token-1"},
				"If-None-Match":    {"null"},
				"Odata-Maxversion": {"4.0"},
				"Odata-Version":    {"4.0"},
				"Prefer":           {example.prefer},
				"User-Agent":       {"tester/1.0"},
			}, all[len(all)-1].header)
		})
	}
}

func TestMetadataRequestHasNoPreference(t *testing.T) {
	s := newService(t, good(`{"value":[]}`))
	_, err := s.client().TableNames(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, s.requests()[0].header, "Prefer")
}

func TestNoCookieIsSentBack(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "ARRAffinity", Value: "f60cbee4", Path: "/", Secure: true, HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "ReqClientId", Value: "4fc95009", Path: "/", Secure: true, HttpOnly: true})
		good(emptyPage)(w, r)
	})
	c := s.client()
	for range 2 {
		_, _, err := read(t.Context(), c, "accounts")
		require.NoError(t, err)
	}
	assert.NotContains(t, s.requests()[1].header, "Cookie")
}

func TestTokenIsRequestedForEachRequest(t *testing.T) {
	s := newService(t, good(emptyPage))
	k := &tokens{}
	c := s.clientOf(k)
	for range 3 {
		_, _, err := read(t.Context(), c, "accounts")
		require.NoError(t, err)
	}
	assert.Equal(t, 3, k.asked)
}

func TestNothingIsSentWithoutAToken(t *testing.T) {
	s := newService(t, good(emptyPage))
	_, _, err := read(t.Context(), s.clientOf(&tokens{err: final{}}), "accounts")
	var signIn *dataverse.SignInError
	require.ErrorAs(t, err, &signIn)
	assert.False(t, signIn.Temporary())
	require.EqualError(t, err, "read a page of account: refused for good")
	assert.Empty(t, s.requests())
}

// final is a refusal of the sign-in.
type final struct{}

func (final) Error() string   { return "refused for good" }
func (final) Temporary() bool { return false }

func TestWhoAmIReturnsOrganizationAndUser(t *testing.T) {
	s := newService(t, good(`{"@odata.context":"HOST/api/data/v9.2/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",`+
		`"BusinessUnitId":"11bb11bb-cc22-dd33-ee44-55ff55ff55ff","UserId":"22cc22cc-dd33-ee44-ff55-66aa66aa66aa",`+
		`"OrganizationId":"00aa00aa-bb11-cc22-dd33-44ee44ee44ee"}`))
	who, err := s.client().WhoAmI(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dataverse.Identity{
		OrganizationID: "00aa00aa-bb11-cc22-dd33-44ee44ee44ee", UserID: "22cc22cc-dd33-ee44-ff55-66aa66aa66aa",
	}, who)
	assert.Equal(t, "/api/data/v9.2/WhoAmI", s.requests()[0].uri)
}

func TestMisshapenWhoAmIIsBroken(t *testing.T) {
	for name, body := range map[string]string{
		"a list": `[]`, "an id that is a number": `{"OrganizationId":1}`, "nothing": ``, "half": `{"OrganizationId":"22cc`,
		"no organization": `{"UserId":"22cc22cc-dd33-ee44-ff55-66aa66aa66aa"}`, "an empty object": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newService(t, good(body)).client().WhoAmI(t.Context())
			var broken *dataverse.BrokenResponseError
			require.ErrorAs(t, err, &broken)
		})
	}
}
