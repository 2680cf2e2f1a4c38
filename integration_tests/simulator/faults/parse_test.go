package faults_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

func TestFaultsAreReadFromText(t *testing.T) {
	for text, want := range map[string]faults.Fault{
		"table=account page=2 status=429 code=0x80072322 retry-after=3 count=1": {
			Match: faults.All{faults.Table("account"), faults.Page(2)}, When: faults.Timing{Count: 1},
			Then: faults.Chain{faults.Header{Name: "Retry-After", Value: "3"}, faults.Error{Status: 429, Code: "0x80072322"}},
		},
		"sql-timeout larger-than=250 count=all": {Match: faults.LargerThan(250), When: faults.Timing{Count: faults.Forever}, Then: faults.Error{Status: 500, Code: "0x80044151"}},
		"phase=sign-in from=10s until=1m status=503 body='{\"a\": \"b\"}'": {
			Match: faults.PhaseSignIn, When: faults.Timing{From: 10 * time.Second, Until: time.Minute},
			Then: faults.Response{Status: 503, Body: []byte(`{"a": "b"}`)},
		},
		`status=400 code=0x1 message="it's over"`: {Then: faults.Error{Status: 400, Code: "0x1", Message: "it's over"}},
		"probability=5% seed=7 each=true delay=250ms nth=4": {
			When: faults.Timing{Probability: 0.05, Seed: 7, Each: true, Nth: 4}, Then: faults.Delay(250 * time.Millisecond),
		},
		"links=other-host contains=$skiptoken=x method=GET path=/api": {
			Match: faults.All{faults.Method("GET"), faults.PathPrefix("/api"), faults.Contains("$skiptoken=x")}, Then: faults.OtherHostLinks,
		},
		"cut-after=9 stall-after=8 bytes-per-second=7 dop-hint=6": {
			Then: faults.Chain{faults.Transfer{CutAfter: 9, StallAfter: 8, BytesPerSecond: 7}, faults.DOPHint(6)},
		},
		`status=401 claims={"access_token":{}}`: {
			Match: faults.LacksClaims(`{"access_token":{}}`), Then: faults.Unauthorized{Claims: `{"access_token":{}}`},
		},
		"  stalled \t table=task ": {Match: faults.Table("task"), Then: faults.Transfer{StallAfter: 64}},
		"body=x content-type=text/plain content-encoding=br": {
			Then: faults.Response{Body: []byte("x"), ContentType: "text/plain", ContentEncoding: "br"},
		},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := faults.Parse(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestInvalidFaultsAreRejected(t *testing.T) {
	for text, problem := range map[string]string{
		"":                        "without words",
		"nope":                    `"nope" is not a kind`,
		"table=account sql-limit": `"sql-limit" is not a field`,
		"color=red":               `"color=red" is not a field`,
		"page=0":                  "not a number above 0",
		"count=-1":                "not a number above 0",
		"phase=lunch":             "not one of [sign-in",
		"links=none":              "not one of [other-host",
		"probability=50":          "not a probability",
		"delay=3":                 "not a time",
		`message="open`:           "not closed",
		"each=perhaps":            "each=perhaps",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := faults.Parse(text)
			require.ErrorContains(t, err, problem)
		})
	}
	t.Run("a file names the line", func(t *testing.T) {
		list, err := faults.ParseAll(strings.NewReader("# comment\n\ndropped\n  cut table=account\n"))
		require.NoError(t, err)
		assert.Len(t, list, 2)
		_, err = faults.ParseAll(strings.NewReader("dropped\nnope\n"))
		require.ErrorContains(t, err, "line 2: ")
	})
}

func TestKindsAreWhatTheirConstructorsMake(t *testing.T) {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	for name, want := range map[string]faults.Fault{
		"throttled-requests":    faults.Throttling("1"),
		"throttled-execution":   faults.ThrottledBy(faults.LimitOfExecution, "1"),
		"throttled-concurrency": faults.ThrottledBy(faults.LimitOfConcurrency, "1"),
		"bad-gateway":           faults.GatewayError(502),
		"unavailable":           faults.GatewayError(503),
		"gateway-timeout":       faults.GatewayError(504),
		"login-page":            faults.LoginPage(),
		"broken-json":           faults.BrokenJSON(),
		"broken-gzip":           faults.BrokenGzip(),
		"cut":                   faults.Cut(64),
		"stalled":               faults.Stalled(64),
		"dropped":               faults.Dropped(),
		"sql-timeout":           faults.SQLTimeout(),
		"too-expensive":         faults.TooExpensive(),
		"echo":                  faults.Echoed(500, "0x80040216"),
		"revoked-token":         faults.RevokedToken(),
		"demanded-claims":       faults.DemandedClaims(claims),
		"sign-in-outage":        faults.SignInOutage(),
		"other-host-links":      {Then: faults.OtherHostLinks},
		"repeated-links":        {Then: faults.RepeatedLinks},
		"missing-delta-link":    {Then: faults.MissingDeltaLink},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := faults.Parse(name)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	for _, kind := range faults.Kinds() {
		_, err := faults.Parse(kind.Name)
		require.NoError(t, err, kind.Name)
	}
}

func TestTheReadmeNamesEachKindAndPhase(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	for _, kind := range faults.Kinds() {
		assert.Contains(t, string(readme), "| `"+kind.Name+"` | "+kind.Description+" |")
	}
	for _, phase := range faults.Phases() {
		assert.Contains(t, string(readme), "`"+string(phase)+"`")
	}
}
