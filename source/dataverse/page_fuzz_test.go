package dataverse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
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
	f.Add(`{"error":{"code":-2147220970,"message":{"lang":"en","value":"no"}}}`, 400, "", "")
	f.Add(`{"odata.error":"no","Message":"n"}`, 400, "", "")
	f.Fuzz(func(t *testing.T, body string, status int, query, token string) {
		request := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{"Authorization": {"Bearer " + token}}}
		e := newAPIError(&http.Response{StatusCode: status, Header: http.Header{}, Request: request}, strings.NewReader(body))
		if e.Code != "" && !hexCode.MatchString(e.Code) {
			t.Fatalf("the code %q is no code of Dataverse", e.Code)
		}
		if e.Inconclusive() && !e.Temporary() {
			t.Fatalf("%v is inconclusive and for good", e)
		}
		if !strings.Contains(e.Message, e.MissingProperty()) || !strings.Contains(e.Message, e.MissingPrivilege()) || !strings.Contains(e.Error(), e.Message) {
			t.Fatalf("%q is worded as %q", e.Message, e.Error())
		}
		if len(token) > 3 && !strings.Contains(token, ".") && strings.Contains(e.Message, token) {
			t.Fatalf("%q shows the token %q", e.Message, token)
		}
		_ = e.Temporary()
	})
}

// collected is a sink that keeps the rows.
type collected struct {
	rows  []string
	skims bool
}

func (c *collected) Begin(context.Context, time.Time) error {
	c.rows = nil
	return nil
}

func (c *collected) Discard() {}

// FastRow takes objects, but not each third row.
func (c *collected) FastRow(text []byte) int {
	if !c.skims || len(c.rows)%3 == 2 || c.Row(newDecoder(bytes.NewReader(text))) != nil {
		return 0
	}
	return len(c.rows[len(c.rows)-1])
}

func (c *collected) Row(d *jsontext.Decoder) error {
	row, err := d.ReadValue()
	if err == nil {
		c.rows = append(c.rows, string(row))
	}
	return err
}

func FuzzPage(f *testing.F) {
	f.Add(`{"@odata.context":"c","@odata.nextLink":"https://contoso.example/api/data/v9.2/a?$skiptoken=x","value":[{"a":1},{"id":"1","reason":"deleted"}]}`)
	f.Add(`{"value":[],"@odata.deltaLink":"https://evil.example/api/data/v9.2/a"}`)
	f.Add(`{"value":null}`)
	f.Add(`{"value":[],"error":{"code":"0x80040216","message":"no"}}`)
	f.Add(`{"@Microsoft.Dynamics.CRM.morerecords":true,"value":[],"@nextLink":"x"}`)
	f.Add(`{"value":[{}`)
	f.Add(`{"value":[],"value":[1]}`)
	f.Add(`{"value":[]}0`)
	f.Add(`{"value":[{"a":",{\""},{"b":[{"c":1},{"d":2}]},{"e":1} ,{"f":1},[],{"g":2},{"h":3}],"x":[{"i":1},{"j":1}]}`)
	f.Add(`{"value":[{"a":1},  ,{"b":1}{"c":1}]}`)
	f.Add(`{"value":[{"a":1},{"b":1},{"c":1},{"d":1},,{"e":1}]}`)
	f.Add(`{"value":[{"a":1},{"b":1}],{"c":1}}`)
	c := New("https://contoso.example", nil, nil, Options{})
	f.Fuzz(func(t *testing.T, body string) {
		scan := func(sink *collected) (Page, error) {
			response := &http.Response{Header: http.Header{"Date": {"Fri, 21 Nov 2025 10:11:12 GMT"}}}
			return c.scanPage(context.Background(), response, io.MultiReader(strings.NewReader(body)), sink)
		}
		sink, skimming := &collected{}, &collected{skims: true}
		page, err := scan(sink)
		skimmed, skimErr := scan(skimming)
		if page != skimmed || (err == nil) != (skimErr == nil) || err == nil && !slices.Equal(sink.rows, skimming.rows) {
			t.Fatalf("%q has the rows %q, skimmed %q; %v, %v", body, sink.rows, skimming.rows, err, skimErr)
		}
		var broken *BrokenResponseError
		switch {
		case err == nil && !json.Valid([]byte(body)):
			t.Fatalf("%q passed for a page of %d rows", body, len(sink.rows))
		case err == nil && strings.HasPrefix(string(page.Next), "/"):
			t.Fatalf("the link %q leads out of the API", page.Next)
		case err != nil && !errors.As(err, &broken) && !errors.Is(err, ErrLinkOutside):
			t.Fatalf("%q made an error without a type: %v", body, err)
		case err != nil && page != Page{}:
			t.Fatalf("%q failed and left %v", body, page)
		}
	})
}
