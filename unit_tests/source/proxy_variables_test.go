package source_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAMalformedProxyVariableIsReported(t *testing.T) {
	e := newEnvironment(t)
	const hidden = "p4ssw0rd"
	for value, valid := range map[string]bool{
		"":                                   true,
		"proxy.example.com:3128":             true,
		"http://proxy.example.com:3128":      true,
		"https://user:" + hidden + "@proxy":  true,
		"user:" + hidden + "@proxy:3128":     true,
		"socks5://127.0.0.1:1080":            true,
		"http://":                            false,
		"http:/proxy.example.com:3128":       false,
		"http//proxy.example.com:3128":       false,
		"ftp://user:" + hidden + "@proxy":    false,
		"http://proxy.example.com:" + hidden: false,
		"http://my proxy:3128":               false,
		"://user:" + hidden + "@proxy":       false,
		":3128":                              false,
	} {
		for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
			t.Run(variable+"="+value, func(t *testing.T) {
				code, o := e.run(t, "check", process{env: map[string]string{variable: value}})
				if valid {
					assert.Equal(t, 0, code)
					assert.Contains(t, o.text, "SUCCEEDED")
					return
				}
				assertRefused(t, code, o, "The environment variable "+variable+" does not hold the address of a proxy", "or unset it")
				assert.NotContains(t, strings.ToLower(o.text), hidden)
			})
		}
	}
}

func TestAMalformedHTTPProxyIsIgnored(t *testing.T) {
	e := newEnvironment(t)
	for _, variable := range []string{"HTTP_PROXY", "http_proxy"} {
		code, o := e.run(t, "check", process{env: map[string]string{variable: "http:/proxy.example.com"}})
		assert.Equal(t, 0, code)
		assert.Contains(t, o.text, "SUCCEEDED", "all requests use HTTPS")
	}
}
