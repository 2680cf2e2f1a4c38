package integration_tests_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/binary"
	"source-microsoft-dataverse/integration_tests/destination"
	"source-microsoft-dataverse/integration_tests/simulator"
)

// wrongEnvironment is an environment in which one thing is wrong, what a check reports, and what becomes of a read.
type wrongEnvironment struct {
	config  map[string]any // the settings that differ
	options func(*simulator.Options)
	server  func(*testing.T, *simulator.ServerOptions)
	spoil   func(*lab) // what is wrong

	failed string // a part of the message with which the check fails, "" if it succeeds
	logged string // a part of a warning of the check, or of an info after "INFO "

	read    []string // the streams; nil: account
	full    bool     // they are read in full
	error   string   // a part of the message of a stream or of the read that fails, "" if it succeeds
	warning string   // a part of a warning of the read
}

// inspected opens the lab of an environment.
func (w wrongEnvironment) inspected(t *testing.T) *lab {
	t.Helper()
	options := simulator.Options{Seed: 5, Rows: map[string]int{
		"account": 20, "contact": 20, "contoso_everything": 20, "contoso_child": 8, "contoso_sensordata": 8, "plugintracelog": 2,
	}}
	if w.options != nil {
		w.options(&options)
	}
	var server simulator.ServerOptions
	if w.server != nil {
		w.server(t, &server)
	}
	l := serve(t, options, server)
	for name, value := range w.config {
		l.config[name] = value
		if value == nil {
			delete(l.config, name)
		}
	}
	if w.spoil != nil {
		w.spoil(l)
	}
	return l
}

// logOf returns the messages of a level.
func logOf(t *testing.T, result binary.Result, level string) string {
	t.Helper()
	var texts []string
	for _, m := range messages(t, result) {
		if m.Log != nil && m.Log.Level == level {
			texts = append(texts, m.Log.Message)
		}
	}
	return strings.Join(texts, "\n")
}

// requireFinding requires that a check of the environment reports what is wrong with it, and nothing worse.
func (w wrongEnvironment) requireFinding(t *testing.T, result binary.Result) {
	t.Helper()
	require.Equal(t, 0, result.ExitCode, "%s", result.Lines)
	status := statusOf(t, result)
	if w.failed == "" {
		assert.Equal(t, destination.ConnectionStatus{Status: "SUCCEEDED"}, status)
	} else {
		assert.Equal(t, "FAILED", status.Status)
		assert.Contains(t, status.Message, w.failed)
	}
	if info, is := strings.CutPrefix(w.logged, "INFO "); is {
		assert.Contains(t, logOf(t, result, "INFO"), info)
	} else if w.logged != "" {
		assert.Contains(t, logOf(t, result, "WARN"), w.logged)
	}
}

// requireRead requires that a read of the environment fails or succeeds as the finding leads to expect.
func (w wrongEnvironment) requireRead(t *testing.T, l *lab, c destination.Catalog) {
	t.Helper()
	d := destination.New()
	report, result := l.apply(d, c, l.runWith(nil, l.readArgs(d, c)...))
	if w.warning != "" {
		assert.Len(t, warningsWith(t, result, w.warning), 1, "%s", logOf(t, result, "WARN"))
	}
	if w.error == "" {
		assert.Equal(t, 0, result.ExitCode, "%v", report.Errors)
		return
	}
	require.Equal(t, 1, result.ExitCode)
	var texts []string
	for _, m := range messages(t, result) {
		if m.Trace != nil && m.Trace.Error != nil {
			texts = append(texts, m.Trace.Error.Message)
		}
	}
	assert.Contains(t, strings.Join(texts, "\n"), w.error)
}

// catalogs are configured catalogs of an environment in which nothing is wrong.
func (l *lab) catalogs() func(w wrongEnvironment) destination.Catalog {
	streams := l.discover()
	return func(w wrongEnvironment) destination.Catalog {
		names := w.read
		if names == nil {
			names = []string{"account"}
		}
		c, err := destination.Configure(streams, names...)
		require.NoError(l.t, err)
		if w.full {
			c.Overwrite(1)
		}
		return c
	}
}

func TestACheckFindsWhatIsWrongAndAReadAgrees(t *testing.T) {
	t.Parallel()
	catalogOf := wrongEnvironment{}.inspected(t).catalogs()
	count := 0
	for _, list := range []map[string]wrongEnvironment{wrongSignIns(), wrongRights(), wrongTables(), wrongServices()} {
		for name, w := range list {
			count++
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := catalogOf(w)
				l := w.inspected(t)
				w.requireFinding(t, l.run("check", "--config", l.configFile()))
				w.requireRead(t, l, c)
			})
		}
	}
	assert.GreaterOrEqual(t, count, 40)
}

// withinDays is a server that accepts a certificate which expires in so many days, and the credentials of it.
func withinDays(days int) wrongEnvironment {
	var certificate clientCertificate
	return wrongEnvironment{
		config: map[string]any{"client_secret_value": nil},
		server: func(t *testing.T, s *simulator.ServerOptions) {
			certificate = clientCertificateUntil(t, time.Now().AddDate(0, 0, days).Add(time.Hour))
			a := simulator.DefaultApplication()
			a.Secret, a.Certificates = "", append(a.Certificates, certificate.leaf)
			s.Applications = []simulator.Application{a}
		},
		spoil: func(l *lab) {
			l.config["credentials"] = map[string]any{"auth_type": "client_certificate", "certificate": certificate.pem(l.t, "")}
		},
	}
}
