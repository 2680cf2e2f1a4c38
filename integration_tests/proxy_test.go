package integration_tests_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestAProxyThatRefusesIsExplained(t *testing.T) {
	l := newLab(t, simulator.Options{Seed: 1})
	l.config["url"], l.config["authority_host"] = "https://contoso.example.com", "https://login.example.com"
	for name, refusal := range map[string]struct {
		status int
		failed bool // as a check, else as a run
		words  string
	}{
		"it requires a password": {http.StatusProxyAuthRequired, true, "The proxy requires a user name and a password (407 "},
		"it blocks the host":     {http.StatusForbidden, true, "The proxy does not allow connections"},
		"it has no connection":   {http.StatusBadGateway, false, "could not connect to login.example.com (502 Bad Gateway). Try again."},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, http.MethodConnect, r.Method)
				w.WriteHeader(refusal.status)
			}))
			defer proxy.Close()
			l := l.with(t, nil)
			result := l.runWith([]string{"HTTPS_PROXY=" + proxy.URL}, "check", "--config", l.configFile())
			if refusal.failed {
				assert.Equal(t, 0, result.ExitCode)
				assert.Contains(t, statusOf(t, result).Message, refusal.words)
				return
			}
			assert.Equal(t, 1, result.ExitCode)
			failed := requireOneError(t, result)
			assert.Equal(t, "transient_error", failed.FailureType)
			assert.Contains(t, failed.Message, refusal.words)
		})
	}
	t.Run("it is not there", func(t *testing.T) {
		proxy := httptest.NewServer(http.NotFoundHandler())
		proxy.Close()
		l := l.with(t, nil)
		result := l.runWith([]string{"HTTPS_PROXY=" + proxy.URL}, "check", "--config", l.configFile())
		assert.Equal(t, 1, result.ExitCode)
		assert.Contains(t, requireOneError(t, result).Message, "The proxy could not be reached")
	})
	t.Run("its address is malformed", func(t *testing.T) {
		l := l.with(t, nil)
		result := l.runWith([]string{"HTTPS_PROXY=http:/proxy.example.com"}, "check", "--config", l.configFile())
		assert.Equal(t, 0, result.ExitCode)
		assert.Contains(t, statusOf(t, result).Message, "HTTPS_PROXY does not hold the address of a proxy")
	})
}
