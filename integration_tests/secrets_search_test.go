package integration_tests_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/integration_tests/simulator"
	"source-microsoft-dataverse/integration_tests/simulator/faults"
)

// secrets are what no output may hold: what the user keeps secret and the service hands out in confidence. Only a STATE
// may hold the tokens of links, because the next read continues from them.
type secrets struct {
	application simulator.Application

	mu    sync.Mutex
	own   map[string]string // by value: what it is
	links map[string]string // the same, of what a STATE may hold
}

// newSecrets makes an application whose values change in each encoding, so that each encoding is another text.
func newSecrets() *secrets {
	s := &secrets{own: map[string]string{}, links: map[string]string{}, application: simulator.Application{
		TenantID: "a17e57ed-7e4a-4a17-9a17-7e4a47a17e4a", ClientID: "c11e47c1-1e47-4c11-9e47-c11e47c11e47",
		Secret: `S3cret~"quoted"\back/+plus&and=100% Zoë<tag>`,
	}}
	s.add("the tenant's id", s.application.TenantID)
	s.add("the application's id", s.application.ClientID)
	s.add("the client secret", s.application.Secret)
	return s
}

func (s *secrets) add(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own[value] = name
}

var linkTokens = regexp.MustCompile(`\$((?:delta|skip)token)=([^&"\\]+)`)

// listen learns the tokens of all requests.
func (s *secrets) listen(server *simulator.Server) {
	server.Inject(faults.Fault{
		Match: faults.Func(func(r *http.Request) bool {
			if _, token, found := strings.Cut(r.Header.Get("Authorization"), "Bearer "); found {
				s.add("an access token", token)
			}
			s.learn(r.URL.RawQuery)
			return false
		}),
	})
}

// learn notes the tokens of the links in a text.
func (s *secrets) learn(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, found := range linkTokens.FindAllStringSubmatch(text, -1) {
		s.links[found[2]] = "a $" + found[1]
	}
}

// in returns the secrets that an output shows, each with its line.
func (s *secrets) in(lines [][]byte) []string {
	for _, line := range lines {
		if isState(line) {
			s.learn(string(line))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	own, all := newNeedles(), newNeedles()
	for value, name := range s.own {
		own.add(name, value)
		all.add(name, value)
	}
	for value, name := range s.links {
		all.add(name, value)
	}
	var found []string
	for _, line := range lines {
		needles := all
		switch {
		case isState(line):
			needles = own
		case bytes.HasPrefix(line, []byte(`{"type":"RECORD"`)): // rows may hold texts of any shape
		default:
			if shape := tokens.Find(line); shape != nil {
				found = append(found, fmt.Sprintf("%q looks like a token: %.300s", shape, line))
			}
		}
		for _, name := range needles.in(line) {
			found = append(found, fmt.Sprintf("%s: %.300s", name, line))
		}
	}
	return found
}

func isState(line []byte) bool { return bytes.HasPrefix(line, []byte(`{"type":"STATE"`)) }

// begins is how many bytes of a needle are looked up. Secrets are longer.
const begins = 8

// needles are the forms of secrets, by their first bytes; those of folded have no upper case.
type needles struct{ exact, folded map[string][]needle }

type needle struct{ text, name string }

func newNeedles() needles { return needles{map[string][]needle{}, map[string][]needle{}} }

func (n needles) add(name, value string) {
	put := func(among map[string][]needle, form string) {
		if len(form) >= begins {
			among[form[:begins]] = append(among[form[:begins]], needle{form, name})
		}
	}
	for _, plain := range []string{value, unescaped(value), unescaped(unescaped(value))} {
		for _, form := range written(plain) {
			put(n.folded, strings.ToLower(form))
		}
		for _, form := range inBase64(plain) {
			put(n.exact, form)
		}
	}
}

// in names the secrets in a text.
func (n needles) in(text []byte) []string {
	found := map[string]bool{}
	look := func(among map[string][]needle, text string) {
		for i := range max(0, len(text)-begins+1) {
			for _, candidate := range among[text[i:i+begins]] {
				if strings.HasPrefix(text[i:], candidate.text) {
					found[candidate.name] = true
				}
			}
		}
	}
	look(n.exact, string(text))
	look(n.folded, strings.ToLower(string(text)))
	return slices.Sorted(maps.Keys(found))
}

// unescaped takes a layer of percent-encoding off.
func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// written are the forms of a value in texts: plain, percent-encoded once and twice, and each of them as JSON writes it,
// in a message and in a text within a message.
func written(value string) []string {
	var forms []string
	for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value), url.QueryEscape(url.QueryEscape(value))} {
		for range 3 {
			forms = append(forms, form, escapedJSON(form, false))
			form = escapedJSON(form, true)
		}
	}
	return forms
}

// escapedJSON is a text as it stands between the quotes of a JSON string.
func escapedJSON(text string, html bool) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(html)
	// strings.Builder does not fail, and a string is always JSON.
	_ = encoder.Encode(text)
	return strings.Trim(strings.TrimSuffix(b.String(), "\n"), `"`)
}

// inBase64 are the forms of a value in base64, at each position in the encoded text.
func inBase64(value string) []string {
	var forms []string
	for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset, first := range []int{0, 2, 3} {
			encoded := coding.EncodeToString(append(make([]byte, offset), value...))
			forms = append(forms, encoded[first:(offset+len(value))*8/6])
		}
	}
	return forms
}

func TestTheSearchForSecretsFindsEachForm(t *testing.T) {
	s := newSecrets()
	token := "1000450%2111%2f21%2f2026%2014%3a00%3a00"
	s.learn("accounts?$select=name&$deltatoken=" + token)
	secret := s.application.Secret
	inJSON, err := json.Marshal(map[string]string{"message": secret})
	assert.NoError(t, err)
	nested, err := json.Marshal(map[string]string{"message": string(inJSON)})
	assert.NoError(t, err)
	for name, text := range map[string]string{
		"plain":                         "x" + secret + "x",
		"as a form has it":              url.Values{"client_secret": {secret}}.Encode(),
		"as a path has it":              url.PathEscape(secret),
		"with small hexadecimal digits": strings.ToLower(url.QueryEscape(secret)),
		"in JSON":                       string(inJSON),
		"in JSON within JSON":           string(nested),
		"in base64":                     base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64 with a name before":  base64.StdEncoding.EncodeToString([]byte("user:" + secret + "\n")),
		"in base64 for urls":            base64.URLEncoding.EncodeToString([]byte("ab" + secret)),
	} {
		t.Run(name, func(t *testing.T) {
			assert.NotEmpty(t, s.in([][]byte{[]byte(text)}))
		})
	}
	t.Run("an id in capitals", func(t *testing.T) {
		assert.NotEmpty(t, s.in([][]byte{[]byte(strings.ToUpper(s.application.TenantID))}))
	})
	t.Run("a link's token, as it came and decoded", func(t *testing.T) {
		assert.NotEmpty(t, s.in([][]byte{[]byte("at " + token)}))
		assert.NotEmpty(t, s.in([][]byte{[]byte("at 1000450!11/21/2026 14:00:00")}))
	})
	t.Run("a state may hold a link's token, and no other secret", func(t *testing.T) {
		assert.Empty(t, s.in([][]byte{[]byte(`{"type":"STATE","link":"$deltatoken=` + token + `"}`)}))
		assert.NotEmpty(t, s.in([][]byte{[]byte(`{"type":"STATE","id":"` + s.application.ClientID + `"}`)}))
	})
	t.Run("nothing where nothing is", func(t *testing.T) {
		assert.Empty(t, s.in([][]byte{[]byte(`{"type":"LOG","log":{"message":"all is well"}}`), {}}))
	})
}
