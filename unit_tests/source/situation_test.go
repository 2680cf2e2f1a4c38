package source_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAReadThatHasAStateOutlastsAFailureOfAProxy(t *testing.T) {
	saved := []any{map[string]any{"type": "STREAM", "stream": map[string]any{
		"stream_descriptor": map[string]any{"name": "account"}, "stream_state": map[string]any{"$deltatoken": "919058!08/22"},
	}}}
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
		"it lasts":          {saved, "transient_error", "failed each time with status 404 (a web page with the title \"Contoso Web Gateway\") and without an error code of Dataverse"},
		"there is no state": {nil, "config_error", "The url does not lead to the Web API"},
		"the state has lapsed": {[]any{map[string]any{"type": "STREAM", "stream": map[string]any{
			"stream_descriptor": map[string]any{"name": "account"}, "stream_state": nil,
		}}}, "config_error", "The url does not lead to the Web API"},
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
