package simulator_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/integration_tests/simulator"
)

func TestFaultsAreReadFromText(t *testing.T) {
	for text, want := range map[string]simulator.Fault{
		"table=account page=2 status=429 code=0x80072322 retry-after=3 count=1": {Table: "account", Page: 2, Status: 429, Code: "0x80072322", RetryAfter: "3", Count: 1},
		"sql-timeout larger-than=250 count=all":                                 {Status: 500, Code: "0x80044151", LargerThan: 250, Count: -1},
		"phase=sign-in from=10s until=1m status=503 body='{\"a\": \"b\"}'":      {Phase: simulator.PhaseSignIn, From: 10 * time.Second, Until: time.Minute, Status: 503, Body: []byte(`{"a": "b"}`)},
		`status=400 code=0x1 message="it's over"`:                               {Status: 400, Code: "0x1", Message: "it's over"},
		"probability=5% seed=7 each=true delay=250ms nth=4":                     {Probability: 0.05, Seed: 7, Each: true, Delay: 250 * time.Millisecond, Nth: 4},
		"links=foreign contains=$skiptoken=x method=GET path=/api":              {Links: simulator.ForeignLinks, Contains: "$skiptoken=x", Method: "GET", Path: "/api"},
		"cut-after=9 stall-after=8 bytes-per-second=7 dop-hint=6":               {CutAfter: 9, StallAfter: 8, BytesPerSecond: 7, DOPHint: 6},
		`status=401 claims={"access_token":{}}`:                                 {Status: 401, Challenge: true, Claims: `{"access_token":{}}`},
		"  stalled \t table=task ":                                              {StallAfter: 64, Table: "task"},
		"body=x content-type=text/plain content-encoding=br":                    {Body: []byte("x"), ContentType: "text/plain", ContentEncoding: "br"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := simulator.ParseFault(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestTextThatIsNoFaultIsRefused(t *testing.T) {
	for text, told := range map[string]string{
		"":                        "without words",
		"nope":                    `"nope" is no kind`,
		"table=account sql-limit": `"sql-limit" is no field`,
		"color=red":               `"color=red" is no field`,
		"page=0":                  "not a number above 0",
		"count=-1":                "not a number above 0",
		"phase=lunch":             "not one of [sign-in",
		"links=none":              "not one of [foreign",
		"probability=50":          "not a probability",
		"delay=3":                 "not a time",
		`message="open`:           "not closed",
		"each=perhaps":            "each=perhaps",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := simulator.ParseFault(text)
			require.ErrorContains(t, err, told)
		})
	}
	t.Run("a file tells the line", func(t *testing.T) {
		list, err := simulator.ParseFaults(strings.NewReader("# comment\n\ndropped\n  cut table=account\n"))
		require.NoError(t, err)
		assert.Len(t, list, 2)
		_, err = simulator.ParseFaults(strings.NewReader("dropped\nnope\n"))
		require.ErrorContains(t, err, "line 2: ")
	})
}

func TestTheReadmeNamesEachKindAndPhase(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, kind := range simulator.FaultKinds() {
		assert.Contains(t, string(readme), "| `"+kind.Name+"` | "+kind.Tell+" |")
	}
	for _, phase := range simulator.Phases() {
		assert.Contains(t, string(readme), "`"+string(phase)+"`")
	}
}
