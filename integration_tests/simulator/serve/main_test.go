package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
	"source-microsoft-dataverse/integration_tests/simulator/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestServing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ca, config := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "config.json")
	log, ended := &lines{}, make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--address", "127.0.0.1:0", "--ca", ca, "--config", config, "--rows", "2"}, log)
	}()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "Ctrl+C") }, time.Minute, time.Millisecond)

	t.Run("the configuration names the environment and the sign-in host", func(t *testing.T) {
		raw, err := os.ReadFile(config)
		require.NoError(t, err)
		var got map[string]string
		require.NoError(t, json.Unmarshal(raw, &got))
		assert.Contains(t, log.String(), got["url"])
		assert.Equal(t, got["url"], got["authority_host"])
		assert.Equal(t, simulator.DefaultApplication().Secret, got["client_secret_value"])
		assert.Equal(t, simulator.DefaultApplication().ClientID, got["client_id"])
		assert.Equal(t, simulator.DefaultApplication().TenantID, got["tenant_id"])

		assert.Contains(t, log.String(), "\ncertificate  "+ca+",")
		assert.Contains(t, log.String(), "\nconfig       "+config+",")
		assert.Contains(t, log.String(), "\n    DATAVERSE_CA_FILE="+ca+" go run . check --config "+config+"\n")
		pem, err := os.ReadFile(ca)
		require.NoError(t, err)
		roots := x509.NewCertPool()
		require.True(t, roots.AppendCertsFromPEM(pem))
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
		defer transport.CloseIdleConnections()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, got["url"]+"/api/data/v9.2/WhoAmI", nil)
		require.NoError(t, err)
		response, err := (&http.Client{Transport: transport}).Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	})
	t.Run("it ends with its context", func(t *testing.T) {
		cancel()
		require.NoError(t, <-ended)
		assert.Contains(t, log.String(), `statistics   {"requests":1,"sign_ins":0,"in_flight":0,"most_in_flight":1,"throttled":0,"by_status":{"401":1}`)
	})
}

func TestFilesWithoutFlagsAreInTheCurrentDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	log, ended := &lines{}, make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--address", "127.0.0.1:0", "--rows", "1"}, log) }()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "Ctrl+C") }, time.Minute, time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
	assert.FileExists(t, "config.json")
	assert.FileExists(t, "ca.pem")
	assert.Contains(t, log.String(), "DATAVERSE_CA_FILE=ca.pem go run . check --config config.json")
}

func TestTheConfigurationHasAllApplicationUsers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	file, log, ended := filepath.Join(t.TempDir(), "config.json"), &lines{}, make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--address", "127.0.0.1:0", "--ca", "", "--config", file, "--rows", "1", "--users", "3"}, log)
	}()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "\nconfig ") }, time.Minute, time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var got configuration
	require.NoError(t, json.Unmarshal(raw, &got))
	assert.Equal(t, []user{
		{"66666666-7777-4888-9999-000000000002", credential{"client_secret", "secret-of-user-2"}},
		{"66666666-7777-4888-9999-000000000003", credential{"client_secret", "secret-of-user-3"}},
	}, got.Further)
}

func TestTheConfigurationHasThePackages(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	file, log, ended := filepath.Join(t.TempDir(), "config.json"), &lines{}, make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--address", "127.0.0.1:0", "--ca", "", "--config", file, "--rows", "1", "--finance-operations",
			"--export-time", "2s", "--finance-operations-fault", "path=/dmf/ cut-after=100"}, log)
	}()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "\nconfig ") }, time.Minute, time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
	assert.Contains(t, log.String(), "packages     https://127.0.0.1:")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var got configuration
	require.NoError(t, json.Unmarshal(raw, &got))
	assert.Equal(t, []project{{"Airbyte export", []string{"USMF", "DEMF"}}, {"Workbooks", []string{"USMF", "DEMF"}}}, got.Packages)
}

func TestAnotherConfigurationIsNotOverwritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	const theirs = `{"url": "https://contoso.crm4.dynamics.com", "client_id": "x", "client_secret_value": "real"}`
	require.NoError(t, os.WriteFile(file, []byte(theirs), 0o600))
	err := run(t.Context(), []string{"--address", "127.0.0.1:0", "--ca", "", "--config", file, "--rows", "1"}, &lines{})
	require.ErrorContains(t, err, "name another file with --config")
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, theirs, string(got))
}

func TestCommandLine(t *testing.T) {
	t.Run("flags reach the options", func(t *testing.T) {
		s, err := parse([]string{"--seed", "7", "--token-at-first-page", "--refuse-edited-select", "--limit-requests", "60", "--dop-hint", "9",
			"--languages", "1031, 1033", "--both-option-sets", "--more-tables", "--contents", "--whole-files", "--elastic-without-owning-columns", "--late-commits", "5s", "--unstable-ties", "--annotations-drop-delta-link",
			"--keys", "three-nodes", "--key-comparison", "as-text", "--scan-by-version", "--servers", "3", "--throttle-queries", "5", "--throttle-queries-code", "0x80048745", "--key-latency", "30ms"}, &lines{})
		require.NoError(t, err)
		assert.Equal(t, uint64(7), s.environment.Seed)
		assert.Equal(t, simulator.FirstPage, s.environment.Behaviors.TokenAt)
		assert.Equal(t, simulator.Refused, s.environment.Behaviors.EditedSelect)
		assert.Equal(t, 5*time.Second, s.environment.Behaviors.LateCommits)
		assert.Equal(t, []int{1031, 1033}, s.environment.Languages)
		assert.True(t, s.environment.Behaviors.BothOptionSets)
		assert.True(t, s.environment.Behaviors.WholeFiles)
		assert.True(t, s.environment.Behaviors.ElasticWithoutOwningColumns)
		assert.True(t, s.environment.Contents)
		assert.Len(t, s.environment.Tables, len(schema.Extended()))
		assert.True(t, s.environment.Behaviors.UnstableTies)
		assert.True(t, s.environment.Behaviors.AnnotationsDropDeltaLink)
		assert.Equal(t, simulator.ThreeNodes, s.environment.Keys)
		assert.Equal(t, simulator.KeysComparedAsText, s.environment.Behaviors.KeyComparison)
		assert.True(t, s.environment.Behaviors.ScanByVersion)
		assert.Equal(t, 3, s.server.Servers)
		assert.Equal(t, simulator.QueryThrottling{Parallel: 5, Code: "0x80048745"}, s.server.QueryThrottling)
		assert.Equal(t, 30*time.Millisecond, s.server.KeyLatency)
		assert.Equal(t, 60, s.server.Limits.Requests)
		assert.Equal(t, 9, s.server.DOPHint)
	})
	t.Run("sign-ins come from flags", func(t *testing.T) {
		s, err := parse([]string{"--federated-subject", "system:serviceaccount:a:b", "--managed-identity", "--refuse-sign-in", "700213"}, &lines{})
		require.NoError(t, err)
		require.Len(t, s.server.Applications, 2)
		assert.Equal(t, []simulator.FederatedCredential{{Subject: "system:serviceaccount:a:b"}}, s.server.Applications[0].FederatedCredentials)
		assert.Equal(t, 700213, s.server.Applications[0].Refused)
		assert.Equal(t, simulator.SystemAssigned, s.server.Applications[1].Identity)
	})
	t.Run("faults come from flags and files", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "faults")
		require.NoError(t, os.WriteFile(file, []byte("# at night\nsql-timeout larger-than=250 count=all\ndropped\n"), 0o600))
		s, err := parse([]string{"--fault", "throttled-requests table=account page=2", "--faults", file, "--latency", "250ms", "--admin"}, &lines{})
		require.NoError(t, err)
		require.Len(t, s.server.Faults, 3)
		assert.Equal(t, faults.All{faults.Table("account"), faults.Page(2)}, s.server.Faults[0].Match)
		assert.Equal(t, faults.LargerThan(250), s.server.Faults[1].Match)
		assert.Equal(t, faults.Drop{}, s.server.Faults[2].Then)
		assert.Equal(t, 250*time.Millisecond, s.server.Latency)
		assert.True(t, s.server.Admin)
	})
	for name, args := range map[string][]string{
		"an unknown flag":           {"--nope"},
		"a word too many":           {"nope"},
		"a contradiction":           {"--ignore-edited-select", "--refuse-edited-select"},
		"an address without a port": {"--address", "nowhere"},
		"a language without a code": {"--languages", "English"},
		"a negative number":         {"--rows", "-1"},
		"keys of no pattern":        {"--keys", "nope"},
		"no kind of comparison":     {"--key-comparison", "nope"},
		"a fault that is none":      {"--fault", "nope"},
		"a file that is not there":  {"--faults", "nowhere"},
		"a certificate not there":   {"--certificate", "nowhere"},
		"a file without one":        {"--certificate", "main.go"},
		"a token of nobody":         {"--token-file", "token"},
		"no user":                   {"--users", "0"},
		"a refusal that is none":    {"--refuse-sign-in", "7"},
	} {
		t.Run(name+" is an error", func(t *testing.T) {
			log := &lines{}
			err := run(t.Context(), args, log)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "\n")
			assert.Empty(t, log.String(), "the error is enough")
		})
	}
	t.Run("a mistyped flag leads to the help", func(t *testing.T) {
		require.ErrorContains(t, run(t.Context(), []string{"--nope"}, &lines{}), "; see --help")
		log := &lines{}
		require.ErrorIs(t, run(t.Context(), []string{"--help"}, log), flag.ErrHelp)
		assert.Contains(t, log.String(), "-latency")
	})
	t.Run("an address in use leads to a free one", func(t *testing.T) {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { assert.NoError(t, listener.Close()) }()
		err = run(t.Context(), []string{"--address", listener.Addr().String(), "--ca", "", "--config", "", "--rows", "1"}, &lines{})
		require.ErrorContains(t, err, "use --address 127.0.0.1:0")
	})
}
