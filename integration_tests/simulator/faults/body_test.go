package faults_test

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/simulatortest"
)

func TestFaultsOfBodies(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	whole := c.Get("accounts?$select=name").Body
	t.Run("a stalled body stops in its middle until its client goes away", func(t *testing.T) {
		injection := c.Server.Inject(faults.Stalled(40))
		defer injection.Remove()
		ctx, cancel := context.WithCancel(t.Context())
		request := c.Request(http.MethodGet, "accounts?$select=name").WithContext(ctx)
		request.Header.Set("Accept-Encoding", "identity")
		response, err := c.HTTP.Do(request)
		require.NoError(t, err)
		begun := make([]byte, 40)
		_, err = io.ReadFull(response.Body, begun)
		require.NoError(t, err)
		cancel()
		_, err = io.ReadAll(response.Body)
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, response.Body.Close())
	})
	t.Run("slow bytes are all there in the end", func(t *testing.T) {
		injection := c.Server.Inject(faults.Fault{Then: faults.Transfer{BytesPerSecond: 100_000}})
		defer injection.Remove()
		request := c.Request(http.MethodGet, "accounts?$select=name")
		request.Header.Set("Accept-Encoding", "identity")
		assert.Equal(t, string(whole), string(c.Send(request).Body))
		assert.Equal(t, 1, injection.Hits())
	})
	t.Run("a dropped connection has no response, and the next one has", func(t *testing.T) {
		injection := c.Server.Inject(faults.Dropped())
		defer injection.Remove()
		request := c.Request(http.MethodPost, "accounts") // which net/http does not repeat by itself
		request.Body = io.NopCloser(strings.NewReader("{}"))
		response, err := c.HTTP.Do(request)
		if response != nil {
			require.NoError(t, response.Body.Close())
		}
		require.Error(t, err)
		assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status)
	})
	t.Run("an echo repeats the address, the token and the body", func(t *testing.T) {
		injection := c.Server.Inject(faults.Echoed(http.StatusForbidden, "0x80040220"))
		defer injection.Remove()
		got := c.Get("accounts?$select=name&$skiptoken=%253c%20x")
		got.Refused(t, http.StatusForbidden, "0x80040220", "$skiptoken=%253c%20x")
		assert.Contains(t, string(got.Body), c.Token)
		assert.Contains(t, string(got.Body), "$skiptoken=%3c x")
		assert.Contains(t, string(got.Body), "$skiptoken=< x")
	})
	t.Run("a broken body is not what its header claims", func(t *testing.T) {
		injection := c.Server.Inject(faults.BrokenGzip())
		defer injection.Remove()
		response, err := c.HTTP.Do(c.Request(http.MethodGet, "accounts"))
		require.NoError(t, err)
		_, err = io.ReadAll(response.Body)
		require.Error(t, err)
		require.NoError(t, response.Body.Close())
	})
}

func TestFaultsOfLinks(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	bent := func(links faults.Links, path, prefer string) map[string]any {
		injection := c.Server.Inject(faults.Fault{Then: links})
		defer injection.Remove()
		got := c.Sized(path, prefer)
		require.NotEmpty(t, got.Values(t))
		return got.JSON(t)
	}
	t.Run("other-host links lead to another host", func(t *testing.T) {
		next, _ := bent(faults.OtherHostLinks, "accounts", "odata.maxpagesize=2")["@odata.nextLink"].(string)
		assert.True(t, strings.HasPrefix(next, "https://dataverse.invalid/api/data/v9.2/accounts?$skiptoken="), next)
		delta, _ := bent(faults.OtherHostLinks, "accounts", "odata.track-changes")["@odata.deltaLink"].(string)
		assert.True(t, strings.HasPrefix(delta, "https://dataverse.invalid/api/data/v9.2/accounts?$deltatoken="), delta)
	})
	t.Run("a repeated link leads to its own page", func(t *testing.T) {
		assert.Equal(t, c.Server.URL+"/api/data/v9.2/accounts?$select=name", bent(faults.RepeatedLinks, "accounts?$select=name", "odata.maxpagesize=2")["@odata.nextLink"])
	})
	t.Run("a delta link may be missing", func(t *testing.T) {
		assert.NotContains(t, bent(faults.MissingDeltaLink, "accounts", "odata.track-changes"), "@odata.deltaLink")
	})
}

func TestDemandedClaims(t *testing.T) {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{Faults: []faults.Fault{faults.DemandedClaims(claims)}})
	t.Run("a token without them is refused with a challenge", func(t *testing.T) {
		got := c.Get("WhoAmI")
		assert.Equal(t, http.StatusUnauthorized, got.Status)
		challenge := got.Header.Get("WWW-Authenticate")
		assert.Contains(t, challenge, `error="insufficient_claims"`)
		assert.Contains(t, challenge, `claims="`+base64.StdEncoding.EncodeToString([]byte(claims))+`"`)
	})
	application := simulator.DefaultApplication()
	for asked, want := range map[string]int{
		`{"access_token":{"xms_cc":{"values":["cp1"]}}}`:                                        http.StatusUnauthorized,
		`{"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["cp1"]}}}`: http.StatusOK,
		`{"access_token":{"acrs":{"essential":true,"value":"c2"}}}`:                             http.StatusUnauthorized,
		`{"id_token":{},"access_token":{"acrs":{"value":"c1","essential":true,"more":null}}}`:   http.StatusOK,
	} {
		t.Run("a token asked for with "+asked, func(t *testing.T) {
			got := c.AskToken(application.TenantID, url.Values{
				"grant_type": {"client_credentials"}, "client_id": {application.ClientID}, "client_secret": {application.Secret},
				"scope": {c.Server.URL + "/.default"}, "claims": {asked},
			})
			c.Token, _ = got.JSON(t)["access_token"].(string)
			assert.Equal(t, want, c.Get("WhoAmI").Status)
		})
	}
}

func TestSignInOutage(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1}, simulator.ServerOptions{})
	c.Server.Inject(faults.SignInOutage())
	got := c.AskToken(simulator.DefaultApplication().TenantID, url.Values{})
	assert.Equal(t, http.StatusServiceUnavailable, got.Status)
	assert.Equal(t, "temporarily_unavailable", got.JSON(t)["error"])
	assert.Contains(t, got.JSON(t)["error_description"], "AADSTS90033: A transient error has occurred.")
	assert.Equal(t, http.StatusOK, c.Get("WhoAmI").Status, "the Web API is not concerned")
}

func TestFaultsOfLimitsAndQueries(t *testing.T) {
	c := simulatortest.Serve(t, simulator.Options{Seed: 1, DefaultRows: 5}, simulator.ServerOptions{})
	for code, message := range map[string]string{
		faults.LimitOfRequests: "Number of requests exceeded the limit of 6000", faults.LimitOfExecution: "exceeded limit of 1,200,000 milliseconds",
		faults.LimitOfConcurrency: "Number of concurrent requests exceeded the limit of 52.",
	} {
		t.Run("429 with "+code, func(t *testing.T) {
			c.Server.Inject(faults.ThrottledBy(code, "3"))
			got := c.Get("WhoAmI")
			got.Refused(t, http.StatusTooManyRequests, code, message)
			assert.Equal(t, "3", got.Header.Get("Retry-After"))
		})
	}
	t.Run("a page is too expensive or not, by its size", func(t *testing.T) {
		injection := c.Server.Inject(faults.SQLTimeoutAbove(250))
		defer injection.Remove()
		for prefer, want := range map[string]int{"odata.maxpagesize=251": 500, "odata.maxpagesize=250": 200, "odata.track-changes": 500} {
			assert.Equal(t, want, c.Sized("accounts", prefer).Status, prefer)
		}
	})
	t.Run("the recommended parallelism changes for a while, and for good", func(t *testing.T) {
		hint := func() string { return c.Get("WhoAmI").Header.Get("x-ms-dop-hint") }
		c.Server.Inject(faults.Fault{Match: faults.PhaseWhoAmI, When: faults.Timing{Nth: 2, Count: 2}, Then: faults.DOPHint(2)})
		assert.Equal(t, []string{"4", "2", "2", "4"}, []string{hint(), hint(), hint(), hint()})
		c.Server.SetDOPHint(9)
		assert.Equal(t, "9", hint())
	})
}
