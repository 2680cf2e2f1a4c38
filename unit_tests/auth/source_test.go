package auth_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATokenIsRequestedWithTheConfiguredCredentials(t *testing.T) {
	e := newEntra(t)
	token, err := newSource(t, e).Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "token-1", token)

	form := e.requests()[0]
	assert.Equal(t, "client_credentials", form.Get("grant_type"))
	assert.Equal(t, clientID, form.Get("client_id"))
	assert.Equal(t, secret, form.Get("client_secret"))
	assert.Contains(t, form.Get("scope"), environment+"/.default")
	assert.Empty(t, form.Get("claims"))
}

func TestATokenIsCached(t *testing.T) {
	e := newEntra(t)
	source := newSource(t, e)
	for range 3 {
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "token-1", token)
	}
	assert.Len(t, e.requests(), 1)
}

func TestNothingIsSentBeforeTheFirstToken(t *testing.T) {
	e := newEntra(t)
	newSource(t, e)
	assert.Empty(t, e.hosts())
}

func TestATokenThatIsAboutToExpireIsReplaced(t *testing.T) {
	e := newEntra(t)
	e.respond(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 60, "access_token": "short"})
	})
	source := newSource(t, e)
	_, err := source.Token(t.Context())
	require.NoError(t, err)
	e.respond(nil)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "token-2", token)
}

func TestManyGoroutinesShareOneRequest(t *testing.T) {
	e := newEntra(t)
	source := newSource(t, e)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			token, err := source.Token(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "token-1", token)
		})
	}
	group.Wait()
	assert.Len(t, e.requests(), 1)
}

func TestARenewedTokenIsAnotherToken(t *testing.T) {
	e := newEntra(t)
	source := newSource(t, e)
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, source.Renew(t.Context(), first, ""))
	second, err := source.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "token-2", second)

	t.Run("a token that was replaced already is not replaced again", func(t *testing.T) {
		require.NoError(t, source.Renew(t.Context(), first, ""))
		third, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, second, third)
		assert.Len(t, e.requests(), 2)
	})
}

func TestManyRejectionsOfOneTokenMakeOneRequest(t *testing.T) {
	e := newEntra(t)
	source := newSource(t, e)
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			assert.NoError(t, source.Renew(t.Context(), first, ""))
			token, err := source.Token(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "token-2", token)
		})
	}
	group.Wait()
	assert.Len(t, e.requests(), 2)
}

func TestClaimsAreRequestedOnce(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`
	e := newEntra(t)
	source := newSource(t, e)
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, source.Renew(t.Context(), first, claims))
	require.NoError(t, source.Renew(t.Context(), first, ""), "a second refusal of the same token")
	for range 2 {
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "token-2", token)
	}
	require.Len(t, e.requests(), 2)
	assert.JSONEq(t, claims, e.requests()[1].Get("claims"))

	require.NoError(t, source.Renew(t.Context(), "token-2", ""))
	_, err = source.Token(t.Context())
	require.NoError(t, err)
	assert.Empty(t, e.requests()[2].Get("claims"), "claims are for one challenge only")
}

func TestClaimsAreRequestedAgainAfterAFailure(t *testing.T) {
	e := newEntra(t)
	source := newSource(t, e)
	first, err := source.Token(t.Context())
	require.NoError(t, err)
	require.NoError(t, source.Renew(t.Context(), first, `{"access_token":{}}`))
	e.respond(refusal(http.StatusServiceUnavailable, "temporarily_unavailable", 90033))
	_, err = source.Token(t.Context())
	require.Error(t, err)
	e.respond(nil)
	_, err = source.Token(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, `{"access_token":{}}`, e.requests()[2].Get("claims"))
}

func TestAWaitForAConcurrentSignInEndsWithItsContext(t *testing.T) {
	e := newEntra(t)
	asked, release := make(chan struct{}), make(chan struct{})
	e.respond(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-release
		e.grant(w, r)
	})
	source := newSource(t, e)
	done := make(chan error)
	go func() {
		_, err := source.Token(context.Background())
		done <- err
	}()
	<-asked

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := source.Token(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, source.Renew(ctx, "token-1", ""), context.Canceled)
	close(release)
	require.NoError(t, <-done)
}

func TestARequestEndsWithItsContext(t *testing.T) {
	e := newEntra(t)
	ctx, cancel := context.WithCancel(t.Context())
	e.respond(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	source := newSource(t, e)
	_, err := source.Token(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assertQuiet(t, err)

	e.respond(nil)
	token, err := source.Token(t.Context())
	require.NoError(t, err, "the next caller has its turn")
	assert.Equal(t, "token-2", token)
}

func TestASecretIsRequired(t *testing.T) {
	c := settings("https://127.0.0.1:1")
	c.Credentials.ClientSecret = ""
	_, err := newWith(c, http.DefaultClient)
	require.Error(t, err)
}

func TestAnInvalidAuthorityIsRejectedWithoutTheTenant(t *testing.T) {
	_, err := newWith(settings("https://host:port"), http.DefaultClient)
	require.Error(t, err)
	assertQuiet(t, err)
}
