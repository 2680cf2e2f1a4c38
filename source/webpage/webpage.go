// Package webpage recognizes web pages among the responses of a service that sends JSON. A proxy, a firewall, a captive
// portal or a sign-in page sends them in place of the service, and their titles often name the cause.
package webpage

import (
	"html"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// maxTitle is the length of a title in characters, beyond which it is cut off.
const maxTitle = 100

// Page is a web page, or a redirect, that came in place of a response. The zero value is neither.
type Page struct {
	HTML     bool
	Title    string // of the page, on one line; "" if it does not have one
	Redirect string // host to which the response redirects; "" if it does not
}

// Of returns the page that a response with this body is. The body may be cut off.
func Of(response *http.Response, body []byte) Page {
	page := Page{Redirect: redirect(response)}
	if isHTML(response.Header.Get("Content-Type"), body) {
		page.HTML, page.Title = true, title(body)
	}
	return page
}

// String is the page as a part of a sentence, "" for the zero value.
func (p Page) String() string {
	switch {
	case p.Redirect != "":
		return "a redirect to " + p.Redirect
	case p.Title != "":
		return "a web page with the title " + strconv.Quote(p.Title)
	case p.HTML:
		return "a web page"
	default:
		return ""
	}
}

// redirect returns the host that a response redirects to. An address without a host is one of the same host.
func redirect(response *http.Response) string {
	if response.StatusCode < http.StatusMultipleChoices || response.StatusCode >= http.StatusBadRequest {
		return ""
	}
	to, err := url.Parse(response.Header.Get("Location"))
	switch {
	case err != nil:
		return ""
	case to.Host == "" && to.Path != "":
		return "another page of the same host"
	default:
		return to.Hostname()
	}
}

// isHTML reports whether a body is HTML, by its media type or by how it begins.
func isHTML(contentType string, body []byte) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err == nil && (media == "text/html" || media == "application/xhtml+xml") {
		return true
	}
	return strings.HasPrefix(http.DetectContentType(body), "text/html")
}

// titled matches a title, which has no elements in it (HTML standard, 4.2.2).
var titled = regexp.MustCompile(`(?i)<title(?:\s[^>]*)?>([^<]*)`)

// title returns the title of a page on one line.
func title(body []byte) string {
	found := titled.FindSubmatch(body)
	if found == nil {
		return ""
	}
	text := strings.ToValidUTF8(html.UnescapeString(string(found[1])), "")
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	runes := []rune(strings.Join(words, " "))
	if len(runes) > maxTitle {
		return string(runes[:maxTitle]) + "..."
	}
	return string(runes)
}
