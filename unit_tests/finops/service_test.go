package finops_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"source-microsoft-dataverse/source/finops"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const root = "https://contoso.operations.dynamics.com"

// service responds to the requests of a client, without a network so that the time of a test can be virtual.
type service struct {
	mu       sync.Mutex
	requests []string // methods and paths, or the name of an action
	actions  map[string]func(arguments map[string]any) reply
	sets     map[string]func(r *http.Request) reply // by the path before its query
	blob     func(r *http.Request) reply
}

// reply is a response, or an error of the network.
type reply struct {
	status int
	header map[string]string
	body   string
	cut    bool // the body breaks off
	err    error
}

func newService() *service {
	return &service{actions: map[string]func(map[string]any) reply{}, sets: map[string]func(*http.Request) reply{}}
}

// client returns a client with the options.
func (s *service) client(t *testing.T, o finops.Options) *finops.Client {
	t.Helper()
	o.Folder = t.TempDir()
	return finops.New(root, tokens{}, s, o)
}

// count returns how many requests began with a text.
func (s *service) count(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

const actionPath = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."

// RoundTrip implements http.RoundTripper.
func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	name, isAction := strings.CutPrefix(r.URL.Path, actionPath)
	label := r.Method + " " + r.URL.Path
	var respond func() reply
	switch {
	case r.URL.Host == "storage.blob.core.windows.net":
		label = "blob"
		respond = func() reply { return s.blob(r) }
	case isAction:
		label = name
		var arguments map[string]any
		_ = json.Unmarshal(body, &arguments)
		if f := s.actions[name]; f != nil {
			respond = func() reply { return f(arguments) }
		}
	default:
		if f := s.sets[r.URL.Path]; f != nil {
			respond = func() reply { return f(r) }
		}
	}
	s.mu.Lock()
	s.requests = append(s.requests, label)
	s.mu.Unlock()
	if respond == nil {
		return nil, fmt.Errorf("no response is prepared for %s", label)
	}
	prepared := respond()
	if prepared.err != nil {
		return nil, prepared.err
	}
	response := &http.Response{StatusCode: prepared.status, Header: http.Header{}, Request: r, ContentLength: int64(len(prepared.body))}
	if prepared.status == 0 {
		response.StatusCode = http.StatusOK
	}
	for name, value := range prepared.header {
		response.Header.Set(name, value)
	}
	var reader io.Reader = strings.NewReader(prepared.body)
	if prepared.cut {
		reader = io.MultiReader(reader, brokenReader{})
		response.ContentLength = -1
	}
	response.Body = io.NopCloser(reader)
	return response, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

type tokens struct{}

func (tokens) Token(context.Context) (string, error)       { return "token", nil }
func (tokens) Renew(context.Context, string, string) error { return nil }

// value is the response of an action.
func value(text string) reply {
	quoted, _ := json.Marshal(text)
	return reply{body: `{"@odata.context":"x","value":` + string(quoted) + `}`}
}

// refusal is a refusal in the form of the service.
func refusal(status int, message string) reply {
	quoted, _ := json.Marshal(message)
	return reply{
		status: status, header: map[string]string{"Content-Type": "application/json"},
		body: `{"error":{"code":"","message":"An error has occurred.","innererror":{"message":` + string(quoted) +
			`,"type":"System.InvalidOperationException","stacktrace":"at Secret.Stack()"}}}`,
	}
}

func unknownExecution() reply {
	return refusal(http.StatusBadRequest, "Exception occurred while executing action GetExecutionSummaryStatus on Entity "+
		"DataManagementDefinitionGroup: Execution details were not found for execution id: x")
}

// rows is a page of a set.
func rows(t *testing.T, all ...map[string]any) reply {
	t.Helper()
	if all == nil {
		all = []map[string]any{}
	}
	page, err := json.Marshal(map[string]any{"value": all})
	if err != nil {
		t.Fatal(err)
	}
	return reply{body: string(page)}
}

// execution is one to run.
func execution() finops.Execution {
	return finops.Execution{ID: "ab-Sales-USMF-20261128T120000Z-0123456789abcdef", Project: "Sales", Company: "USMF", Requested: time.Now()}
}
