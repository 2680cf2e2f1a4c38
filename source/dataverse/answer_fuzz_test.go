package dataverse

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

func FuzzRefusal(f *testing.F) {
	f.Add(`{"error":{"code":"0x80060888","message":"Could not find a property named 'x' on type 'Microsoft.Dynamics.CRM.y'."}}`, 400, "$deltatoken=9%21", "token")
	f.Add(`{"error":{"code":"0x80040220","message":"is missing prvReadincident privilege, 9!"}}`, 403, "$skiptoken=%253c", "")
	f.Add(`{"error":`, 500, "%zz", "x")
	f.Add("<html>", 302, "", "")
	f.Fuzz(func(t *testing.T, body string, status int, query, token string) {
		request := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{"Authorization": {"Bearer " + token}}}
		e := newAPIError(&http.Response{StatusCode: status, Header: http.Header{}, Request: request}, strings.NewReader(body))
		if e.Code != strings.ToLower(e.Code) {
			t.Fatalf("the code %q is not in lower case", e.Code)
		}
		property, _ := e.MissingProperty()
		if !strings.Contains(e.Message, property) || !strings.Contains(e.Message, e.MissingPrivilege()) || !strings.Contains(e.Error(), e.Message) {
			t.Fatalf("%q is told as %q", e.Message, e.Error())
		}
		if len(token) > 3 && !strings.Contains(token, ".") && strings.Contains(e.Message, token) {
			t.Fatalf("%q shows the token %q", e.Message, token)
		}
		_ = e.Temporary()
	})
}

// collected is a sink that keeps nothing.
type collected struct{ rows int }

func (c *collected) Begin(context.Context, time.Time) error {
	c.rows = 0
	return nil
}

func (c *collected) Void() {}

func (c *collected) Row(d *jsontext.Decoder) error {
	c.rows++
	return d.SkipValue()
}

func FuzzPage(f *testing.F) {
	f.Add(`{"@odata.context":"c","@odata.nextLink":"https://contoso.example/api/data/v9.2/a?$skiptoken=x","value":[{"a":1},{"id":"1","reason":"deleted"}]}`)
	f.Add(`{"value":[],"@odata.deltaLink":"https://evil.example/api/data/v9.2/a"}`)
	f.Add(`{"value":null}`)
	f.Add(`{"value":[{}`)
	f.Add(`{"value":[],"value":[1]}`)
	c := New("https://contoso.example", nil, nil, Options{})
	f.Fuzz(func(t *testing.T, body string) {
		sink := &collected{}
		page, err := c.scanPage(context.Background(), &http.Response{Header: http.Header{}}, io.MultiReader(strings.NewReader(body)), sink)
		var broken *BrokenAnswerError
		switch {
		case err == nil && !json.Valid([]byte(body)):
			t.Fatalf("%q passed for a page of %d rows", body, sink.rows)
		case err == nil && strings.HasPrefix(string(page.Next), "/"):
			t.Fatalf("the link %q leads out of the API", page.Next)
		case err != nil && !errors.As(err, &broken) && !errors.Is(err, ErrForeignLink):
			t.Fatalf("%q made an error without a type: %v", body, err)
		case err != nil && page != Page{}:
			t.Fatalf("%q failed and left %v", body, page)
		}
	})
}
