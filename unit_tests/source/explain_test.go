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

func TestACheckExplainsARejectedSignIn(t *testing.T) {
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
		"another code": {token, 400, 12345, "invalid_request", []string{
			"AADSTS12345 (invalid_request), correlation id c1. Entra's explanation: Application ... in ... with ....",
			"Check tenant_id, client_id and client_secret_value", "https://login.microsoftonline.com/error?code=12345."}},
		"a proxy restricts tenants": {token, 400, 5000211, "invalid_request", []string{"tenant restrictions of your network", "AADSTS5000211"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.respond(example.path, refuseSignIn(example.status, example.code, example.name))
			code, o := e.run(t, "check", process{})
			assertRefused(t, code, o, example.parts...)
			assertQuiet(t, o)

			code, o = e.run(t, "discover", process{})
			assertFailed(t, code, o, "config_error", "")
			assertQuiet(t, o)
		})
	}
}

func TestACheckExplainsAHostThatIsNotEntra(t *testing.T) {
	html := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>"+tenantID+"</html>") }
	for name, example := range map[string]struct {
		response http.HandlerFunc
		part     string
	}{
		"HTML":      {html, "the sign-in host responded with status 200 and a web page, which is not a response of Microsoft Entra"},
		"forbidden": {refuse(http.StatusForbidden, "<html>"), "responded with status 403 and a web page, which is not a response of Microsoft Entra"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
			"responded with status 307 and a redirect to another page of the same host, which is not a response of Microsoft Entra"},
	} {
		for _, path := range []string{openID, token} {
			t.Run(name+" at "+path[len(tenantID)+2:], func(t *testing.T) {
				e := newEnvironment(t)
				e.respond(path, example.response)
				code, o := e.run(t, "check", process{})
				assertRefused(t, code, o, example.part, "authority_host")
				assertQuiet(t, o)
			})
		}
	}
}

func TestTheSecretIsNotSentToTheTargetOfARedirect(t *testing.T) {
	e := newEnvironment(t)
	sent := false
	e.respond("/elsewhere", func(http.ResponseWriter, *http.Request) { sent = true })
	e.respond(token, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusPermanentRedirect)
	})
	code, o := e.run(t, "check", process{})
	assertRefused(t, code, o)
	assert.False(t, sent)
}

func TestACheckExplainsWhatTheEnvironmentRejects(t *testing.T) {
	for name, example := range map[string]struct {
		status int
		body   string
		parts  []string
	}{
		"the user is unknown":    {403, `{"error":{"code":"0x80072560","message":"The user is not a member of the organization."}}`, []string{"no application user", "Power Platform admin center"}},
		"the user has no role":   {403, `{"error":{"code":"0x80042F09","message":"The user has not been assigned any License"}}`, []string{"no security role"}},
		"the address is blocked": {403, `{"error":{"code":"0x80095ffe","message":"access to your ip 203.0.113.7 is blocked"}}`, []string{"IP firewall", ", which is 203.0.113.7. Add"}},
		"the user is unlicensed": {403, `{"error":{"code":"0x8004D24B","message":"The user has not been assigned any License"}}`, []string{"has no license", "application user does not need"}},
		"the environment is off": {403, `{"error":{"code":"0x8004A104","message":"disabled"}}`, []string{"administration mode"}},
		"the user is disabled":   {403, `{"error":{"code":"0x80040225","message":"disabled"}}`, []string{"is deactivated", "Activate it"}},
		"a privilege is missing": {403, `{"error":{"code":"0x80040220","message":"Principal user is missing prvReadAccount privilege"}}`, []string{"prvReadAccount", "has this privilege"}},
		"some access is missing": {403, `{"error":{"code":"0x80040220","message":"SecLib::AccessCheckEx failed."}}`, []string{"SecLib::AccessCheckEx failed. Assign"}},
		"the token is refused":   {401, ``, []string{"rejected the access token", "tenant_id"}},
		"the url is a web site":  {404, `<html>`, []string{"does not lead to the Web API"}},
		"the url redirects":      {302, ``, []string{"does not lead to the Web API"}},
		"something is forbidden": {403, `{"error":{"code":"0x1","message":"no"}}`, []string{"Dataverse does not allow the application user", "403 0x1: no"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.respond(whoAmI, refuse(example.status, example.body))
			code, o := e.run(t, "check", process{})
			assertRefused(t, code, o, example.parts...)
			assertQuiet(t, o)
		})
	}
}

func TestACheckDuringAnOutageIsATransientError(t *testing.T) {
	html := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Retry-After", "0.001")
		_, _ = io.WriteString(w, "<html>Sign in</html>")
	}
	for name, example := range map[string]struct {
		path      string
		response  http.HandlerFunc
		beginning string
	}{
		"the service is down":  {whoAmI, refuse(503, ""), "The request to identify the application user failed each time with status 503"},
		"requests are limited": {whoAmI, refuse(429, `{"error":{"code":"0x80072322","message":"limit"}}`), "The service protection limits of Dataverse rejected the connector's requests"},
		"a proxy responds":     {whoAmI, html, "The response to the request to identify the application user was a web page each time"},
		"Entra is down":        {token, refuseSignIn(503, 90033, "server_error"), "The connector could not sign in: Microsoft Entra rejected the sign-in with AADSTS90033"},
		"the tables break off": {definitions, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "0.001")
			good(`{"value":[`)(w, r)
		}, "The response to the request to list the tables of the environment was cut off each time"},
		"no connection lasts":   {whoAmI, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The environment could not be reached: "},
		"no sign-in comes back": {token, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "The connector could not sign in: the sign-in host sent no response: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			e.respond(example.path, example.response)
			limits := source.Limits{Backoff: 10 * time.Millisecond, Budget: 3 * time.Second}
			code, o := e.run(t, "check", process{limits: limits})
			assertFailed(t, code, o, "transient_error", example.beginning)
			assert.Empty(t, o.of("CONNECTION_STATUS"))
			assert.Regexp(t, "gave up after [0-9]+ attempts", o.failures()[0].Trace.Error.Internal)
			assertQuiet(t, o)
		})
	}
}

func TestAHostThatDoesNotExistIsNamed(t *testing.T) {
	e := newEnvironment(t)
	for _, setting := range []string{"url", "authority_host"} {
		t.Run(setting, func(t *testing.T) {
			code, o := e.run(t, "check", process{settings: e.settings(map[string]any{setting: "https://nobody.invalid:8443"})})
			if len(o.failures()) == 1 && o.failures()[0].Trace.Error.FailureType == "transient_error" {
				t.Skip("no name server is there to say that the host does not exist")
			}
			assertRefused(t, code, o, "host nobody.invalid in "+setting+" cannot be found", "Check "+setting)
			assertQuiet(t, o)
		})
	}
}

func TestAllProblemsOfAConfigurationAreReported(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "check", process{settings: map[string]any{"url": "http://contoso.crm.dynamics.com", "tenant_id": "common", "client_id": clientID}})
	assertRefused(t, code, o, "url ", "tenant_id ", "client_secret_value ")
	code, o = e.run(t, "discover", process{settings: map[string]any{"url": e.URL}})
	assertFailed(t, code, o, "config_error", "The configuration is invalid: ")
}

func TestASelectionOfNoTablesIsReported(t *testing.T) {
	e := newEnvironment(t)
	code, o := e.run(t, "check", process{settings: e.settings(map[string]any{"include_tables": []string{"contoso_*"}})})
	assertRefused(t, code, o, "include_tables and exclude_tables select no table")
}

func TestAStreamThatCannotBeReadIsExplained(t *testing.T) {
	state := func(state any) []any {
		return []any{map[string]any{"type": "STREAM", "stream": map[string]any{
			"stream_descriptor": map[string]any{"name": "account"}, "stream_state": state,
		}}}
	}
	page := func(body string) http.HandlerFunc {
		return good(`{"value":[{"accountid":"a1","name":"x"}]` + body + `}`)
	}
	for name, example := range map[string]struct {
		response  http.HandlerFunc // of the rows of account
		metadata  http.HandlerFunc
		state     any
		typ       string
		beginning string
	}{
		"the table is gone":            {metadata: good(`{"EntityMetadata":[` + table("tag", "tagset", false) + `]}`), typ: "config_error", beginning: "The environment has no table account"},
		"its changes are not tracked":  {metadata: good(`{"EntityMetadata":[` + table("account", "accounts", false) + `,` + table("tag", "tagset", false) + `]}`), typ: "config_error", beginning: "Change tracking of table account is off"},
		"tracking is refused":          {response: refuse(400, `{"error":{"code":"0x80072491","message":"Entity account isn't enabled for change tracking."}}`), typ: "config_error", beginning: "Change tracking of table account, or of a table that it relates, is off"},
		"its rows cannot be listed":    {response: refuse(400, `{"error":{"code":"0x80040800","message":"The 'RetrieveMultiple' method does not support entities of type 'account'."}}`), typ: "config_error", beginning: "Dataverse does not allow the rows of table account to be listed"},
		"the privilege is missing":     {response: refuse(403, `{"error":{"code":"0x80040220","message":"is missing prvReadAccount privilege"}}`), typ: "config_error", beginning: "The application user lacks the privilege prvReadAccount"},
		"the state is of the future":   {state: state(map[string]any{"version": 99}), typ: "config_error", beginning: "A newer version of this connector"},
		"the state is of another kind": {state: state(map[string]any{"version": 1, "phase": "dance"}), typ: "config_error", beginning: "The saved state of the stream was not written by this connector"},
		"the service is down":          {response: refuse(503, ""), typ: "transient_error", beginning: "The request to read a page of account failed each time with status 503"},
		"the link is of another host":  {response: page(`,"@odata.deltaLink":"https://evil.example/api/data/v9.2/accounts?$deltatoken=hidden"`), typ: "system_error", beginning: "cannot follow the response of Dataverse without losing rows"},
		"the delta link is missing":    {response: page(``), typ: "system_error", beginning: "cannot follow the response of Dataverse without losing rows"},
		"the service fails":            {response: refuse(500, `{"error":{"code":"0x80040216","message":"An unexpected error occurred."}}`), typ: "transient_error", beginning: "Each attempt to read a page of account failed: Dataverse responded with"},
		"the request is refused":       {response: refuse(400, `{"error":{"code":"0x8004e023","message":"no"}}`), typ: "system_error", beginning: "Dataverse rejected a request of the connector"},
		"a plug-in fails":              {response: refuse(400, `{"error":{"code":"0x80040265","message":"no"}}`), typ: "transient_error", beginning: "Each attempt to read a page of account failed: Dataverse responded with"},
		"the url is too long":          {response: refuse(414, ""), typ: "config_error", beginning: "is too long for a proxy"},
		"a proxy refuses":              {response: refuse(405, ""), typ: "transient_error", beginning: "A proxy or firewall responded in place of Dataverse"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.respond(api+"$batch", refuse(http.StatusRequestURITooLong, "")) // a proxy that refuses long urls in any request
			if example.response != nil {
				e.respond(api+"accounts", example.response)
			}
			if example.metadata != nil {
				e.respond(metadata, example.metadata)
			}
			code, o := e.run(t, "read", process{catalog: configured("account", "incremental", "tag", "full_refresh"), state: example.state})
			assert.Equal(t, 1, code)
			failures := o.failures()
			require.Len(t, failures, 2, o.text)
			failure := failures[0].Trace.Error
			assert.Equal(t, "account", failure.Stream.Name)
			assert.Equal(t, example.typ, failure.FailureType)
			assert.Contains(t, failure.Message, example.beginning)
			assert.NotContains(t, failure.Message+failure.Internal, "hidden")

			all := failures[1].Trace.Error
			assert.Empty(t, all.Stream.Name)
			assert.Equal(t, example.typ, all.FailureType, "the read as a whole fails as its stream does")
			assert.Contains(t, all.Message, "1 of 2 streams were not read completely")

			assert.Equal(t, []string{"STARTED", "RUNNING", "COMPLETE"}, slices.Compact(o.statuses("tag")), "it may wait for the other")
			statuses := o.statuses("account")
			assert.Equal(t, "INCOMPLETE", statuses[len(statuses)-1])
		})
	}
}

func TestAConfigErrorOfAStreamMakesTheReadAConfigError(t *testing.T) {
	e := newEnvironment(t)
	e.respond(api+"accounts", refuse(503, ""))
	e.respond(api+"tagset", refuse(403, `{"error":{"code":"0x80040220","message":"is missing prvReadTag privilege"}}`))
	code, o := e.run(t, "read", process{catalog: configured("account", "incremental", "tag", "full_refresh")})
	assert.Equal(t, 1, code)
	failures := o.failures()
	require.Len(t, failures, 3)
	assert.Equal(t, "config_error", failures[2].Trace.Error.FailureType)
}

func TestAReadWhoseStreamsAllFailSaysSo(t *testing.T) {
	e := newEnvironment(t)
	gone := refuse(400, `{"error":{"code":"0x80040800","message":"no"}}`)
	e.respond(api+"accounts", gone)
	e.respond(api+"tagset", gone)
	_, o := e.run(t, "read", process{catalog: configured("account", "incremental", "tag", "full_refresh")})
	failures := o.failures()
	require.Len(t, failures, 3, o.text)
	assert.Contains(t, failures[2].Trace.Error.Message, "No stream was read completely")
	assert.NotContains(t, failures[2].Trace.Error.Message, "The others")
}

func TestALinkToAnotherHostIsNeverCalled(t *testing.T) {
	var calls atomic.Int64
	other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = io.WriteString(w, `{"value":[]}`)
	}))
	defer other.Close()
	for _, member := range []string{"@odata.nextLink", "@odata.deltaLink"} {
		for path, stream := range map[string]string{"accounts": "account", "tagset": "tag"} {
			t.Run(member+" of "+stream, func(t *testing.T) {
				e := newEnvironment(t)
				e.respond(api+path, good(`{"value":[{"`+stream+`id":"a1"}],"`+member+`":"`+strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+api+path+`?$skiptoken=1"}`))
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
