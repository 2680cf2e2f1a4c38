package source_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

// stateOfAccount is a state file with a state of the stream account.
func stateOfAccount(state any) []any {
	return []any{map[string]any{"type": "STREAM", "stream": map[string]any{
		"stream_descriptor": map[string]any{"name": "account"}, "stream_state": state,
	}}}
}

func TestAReadThatHasAStateOutlastsAFailureOfAProxy(t *testing.T) {
	saved := stateOfAccount(map[string]any{"$deltatoken": "919058!08/22"})
	const page = "<title>Contoso Web Gateway</title>"
	t.Run("it ends", func(t *testing.T) {
		e := newEnvironment(t)
		requests := 0
		e.respond(whoAmI, func(w http.ResponseWriter, r *http.Request) {
			if requests++; requests <= 5 {
				refuse(http.StatusNotFound, page)(w, r)
				return
			}
			standard()[whoAmI](w, r)
		})
		code, o := e.run(t, "read", process{catalog: configured("tag", "full_refresh"), state: saved})
		assert.Equal(t, 0, code, o.text)
	})
	for name, example := range map[string]struct {
		state any
		typ   string
		words string
	}{
		"it lasts":             {saved, "transient_error", "failed each time with status 404 (a web page with the title \"Contoso Web Gateway\") and without an error code of Dataverse"},
		"there is no state":    {nil, "config_error", "The url does not lead to the Web API"},
		"the state has lapsed": {stateOfAccount(nil), "config_error", "The url does not lead to the Web API"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnvironment(t)
			e.respond(whoAmI, refuse(http.StatusNotFound, page))
			code, o := e.run(t, "read", process{catalog: configured("tag", "full_refresh"), state: example.state})
			assertFailed(t, code, o, example.typ, "")
			assert.Contains(t, o.failures()[0].Trace.Error.Message, example.words)
		})
	}
}

func TestANameThatWasKnownBeforeIsNotBlamedOnTheURL(t *testing.T) {
	e := newEnvironment(t)
	saved := stateOfAccount(map[string]any{"$deltatoken": "919058!08/22"})
	code, o := e.run(t, "read", process{
		settings: e.settings(map[string]any{"url": "https://nobody.invalid"}), catalog: configured("account", "incremental"), state: saved,
	})
	assertFailed(t, code, o, "transient_error", "The name server (DNS) did not resolve nobody.invalid: ")
	message := o.failures()[0].Trace.Error.Message
	assert.Contains(t, message, "Sync again. If the problem persists, check the DNS settings")
	assert.NotContains(t, message, "url")
}

func TestAResponseWithoutACodeIsQuoted(t *testing.T) {
	e := newEnvironment(t)
	e.respond(whoAmI, refuse(http.StatusForbidden, `{"message":"Blocked by the policy of Contoso."}`))
	code, o := e.run(t, "check", process{})
	assertFailed(t, code, o, "transient_error",
		"The request to identify the application user failed each time with status 403 (Blocked by the policy of Contoso) and without an error code of Dataverse. ")
}
