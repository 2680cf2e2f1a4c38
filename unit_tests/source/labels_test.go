package source_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	languages    = api + "RetrieveProvisionedLanguages()"
	organization = api + "organizations"
)

// withLabels is a configuration with choice_labels and changes.
func (e *environment) withLabels(changes map[string]any) map[string]any {
	settings := e.settings(changes)
	settings["choice_labels"] = true
	return settings
}

// choiceService is an environment whose table tag has the choice columns color and size.
type choiceService struct {
	*environment
	base   string // the base language, "" if the application user may not read it
	labels map[string]string

	mu      sync.Mutex
	queries []string // of the requests for options
}

// newChoiceService has an option of color, 1, with labels by language, and one of size without a label.
func newChoiceService(t *testing.T, base string, labels map[string]string) *choiceService {
	t.Helper()
	s := &choiceService{environment: newEnvironment(t), base: base, labels: labels}
	column := func(name, typ string) string {
		return `{"LogicalName":"` + name + `","AttributeTypeName":{"Value":"` + typ + `"},"IsValidODataAttribute":true,"IsValidForRead":true}`
	}
	tag := strings.Replace(table("tag", "tagset", false), `"Attributes":[`,
		`"Attributes":[`+column("color", "PicklistType")+","+column("size", "PicklistType")+","+column("size_label", "StringType")+",", 1)
	s.respond(metadata, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query().Get("@p1")
		if !strings.Contains(query, "OptionSet") {
			good(`{"EntityMetadata":[`+tag+`]}`)(w, r)
			return
		}
		s.mu.Lock()
		s.queries = append(s.queries, query)
		s.mu.Unlock()
		good(`{"EntityMetadata":[{"LogicalName":"tag","Attributes":[{"LogicalName":"color","AttributeTypeName":{"Value":"PicklistType"},"OptionSet":`+
			`{"Options":[{"Value":1,"Label":{"LocalizedLabels":[`+s.localized(query)+`],"UserLocalizedLabel":null}}]}}]}]}`)(w, r)
	})
	s.respond(organization, func(w http.ResponseWriter, r *http.Request) {
		if base == "" {
			refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"prvReadOrganization"}}`)(w, r)
			return
		}
		good(`{"value":[{"languagecode":`+base+`}]}`)(w, r)
	})
	s.respond(api+"tagset", good(`{"value":[{"tagid":"t1","name":"red","color":1,"size":2,"size_label":"own"},{"tagid":"t2","name":"blue","color":7,"size":null,"size_label":null}]}`))
	return s
}

// localized returns the labels in the languages that a query asks for.
func (s *choiceService) localized(query string) string {
	var q struct {
		LabelQuery *struct{ FilterLanguages []json.Number }
	}
	_ = json.Unmarshal([]byte(query), &q)
	var all []string
	for language, text := range s.labels {
		if q.LabelQuery == nil || slices.Contains(q.LabelQuery.FilterLanguages, json.Number(language)) {
			all = append(all, `{"Label":"`+text+`","LanguageCode":`+language+`}`)
		}
	}
	return strings.Join(all, ",")
}

// labeledCatalog selects the columns of tag with their labels.
func labeledCatalog() map[string]any {
	properties := map[string]any{}
	for _, name := range []string{"tagid", "name", "color", "color_label", "size", "size_label"} {
		properties[name] = map[string]any{"type": []string{"null", "string", "integer"}}
	}
	return map[string]any{"streams": []any{map[string]any{
		"stream":    map[string]any{"name": "tag", "json_schema": map[string]any{"properties": properties}, "supported_sync_modes": []string{"full_refresh"}},
		"sync_mode": "full_refresh", "destination_sync_mode": "append",
	}}}
}

func TestALabelIsInThePreferredLanguage(t *testing.T) {
	all := map[string]string{"1031": "Rot", "1033": "Red", "1036": "Rouge"}
	for name, c := range map[string]struct {
		language any
		base     string
		labels   map[string]string
		want     any
		requests int
		filter   string
	}{
		"the base language":                       {nil, "1033", all, "Red", 1, "[1033]"},
		"label_language":                          {1031, "1033", all, "Rot", 1, "[1031,1033]"},
		"label_language, which is the base":       {1033, "1033", all, "Red", 1, "[1033]"},
		"the base language, if there is no other": {1031, "1033", map[string]string{"1033": "Red", "1036": "Rouge"}, "Red", 1, "[1031,1033]"},
		"any language":                            {1031, "1033", map[string]string{"1036": "Rouge"}, "Rouge", 2, "[1031,1033]"},
		"no language":                             {1031, "1033", nil, nil, 2, "[1031,1033]"},
		"label_language, without the base":        {1036, "", all, "Rouge", 1, ""},
		"any language, without the base":          {nil, "", map[string]string{"1036": "Rouge"}, "Rouge", 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newChoiceService(t, c.base, c.labels)
			settings := s.withLabels(nil)
			if c.language != nil {
				settings["label_language"] = c.language
			}
			code, o := s.run(t, "read", process{settings: settings, catalog: labeledCatalog()})
			require.Equal(t, 0, code, o.text)
			records := o.of("RECORD")
			require.Len(t, records, 2)
			assert.Equal(t, c.want, records[0].Record.Data["color_label"])
			assert.Nil(t, records[1].Record.Data["color_label"], "a code without an option")
			assert.Contains(t, records[1].Record.Data, "color_label")
			assert.Len(t, s.queries, c.requests)
			if c.filter == "" {
				assert.NotContains(t, s.queries[0], "FilterLanguages")
			} else {
				assert.Contains(t, s.queries[0], `"FilterLanguages":`+c.filter)
			}
			if c.requests > 1 {
				assert.NotContains(t, s.queries[1], "FilterLanguages")
			}
		})
	}
}

func TestAColumnWithTheNameOfALabelIsReported(t *testing.T) {
	s := newChoiceService(t, "1033", map[string]string{"1033": "Red"})
	code, o := s.run(t, "read", process{settings: s.withLabels(nil), catalog: labeledCatalog()})
	require.Equal(t, 0, code, o.text)
	assert.Equal(t, "own", o.of("RECORD")[0].Record.Data["size_label"])
	require.Len(t, warnings(o), 1)
	assert.Contains(t, warnings(o)[0], "Columns of table tag have the name of a choice label and are delivered in its place: size_label.")
	s.respond(definitions, good(`{"value":[{"LogicalName":"tag","EntitySetName":"tagset"}]}`))
	code, o = s.run(t, "discover", process{settings: s.withLabels(nil)})
	require.Equal(t, 0, code, o.text)
	require.Len(t, warnings(o), 1)
	assert.Contains(t, warnings(o)[0], "size_label")
}

func TestLabelsAreReadOnlyIfTheyAreOnAndSelected(t *testing.T) {
	s := newChoiceService(t, "1033", map[string]string{"1033": "Red"})
	code, o := s.run(t, "read", process{settings: s.settings(nil), catalog: labeledCatalog()})
	require.Equal(t, 0, code, o.text)
	assert.Empty(t, s.queries)
	assert.NotContains(t, o.of("RECORD")[0].Record.Data, "color_label")
	require.Len(t, warnings(o), 1)
	assert.Contains(t, warnings(o)[0], "but choice_labels is false, so they are left out")
	code, o = s.run(t, "read", process{settings: s.withLabels(nil), catalog: configured("tag", "full_refresh")})
	require.Equal(t, 0, code, o.text)
	assert.Empty(t, s.queries)
}

func TestAStreamWithoutItsLabelsFailsAlone(t *testing.T) {
	s := newChoiceService(t, "1033", nil)
	definitionOf := standard()[metadata]
	s.respond(metadata, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("@p1"), "OptionSet") {
			refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"Principal user is missing prvReadOptionSet privilege"}}`)(w, r)
			return
		}
		definitionOf(w, r)
	})
	column := `{"LogicalName":"color","AttributeTypeName":{"Value":"PicklistType"},"IsValidODataAttribute":true,"IsValidForRead":true}`
	tag := strings.Replace(table("tag", "tagset", false), `"Attributes":[`, `"Attributes":[`+column+",", 1)
	definitionOf = good(`{"EntityMetadata":[` + tag + "," + table("account", "accounts", true) + `]}`)
	s.respond(api+"EntityDefinitions(LogicalName='tag')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
		refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"Principal user is missing prvReadOptionSet privilege"}}`))
	catalog := labeledCatalog()
	streams := [][]any{catalog["streams"].([]any), configured("account", "incremental")["streams"].([]any)} //nolint:forcetypeassert // as they are made
	catalog["streams"] = slices.Concat(streams...)
	code, o := s.run(t, "read", process{settings: s.withLabels(nil), catalog: catalog})
	assert.Equal(t, 1, code, o.text)
	require.NotEmpty(t, o.failures(), o.text)
	assert.Equal(t, "tag", o.failures()[0].Trace.Error.Stream.Name)
	assert.Contains(t, o.failures()[0].Trace.Error.Message, "prvReadOptionSet")
	assert.Contains(t, o.failures()[0].Trace.Error.Message, "deselect its labels")
	require.NotEmpty(t, o.of("RECORD"))
	for _, r := range o.of("RECORD") {
		assert.Equal(t, "account", r.Record.Stream)
	}
}

func TestLabelLanguageMustBeOneOfTheEnvironment(t *testing.T) {
	e := newEnvironment(t)
	e.respond(languages, good(`{"RetrieveProvisionedLanguages":[1033,1031]}`))
	for language, failed := range map[int]bool{1031: false, 1033: false, 1036: true} {
		code, o := e.run(t, "check", process{settings: e.withLabels(map[string]any{"label_language": language})})
		require.Equal(t, 0, code, o.text)
		status := o.of("CONNECTION_STATUS")[0].ConnectionStatus
		if !failed {
			assert.Equal(t, "SUCCEEDED", status.Status, o.text)
			continue
		}
		assert.Equal(t, "FAILED", status.Status)
		assert.Contains(t, status.Message, "label_language is 1036, but the environment does not provide this language. It provides 1031, 1033.")
	}
	_, o := e.run(t, "check", process{settings: e.settings(map[string]any{"label_language": 1036, "metadata_streams": true})})
	assert.Equal(t, "FAILED", o.of("CONNECTION_STATUS")[0].ConnectionStatus.Status, "metadata streams have names in this language")
}

func TestLabelLanguageIsNotCheckedWhereThatIsImpossible(t *testing.T) {
	e := newEnvironment(t)
	e.respond(languages, refuse(http.StatusForbidden, `{"error":{"code":"0x80040220","message":"no"}}`))
	code, o := e.run(t, "check", process{settings: e.withLabels(map[string]any{"label_language": 1036})})
	require.Equal(t, 0, code, o.text)
	assert.Equal(t, "SUCCEEDED", o.of("CONNECTION_STATUS")[0].ConnectionStatus.Status, o.text)
	assert.Contains(t, o.text, "The languages of the environment cannot be retrieved")
	e.respond(languages, good(`{"RetrieveProvisionedLanguages":[]}`))
	_, o = e.run(t, "check", process{settings: e.settings(map[string]any{"label_language": 1036})})
	assert.Equal(t, "SUCCEEDED", o.of("CONNECTION_STATUS")[0].ConnectionStatus.Status, "without labels and metadata it has no effect")
}
