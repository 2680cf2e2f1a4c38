package source_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"source-microsoft-dataverse/source"
)

func TestACheckTellsWhatTheSignInRefuses(t *testing.T) {
	for name, example := range map[string]struct {
		path         string
		status, code int
		name         string
		parts        []string
	}{
		"the secret is wrong":          {token, 401, 7000215, "invalid_client", []string{"client_secret_value", "not its Secret ID", "AADSTS7000215"}},
		"the secret has expired":       {token, 401, 7000222, "invalid_client", []string{"expired", "AADSTS7000222"}},
		"the application is unknown":   {token, 400, 700016, "unauthorized_client", []string{"client_id", "AADSTS700016"}},
		"the tenant is unknown":        {openID, 400, 90002, "invalid_tenant", []string{"tenant_id", "AADSTS90002"}},
		"the tenant is no tenant's id": {openID, 400, 900023, "invalid_request", []string{"tenant_id", "AADSTS900023"}},
		"the environment is unknown":   {token, 400, 500011, "invalid_resource", []string{"Check url", "AADSTS500011"}},
		"the application is disabled":  {token, 400, 7000112, "unauthorized_client", []string{"disabled", "AADSTS7000112"}},
		"a policy blocks":              {token, 400, 53003, "access_denied", []string{"Conditional Access", "AADSTS53003"}},
		"another code":                 {token, 400, 12345, "invalid_request", []string{"AADSTS12345 (invalid_request)", "Check tenant_id, client_id and client_secret_value"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.answer(example.path, refuseSignIn(example.status, example.code, example.name))
			code, o := e.run(t, "check", process{})
			assertRefused(t, code, o, example.parts...)
			assertQuiet(t, o)

			code, o = e.run(t, "discover", process{})
			assertFailed(t, code, o, "config_error", "")
			assertQuiet(t, o)
		})
	}
}

func TestACheckTellsThatTheSignInHostIsNone(t *testing.T) {
	html := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>"+tenantID+"</html>") }
	for name, example := range map[string]struct {
		answer http.HandlerFunc
		part   string
	}{
		"HTML":      {html, "did not give the answer of a Microsoft Entra authority"},
		"forbidden": {refuse(http.StatusForbidden, "<html>"), "answered 403, and not in the form of Microsoft Entra"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
			"answered 307, and not in the form of Microsoft Entra"},
	} {
		for _, path := range []string{openID, token} {
			t.Run(name+" at "+path[len(tenantID)+2:], func(t *testing.T) {
				e := newEnvironment(t)
				e.answer(path, example.answer)
				code, o := e.run(t, "check", process{})
				assertRefused(t, code, o, example.part, "authority_host")
				assertQuiet(t, o)
			})
		}
	}
}

func TestTheSecretIsNotSentWhereARedirectLeads(t *testing.T) {
	e := newEnvironment(t)
	sent := false
	e.answer("/elsewhere", func(http.ResponseWriter, *http.Request) { sent = true })
	e.answer(token, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusPermanentRedirect)
	})
	code, o := e.run(t, "check", process{})
	assertRefused(t, code, o)
	assert.False(t, sent)
}

func TestACheckTellsWhatTheEnvironmentRefuses(t *testing.T) {
	for name, example := range map[string]struct {
		status int
		body   string
		parts  []string
	}{
		"the user is unknown":    {403, `{"error":{"code":"0x80072560","message":"The user is not a member of the organization."}}`, []string{"no application user", "Power Platform admin center"}},
		"the user has no role":   {403, `{"error":{"code":"0x80042F09","message":"The user has not been assigned any License"}}`, []string{"no security role"}},
		"the user is disabled":   {403, `{"error":{"code":"0x80040225","message":"disabled"}}`, []string{"is disabled", "Enable it"}},
		"a privilege is missing": {403, `{"error":{"code":"0x80040220","message":"Principal user is missing prvReadAccount privilege"}}`, []string{"prvReadAccount", "organisation level"}},
		"some access is missing": {403, `{"error":{"code":"0x80040220","message":"SecLib::AccessCheckEx failed."}}`, []string{"SecLib::AccessCheckEx failed."}},
		"the token is refused":   {401, ``, []string{"refused the token", "tenant_id"}},
		"the url leads to HTML":  {404, `<html>`, []string{"does not lead to the Web API"}},
		"the url leads away":     {302, ``, []string{"does not lead to the Web API"}},
		"something is forbidden": {403, `{"error":{"code":"0x1","message":"no"}}`, []string{"Dataverse forbids this", "403 0x1: no"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.answer(whoAmI, refuse(example.status, example.body))
			code, o := e.run(t, "check", process{})
			assertRefused(t, code, o, example.parts...)
			assertQuiet(t, o)
		})
	}
}

func TestACheckDuringAnOutageIsAnErrorThatMayPass(t *testing.T) {
	html := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Retry-After", "0.001")
		_, _ = io.WriteString(w, "<html>Sign in</html>")
	}
	for name, example := range map[string]struct {
		path      string
		answer    http.HandlerFunc
		beginning string
	}{
		"the service is down":  {whoAmI, refuse(503, ""), "Dataverse kept failing at this request: Dataverse responded with 503"},
		"requests are limited": {whoAmI, refuse(429, `{"error":{"code":"0x80072322","message":"limit"}}`), "Dataverse limits the requests of one user"},
		"a proxy answers":      {whoAmI, html, "Dataverse, or a proxy before it, kept giving answers"},
		"Entra is down":        {token, refuseSignIn(503, 90033, "server_error"), "Microsoft Entra could not sign the connector in now"},
		"the tables break off": {definitions, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "0.001")
			good(`{"value":[`)(w, r)
		}, "The answers to the request to list the tables of the environment kept breaking off"},
		"no connection lasts":   {whoAmI, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The environment could not be reached: "},
		"no sign-in comes back": {token, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The connector could not sign in: sign in: no answer came from the sign-in host: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			e.answer(example.path, example.answer)
			limits := source.Limits{Backoff: 10 * time.Millisecond, Budget: 3 * time.Second}
			code, o := e.run(t, "check", process{limits: limits})
			assertFailed(t, code, o, "transient_error", example.beginning)
			assert.Empty(t, o.of("CONNECTION_STATUS"))
			assert.Regexp(t, "gave up after [0-9]+ attempts", o.failures()[0].Trace.Error.Internal)
			assertQuiet(t, o)
		})
	}
}

func TestAHostThatIsNotThereIsTold(t *testing.T) {
	e := newEnvironment(t)
	for _, setting := range []string{"url", "authority_host"} {
		t.Run(setting, func(t *testing.T) {
			code, o := e.run(t, "check", process{settings: e.settings(map[string]any{setting: "https://nobody.invalid:8443"})})
			if len(o.failures()) == 1 && o.failures()[0].Trace.Error.FailureType == "transient_error" {
				t.Skip("no name server is there to say that the host does not exist")
			}
			assertRefused(t, code, o, "There is no host nobody.invalid")
			assertQuiet(t, o)
		})
	}
}

func TestAConfigurationThatIsWrongHasAllItsProblemsTold(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "check", process{settings: map[string]any{"url": "http://contoso.crm.dynamics.com", "tenant_id": "common", "client_id": clientID}})
	assertRefused(t, code, o, "url ", "tenant_id ", "client_secret_value ")
	code, o = e.run(t, "discover", process{settings: map[string]any{"url": e.URL}})
	assertFailed(t, code, o, "config_error", "the configuration is not usable: ")
}

func TestASelectionOfNoTablesIsTold(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "check", process{settings: e.settings(map[string]any{"include_tables": []string{"contoso_*"}})})
	assertRefused(t, code, o, "include_tables and exclude_tables leave no table")
}

func TestAStreamThatCannotBeReadLeavesTheOthers(t *testing.T) {
	state := func(state any) []any {
		return []any{map[string]any{"type": "STREAM", "stream": map[string]any{
			"stream_descriptor": map[string]any{"name": "account"}, "stream_state": state,
		}}}
	}
	page := func(body string) http.HandlerFunc {
		return good(`{"value":[{"accountid":"a1","name":"x"}]` + body + `}`)
	}
	for name, example := range map[string]struct {
		answer    http.HandlerFunc // of the rows of account
		metadata  http.HandlerFunc
		state     any
		typ       string
		beginning string
	}{
		"the table is gone":            {metadata: good(`{"EntityMetadata":[` + table("tag", "tagset", false) + `]}`), typ: "config_error", beginning: "Dataverse has no table account"},
		"its changes are not tracked":  {metadata: good(`{"EntityMetadata":[` + table("account", "accounts", false) + `,` + table("tag", "tagset", false) + `]}`), typ: "config_error", beginning: "Change tracking of table account is off"},
		"tracking is refused":          {answer: refuse(400, `{"error":{"code":"0x80072491","message":"Entity account isn't enabled for change tracking."}}`), typ: "config_error", beginning: "Change tracking of table account, or of one it relates, is off"},
		"its rows cannot be had":       {answer: refuse(400, `{"error":{"code":"0x80040800","message":"The 'RetrieveMultiple' method does not support entities of type 'account'."}}`), typ: "config_error", beginning: "Dataverse does not let the rows of table account be read"},
		"the privilege is missing":     {answer: refuse(403, `{"error":{"code":"0x80040220","message":"is missing prvReadAccount privilege"}}`), typ: "config_error", beginning: "The application user lacks the privilege prvReadAccount"},
		"the state is of the future":   {state: state(map[string]any{"version": 99}), typ: "config_error", beginning: "A newer version of this connector"},
		"the state is of another kind": {state: state(map[string]any{"version": 1, "phase": "dance"}), typ: "config_error", beginning: "The saved state of the stream is not"},
		"the service is down":          {answer: refuse(503, ""), typ: "transient_error", beginning: "Dataverse kept failing"},
		"the link leads elsewhere":     {answer: page(`,"@odata.deltaLink":"https://evil.example/api/data/v9.2/accounts?$deltatoken=hidden"`), typ: "system_error", beginning: "Dataverse's answer cannot be followed"},
		"the delta link is missing":    {answer: page(``), typ: "system_error", beginning: "Dataverse's answer cannot be followed"},
		"the request is refused":       {answer: refuse(405, ""), typ: "system_error", beginning: "Dataverse refused a request of the connector"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			if example.answer != nil {
				e.answer(api+"accounts", example.answer)
			}
			if example.metadata != nil {
				e.answer(metadata, example.metadata)
			}
			code, o := e.run(t, "read", process{catalog: configured("account", "incremental", "tag", "full_refresh"), state: example.state})
			assert.Equal(t, 1, code)
			failures := o.failures()
			require.Len(t, failures, 2, o.text)
			told := failures[0].Trace.Error
			assert.Equal(t, "account", told.Stream.Name)
			assert.Equal(t, example.typ, told.FailureType)
			assert.Contains(t, told.Message, example.beginning)
			assert.NotContains(t, told.Message+told.Internal, "hidden")

			whole := failures[1].Trace.Error
			assert.Empty(t, whole.Stream.Name)
			assert.Equal(t, example.typ, whole.FailureType, "the read as a whole fails as its stream does")
			assert.Contains(t, whole.Message, "1 of 2 streams could not be read to their end")

			assert.Equal(t, []string{"STARTED", "RUNNING", "COMPLETE"}, slices.Compact(o.statuses("tag")), "it may wait for the other")
			statuses := o.statuses("account")
			assert.Equal(t, "INCOMPLETE", statuses[len(statuses)-1])
		})
	}
}

func TestAReadIsTheUsersToMendIfOneOfItsStreamsIs(t *testing.T) {
	e := newEnvironment(t)
	e.answer(api+"accounts", refuse(503, ""))
	e.answer(api+"tagset", refuse(403, `{"error":{"code":"0x80040220","message":"is missing prvReadTag privilege"}}`))
	code, o := e.run(t, "read", process{catalog: configured("account", "incremental", "tag", "full_refresh")})
	assert.Equal(t, 1, code)
	failures := o.failures()
	require.Len(t, failures, 3)
	assert.Equal(t, "config_error", failures[2].Trace.Error.FailureType)
}

func TestAReadOfWhichNothingIsLeftSaysSo(t *testing.T) {
	e := newEnvironment(t)
	gone := refuse(400, `{"error":{"code":"0x80040800","message":"no"}}`)
	e.answer(api+"accounts", gone)
	e.answer(api+"tagset", gone)
	_, o := e.run(t, "read", process{catalog: configured("account", "incremental", "tag", "full_refresh")})
	failures := o.failures()
	require.Len(t, failures, 3, o.text)
	assert.Contains(t, failures[2].Trace.Error.Message, "None of the streams could be read to its end")
	assert.NotContains(t, failures[2].Trace.Error.Message, "The others")
}

func TestALinkToAnotherHostIsNeverCalled(t *testing.T) {
	var calls atomic.Int64
	stranger := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = io.WriteString(w, `{"value":[]}`)
	}))
	defer stranger.Close()
	for _, member := range []string{"@odata.nextLink", "@odata.deltaLink"} {
		for path, stream := range map[string]string{"accounts": "account", "tagset": "tag"} {
			t.Run(member+" of "+stream, func(t *testing.T) {
				e := newEnvironment(t)
				e.answer(api+path, good(`{"value":[{"`+stream+`id":"a1"}],"`+member+`":"`+strings.Replace(stranger.URL, "127.0.0.1", "localhost", 1)+api+path+`?$skiptoken=1"}`))
				mode := map[string]string{"account": "incremental", "tag": "full_refresh"}[stream]
				code, o := e.run(t, "read", process{catalog: configured(stream, mode)})
				assert.Equal(t, 1, code, o.text)
				require.NotEmpty(t, o.failures())
				assert.Contains(t, o.failures()[0].Trace.Error.Message, "leads out of the environment's Web API")
			})
		}
	}
	assert.Zero(t, calls.Load(), "the token would have gone there")
}
