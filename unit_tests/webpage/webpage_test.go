package webpage_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"source-microsoft-dataverse/source/webpage"
)

func TestAPageIsDescribedByItsTitleOrItsTarget(t *testing.T) {
	for name, example := range map[string]struct {
		status                  int
		media, body, to, expect string
	}{
		"JSON":                    {200, "application/json", `{"title":"<title>x</title>"}`, "", ""},
		"an empty body":           {503, "", "", "", ""},
		"a title":                 {200, "text/html; charset=utf-8", "<html><head><title>Sign in</title>", "", `a web page with the title "Sign in"`},
		"a title on lines":        {403, "text/html", "<HTML><TITLE lang=en>\r\n  Access \t denied\n</TITLE>", "", `a web page with the title "Access denied"`},
		"entities in a title":     {403, "text/html", "<title>R&amp;D &lt;blocked&gt;</title>", "", `a web page with the title "R&D <blocked>"`},
		"a page without a title":  {403, "text/html", "<h1>No</h1>", "", "a web page"},
		"a title that never ends": {403, "text/html", "<title>Sign", "", `a web page with the title "Sign"`},
		"a tag that never ends":   {403, "text/html", "<title", "", "a web page"},
		"no media type":           {502, "", "<!DOCTYPE html><title>Bad gateway</title>", "", `a web page with the title "Bad gateway"`},
		"the wrong media type":    {200, "application/json", "\n<html><title>Portal</title>", "", `a web page with the title "Portal"`},
		"a long title":            {200, "text/html", "<title>" + strings.Repeat("é", 200), "", `a web page with the title "` + strings.Repeat("é", 100) + `..."`},
		"a redirect":              {302, "text/html", "<title>Moved</title>", "https://login.example.com:8443/a?token=secret", "a redirect to login.example.com"},
		"a redirect on one host":  {302, "", "", "/sign-in?token=secret", "a redirect to another page of the same host"},
		"a redirect to nowhere":   {302, "", "", "", ""},
		"a location of a page":    {200, "text/html", "<title>A</title>", "https://login.example.com", `a web page with the title "A"`},
		"an invalid location":     {302, "", "", "https://[::1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			response := &http.Response{StatusCode: example.status, Header: http.Header{}}
			response.Header.Set("Content-Type", example.media)
			response.Header.Set("Location", example.to)
			assert.Equal(t, example.expect, webpage.Of(response, []byte(example.body)).String())
		})
	}
}
